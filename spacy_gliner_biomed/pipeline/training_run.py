"""A training run that can be resumed after an interruption, built from parts of `spacy train`."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from spacy import util
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example, loop
from thinc.api import fix_random_seed

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.training_state import (
    random_state,
    read_state,
    restore_random_state,
    write_state,
)
from spacy_gliner_biomed.pipeline.component import GlinerBiomed

STATE_NAME = "training-state.pt"
RECORDED = ("score", "other_scores", "losses", "words", "seconds")
# Settings that may change when a run is resumed; a change of any other would be another run.
MAY_CHANGE = ("paths.", "system.", "training.max_steps", "training.patience", "training.logger.")


class TrainingRun:
    """Trains an initialized pipeline as `spacy train` does, and saves the state of the training at
    each evaluation.

    A resumed run draws the batches of the completed steps again, without training on them, so that
    the data comes in the order of an uninterrupted run.

    nlp (Language): The pipeline, with its config.
    output (Path): Gets `model-best`, `model-last` and the state.
    RAISES (ValueError): If a trained component's state cannot be saved.
    """

    def __init__(self, nlp: Language, output: Path) -> None:
        self.nlp = nlp
        self.output = output
        self.state_path = output / STATE_NAME
        self.config = nlp.config.interpolate()
        if self.config["training"]["seed"] is not None:
            fix_random_seed(self.config["training"]["seed"])
        resolve = util.registry.resolve
        self.settings = resolve(self.config["training"], schema=ConfigSchemaTraining)
        self.components = _trained_components(nlp, self.settings["frozen_components"])
        self.records: list[dict[str, Any]] = []

    def run(self, stdout: IO[str], stderr: IO[str]) -> Path:
        """Train to the end.

        stdout, stderr (IO[str]): For the logger that the config names.
        RETURNS (Path): The last model.
        RAISES (ValueError): If the saved state is broken, or of another config.
        """
        state = self._restore()
        if not state:
            loop.clean_output_dir(self.output)
        with self._unfrozen():
            log_step, finish = self.settings["logger"](self.nlp, stdout, stderr)
        try:
            for info, is_best in self._steps(state):
                log_step(info if is_best is not None else None)
        finally:
            finish()
            self._save_last()
        return self.output / loop.DIR_MODEL_LAST

    def _steps(self, state: dict[str, Any] | None) -> Iterator[tuple[dict[str, Any], bool | None]]:
        """Take the steps; those of the saved state are only reported again."""
        n_taken = state["n_taken"] if state else 0
        recorded = iter(tuple(self.records))
        for _, info, is_best in self._spacy_steps(n_taken):
            if info["step"] >= n_taken:
                if is_best is not None:
                    self._keep(info, is_best)
            elif is_best is not None:
                info.update(next(recorded))
            if state and info["step"] == n_taken - 1:
                restore_random_state(state["random"])
            yield info, is_best

    def _spacy_steps(self, n_taken: int) -> Iterator[tuple[Any, dict[str, Any], bool | None]]:
        settings = self.settings
        names = [settings["train_corpus"], settings["dev_corpus"]]
        train_corpus, dev_corpus = util.resolve_dot_names(self.config, names)
        batches = loop.create_train_batches(
            self.nlp, train_corpus, settings["batcher"], settings["max_epochs"]
        )
        evaluate = loop.create_evaluation_callback(self.nlp, dev_corpus, settings["score_weights"])
        steps: Iterator[tuple[Any, dict[str, Any], bool | None]] = loop.train_while_improving(
            self.nlp,
            settings["optimizer"],
            _skip_batches(batches, n_taken),
            self._replay_scores(evaluate),
            dropout=settings["dropout"],
            accumulate_gradient=settings["accumulate_gradient"],
            patience=settings["patience"],
            max_steps=settings["max_steps"],
            eval_frequency=settings["eval_frequency"],
            exclude=settings["frozen_components"],
            annotating_components=settings["annotating_components"],
            before_update=settings["before_update"],
        )
        return steps

    def _replay_scores(self, evaluate: Callable[[], Any]) -> Callable[[], Any]:
        """Return an evaluation that first gives the recorded scores, one a call."""
        recorded = iter(tuple(self.records))

        def evaluate_or_replay() -> Any:
            record = next(recorded, None)
            return (record["score"], record["other_scores"]) if record else evaluate()

        return evaluate_or_replay

    def _keep(self, info: dict[str, Any], is_best: bool) -> None:
        """Save models as `spacy train` does, then the state: if it exists, so do they."""
        with self._unfrozen():
            loop.update_meta(self.settings, self.nlp, info)
            self._remove_unscored(info["other_scores"])
        self._save_last()
        info["output_path"] = str(self.output / loop.DIR_MODEL_LAST)
        if is_best:
            best = self.output / loop.DIR_MODEL_BEST
            shutil.rmtree(best, ignore_errors=True)
            shutil.copytree(self.output / loop.DIR_MODEL_LAST, best)
        self.records.append({key: info[key] for key in RECORDED})
        state = {
            "n_taken": info["step"] + 1,
            "records": json.dumps(self.records),
            "config": _comparable(self.config),
            "components": {name: pipe.training_state() for name, pipe in self.components.items()},
            "random": random_state(),
        }
        write_state(state, self.state_path)

    def _remove_unscored(self, scores: Mapping[str, Any]) -> None:
        """Remove the scores that spaCy gives as 0, although there was no gold for them, from what
        a package publishes.
        """
        performance = self.nlp.meta["performance"]
        for name in self.settings["score_weights"]:
            if name not in scores:
                del performance[name]

    def _restore(self) -> dict[str, Any] | None:
        if not self.state_path.exists():
            return None
        state = read_state(self.state_path)
        then, now = state["config"], _comparable(self.config)
        changed = [key for key in {**then, **now} if then.get(key) != now.get(key)]
        if changed:
            found = ", ".join(sorted(changed))
            raise ValueError(Errors.E065.format(path=self.state_path, found=found))
        self.records = json.loads(state["records"])
        for name, pipe in self.components.items():
            pipe.restore_training_state(state["components"][name])
        return state

    def _save_last(self) -> None:
        nlp = loop.create_before_to_disk_callback(self.settings["before_to_disk"])(self.nlp)
        nlp.to_disk(self.output / loop.DIR_MODEL_LAST)

    def _unfrozen(self) -> Any:
        return self.nlp.select_pipes(disable=self.settings["frozen_components"])


def _skip_batches(
    batches: Iterator[tuple[int, list[Example]]], n_taken: int
) -> Iterator[tuple[int, list[Example]]]:
    """Yield the batches, the first ones without examples: spaCy does not update on those."""
    for step, (epoch, batch) in enumerate(batches):
        yield epoch, ([] if step < n_taken else batch)


def _trained_components(nlp: Language, frozen: list[str]) -> dict[str, GlinerBiomed]:
    trained = {}
    for name, pipe in nlp.pipeline:
        if isinstance(pipe, GlinerBiomed) and name not in frozen:
            trained[name] = pipe
        elif getattr(pipe, "is_trainable", False) and name not in frozen:
            raise ValueError(Errors.E066.format(name=name))
    return trained


def _comparable(config: dict[str, Any]) -> dict[str, str]:
    """Return the settings that a training depends on, as strings by dotted name."""
    values = util.dict_to_dot(config)
    return {
        key: json.dumps(value) for key, value in values.items() if not key.startswith(MAY_CHANGE)
    }

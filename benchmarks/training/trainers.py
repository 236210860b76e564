"""Speed and memory of training beside the GLiNER package's own trainer.

    python -m benchmarks.training.trainers --checkpoint FOLDER --corpora FOLDER [--corpus bc5cdr]

Both start from the same checkpoint and see the same windows in batches of the same size, in the
same precision, with all labels of the corpus. They run in turns, in processes of their own.
Windows per second are those of the steps after the first three.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.common import (
    CONFIGS,
    child_environment,
    make_parser,
    module_command,
    peak_mib,
    write_results,
)

N_WARM = 3  # steps that are not counted
MARK = "RESULT "
SIDES = ("gliner", "spacy_gliner_biomed")
FOCAL = {"focal_loss_alpha": 0.75, "focal_loss_gamma": 2.0}


def windows(arguments: argparse.Namespace) -> list[Any]:
    """Cut as many windows of whole sentences of the corpus as the steps need."""
    from spacy_gliner_biomed.training.readers import read_corpus
    from spacy_gliner_biomed.training.text_windows import cut_sentences

    rng = random.Random(0)
    texts = read_corpus(arguments.corpora, arguments.corpus, ["train"])
    cut = [part for text in texts for part in cut_sentences(text, 4, 120, rng)]
    rng.shuffle(cut)
    needed = arguments.batch_size * (arguments.steps + 1)
    return list(islice(cut, needed))


def run_gliner(arguments: argparse.Namespace) -> list[float]:
    """Train with the GLiNER package. RETURNS (list[float]): The time at the end of each step."""
    import gliner.model as upstream
    import torch
    from gliner import GLiNER
    from transformers import TrainerCallback

    times: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            times.append(time.perf_counter())

    torch.manual_seed(0)
    model = GLiNER.from_pretrained(str(arguments.checkpoint), local_files_only=True)
    trainer_class, _ = upstream._get_trainer_classes()
    with tempfile.TemporaryDirectory() as folder:
        args = model.create_training_args(
            output_dir=folder,
            max_steps=arguments.steps,
            per_device_train_batch_size=arguments.batch_size,
            learning_rate=1e-5,
            bf16=arguments.precision == "bfloat16",
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            dataloader_num_workers=0,
            **FOCAL,
        )
        trainer = trainer_class(
            model=model,
            args=args,
            train_dataset=[as_gliner(window) for window in windows(arguments)],
            data_collator=model._create_data_collator(),
            processing_class=model.data_processor.transformer_tokenizer,
            callbacks=[Clock()],
        )
        trainer.train()
    return times


def as_gliner(window: Any) -> dict[str, Any]:
    """Return a window in GLiNER's form, with the words that GLiNER itself would split."""
    from spacy_gliner_biomed.tokenization.words import split_words
    from spacy_gliner_biomed.training.gold import word_spans

    words = split_words(window.text, "whitespace")
    spans, _ = word_spans(window.spans, words, 12)
    pieces = [window.text[a:b] for a, b in zip(words.starts, words.ends, strict=True)]
    ner = [[start, end - 1, label] for start, end, label in spans]
    return {"tokenized_text": pieces, "ner": ner, "ner_negatives": list(window.annotated)}


def run_spacy_gliner_biomed(arguments: argparse.Namespace) -> list[float]:
    """Train with `spacy train`. RETURNS (list[float]): The time at the start of each step."""
    import spacy
    from spacy.cli.train import train
    from spacy.tokens import DocBin

    from spacy_gliner_biomed.training.corpora import gold_doc

    times: list[float] = []

    @spacy.registry.callbacks("clock.v1")
    def make_clock() -> Any:
        return lambda nlp, info: times.append(time.perf_counter())

    nlp = spacy.blank("en")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.spacy"
        DocBin(docs=[gold_doc(nlp, window, "sc") for window in windows(arguments)]).to_disk(path)
        few = DocBin(docs=[gold_doc(nlp, windows(arguments)[0], "sc")])
        few.to_disk(Path(folder) / "dev.spacy")
        overrides = {
            "paths.train": str(path),
            "paths.dev": str(Path(folder) / "dev.spacy"),
            "paths.checkpoint": str(arguments.checkpoint),
            "components.gliner_biomed.precision": arguments.precision,
            "components.gliner_biomed.tuning.freeze_embeddings": False,
            "components.gliner_biomed.label_sampler.all_negatives": 1.0,
            "training.before_update": {"@callbacks": "clock.v1"},
            "training.batcher": {
                "@batchers": "spacy.batch_by_sequence.v1",
                "size": arguments.batch_size,
            },
            "training.max_steps": arguments.steps,
            "training.eval_frequency": 10 * arguments.steps,
        }
        train(CONFIGS / "few_shot.cfg", Path(folder) / "out", overrides=overrides)
    return times


def run_side(arguments: argparse.Namespace) -> dict[str, float]:
    """Train with one of the trainers, in this process.

    arguments (argparse.Namespace): The command line.
    RETURNS (dict[str, float]): Windows per second and peak memory.
    """
    run = {"gliner": run_gliner, "spacy_gliner_biomed": run_spacy_gliner_biomed}[arguments.side]
    times = run(arguments)
    n_steps = len(times) - 1 - N_WARM
    return {
        "windows_per_second": n_steps * arguments.batch_size / (times[-1] - times[N_WARM]),
        "peak_mib": peak_mib(),
    }


def compare(argv: Sequence[str], repeats: int) -> dict[str, Any]:
    """Run both trainers in turns.

    argv (Sequence[str]): The command line.
    repeats (int): How often each is run.
    RETURNS (dict[str, Any]): Medians by trainer, and the ratio of their speeds.
    """
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(repeats):
        for side in SIDES:
            command = module_command("training.trainers", *argv, "--side", side)
            printed = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=child_environment()
            ).stdout
            line = next(line for line in printed.splitlines() if line.startswith(MARK))
            found[side].append(json.loads(line.removeprefix(MARK)))
    summary: dict[str, Any] = {
        side: {key: round(statistics.median(run[key] for run in runs), 1) for key in runs[0]}
        for side, runs in found.items()
    }
    theirs, ours = (summary[side]["windows_per_second"] for side in SIDES)
    return {**summary, "ratio": round(ours / theirs, 2)}


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, run both trainers in turns, print medians and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--corpus", default="bc5cdr")
    parser.add_argument("--precision", default="bfloat16", choices=["float32", "bfloat16"])
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.side:
        print(MARK + json.dumps(run_side(arguments)))
        return
    summary = compare(sys.argv[1:] if argv is None else argv, arguments.repeats)
    print(json.dumps(summary, indent=2))
    del arguments.side
    write_results(arguments.output, summary, arguments)


if __name__ == "__main__":
    main()

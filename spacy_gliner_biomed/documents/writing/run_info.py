"""What predicts the entities of a run, for people who read its output."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language

from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.relation_settings import RelationSpec
from spacy_gliner_biomed.types import LabelSpec


@dataclass(frozen=True)
class RunInfo:
    """What predicts the entities of a run.

    model (str): The checkpoint; empty if it is not known.
    pipeline (str): Name and version of a saved pipeline; empty for one that was made for the run.
    threshold (float | None): The threshold of labels without their own; None without the component.
    labels (Sequence[LabelSpec]): The labels, with their prompts and thresholds.
    relations (Sequence[RelationSpec]): The relations between entities.
    """

    model: str = ""
    pipeline: str = ""
    threshold: float | None = None
    labels: Sequence[LabelSpec] = ()
    relations: Sequence[RelationSpec] = ()

    @property
    def lowest(self) -> float:
        """The lowest threshold of a label or relation; nothing that is found has a lower score."""
        specs: list[LabelSpec | RelationSpec] = [*self.labels, *self.relations]
        own = [spec.threshold for spec in specs if spec.threshold is not None]
        return min([*own, self.threshold or 0.0])


def describe_run(nlp: Language, gliner: GlinerBiomed | None) -> RunInfo:
    """Describe a pipeline.

    nlp (Language): The pipeline.
    gliner (GlinerBiomed | None): Its component.
    RETURNS (RunInfo): The description.
    """
    meta = nlp.meta
    named = meta["name"] != "pipeline"  # spaCy's default
    pipeline = f"{meta['lang']}_{meta['name']} {meta['version']}" if named else ""
    if gliner is None:
        return RunInfo(pipeline=pipeline)
    config = nlp.config["components"].get(gliner.name, {}).get("model", {})
    settings = gliner.settings()
    return RunInfo(
        model=_model_name(config),
        pipeline=pipeline,
        threshold=gliner.default_threshold,
        labels=settings.labels,
        relations=settings.relations,
    )


def _model_name(config: dict[str, Any]) -> str:
    """Return a checkpoint's name; of a folder only the last part, because pages are shared."""
    checkpoint, revision = str(config.get("checkpoint") or ""), config.get("revision")
    if checkpoint == "packaged":
        return "the packaged model"
    name = Path(checkpoint).name if Path(checkpoint).exists() else checkpoint
    return f"{name} ({revision})" if revision else name

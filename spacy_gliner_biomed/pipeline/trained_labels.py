"""Adds the labels of the training data to a checkpoint's catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from spacy_gliner_biomed.models.catalogue import TrainedLabel
from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.training.gold import Gold
from spacy_gliner_biomed.types import LabelSpec

FAMILY = "own training data"
EXAMPLES = 3  # mentions of a label


def add_trained_labels(
    checkpoint: Checkpoint, golds: Iterable[tuple[str, Gold]], specs: Sequence[LabelSpec]
) -> None:
    """Add the labels of entities in the training data, so that they are not called unfamiliar.

    A checkpoint without a catalogue gets none, because the labels that it had before are not known.

    checkpoint (Checkpoint): Its catalogue is replaced.
    golds (Iterable[tuple[str, Gold]]): Texts with their gold entities.
    specs (Sequence[LabelSpec]): The component's labels with their prompts.
    """
    if not checkpoint.catalogue.labels:
        return
    mentions = defaultdict[str, list[str]](list)
    for text, gold in golds:
        for start, end, label in gold.spans:
            mentions[label].append(text[start:end])
    added = [
        TrainedLabel(
            label=spec.prompt,
            family=FAMILY,
            prompt_variants=[] if spec.label == spec.prompt else [spec.label],
            examples=list(dict.fromkeys(mentions[spec.label]))[:EXAMPLES],
            mentions=len(mentions[spec.label]),
        )
        for spec in specs
        if mentions[spec.label]
    ]
    checkpoint.catalogue = checkpoint.catalogue.with_labels(added)

"""What the component does to train relations: a step of its network, and checks of the data."""

from collections.abc import Callable, Sequence
from typing import Any

from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.pipeline.reports import Reports
from spacy_gliner_biomed.training.gold import Gold
from spacy_gliner_biomed.training.prompt_forms import relation_with_words
from spacy_gliner_biomed.training.training_rows import TrainingRow
from spacy_gliner_biomed.types import FloatArray, RelatedLogits

# For each row, the logits of entities, or of entities and relations; or their gradients.
Outputs = Sequence[FloatArray | RelatedLogits]


def begin_rows(
    model: GlinerModel, rows: Sequence[TrainingRow]
) -> tuple[Outputs, Callable[[Any], Any]]:
    """Compute the logits of training rows, with the model's dropout.

    model (GlinerModel): The component's.
    rows (Sequence[TrainingRow]): At least one row.
    RETURNS (tuple[Outputs, Callable]): The logits, with those of relations if the network has some;
        and a function that gets their gradients.
    """
    inputs = [row.row for row in rows]
    spans = [row.relations.spans for row in rows if row.relations is not None]
    if len(spans) < len(rows):
        return model.begin_update(inputs)
    return network_shim(model).begin_related(inputs, spans, model.attrs["dropout_rate"])


def choose_relations(
    golds: Sequence[Gold],
    relations: Sequence[Any],
    *,
    trainable: bool,
    component: str,
    reports: Reports,
) -> list[Any]:
    """Return the relations to train: the component's, or those of the data if it has none.

    golds (Sequence[Gold]): The training data.
    relations (Sequence[Any]): The component's setting.
    trainable (bool): Whether the checkpoint finds relations.
    component (str): The component's name.
    reports (Reports): Warns once about data from which no relations can be learned.
    RETURNS (list[Any]): The setting.
    """
    found = {label: None for gold in golds for label in gold.annotated_relations or ()}
    found |= {label: None for gold in golds for *_, label in gold.relations or ()}
    values = {"component": component, "n": len(golds)}
    if found and not trainable:
        reports.warn_once("relations_ignored", Warnings.W351.format(**values))
        return list(relations)
    if not relations:
        return [relation_with_words(label) for label in found]
    if all(gold.relations is None for gold in golds):
        reports.warn_once("without_relations", Warnings.W352.format(**values))
    return list(relations)

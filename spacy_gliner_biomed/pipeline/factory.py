"""The factory of `nlp.add_pipe("gliner_biomed")`, and its default config."""

from collections.abc import Callable
from typing import Any, Literal

from spacy.language import Language
from thinc.api import Config, Model

from spacy_gliner_biomed.common.saving import PipelineConfig
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.pipeline.annotation import EntsFilter
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.training.loss import FocalLoss
from spacy_gliner_biomed.training.relation_sampling import RelationSampler
from spacy_gliner_biomed.training.training_rows import Sampler

DEFAULT_CONFIG = """
[gliner_biomed]
threshold = 0.5
spans_key = "sc"
annotate_ents = true
overwrite = false
overlap = "flat"
multi_label = false
alignment = "expand"
window = null
stride = null
batch_subtokens = 4096
device = null
precision = "float32"
relations = []
relation_loss = null
scorer = {"@scorers": "spacy-gliner-biomed.ner_scorer.v1"}

[gliner_biomed.ents_filter]
@misc = "spacy-gliner-biomed.best_score_filter.v1"

[gliner_biomed.loss]
@losses = "spacy-gliner-biomed.FocalLoss.v1"
alpha = 0.75
gamma = 2.0
prob_margin = 0.0
label_smoothing = 0.0
reduction = "sum"

[gliner_biomed.label_sampler]
@misc = "spacy-gliner-biomed.LabelSampler.v1"
max_labels = 24
negatives = 8
all_negatives = 0.3
drop = 0.0
vary = 0.3
wordings = null
seed = 0

[gliner_biomed.relation_sampler]
@misc = "spacy-gliner-biomed.RelationSampler.v1"
max_relations = 12
negatives = 4
all_negatives = 0.5
drop = 0.0
negative_pairs = null
related = "positives"
seed = 0

[gliner_biomed.tuning]
@misc = "spacy-gliner-biomed.Tuning.v1"
freeze_embeddings = false
freeze_layers = 0
lora_rank = 0
lora_alpha = 16

[gliner_biomed.model]
@architectures = "spacy-gliner-biomed.GLiNER.v1"
checkpoint = "packaged"
revision = null
"""


@Language.factory(
    "gliner_biomed",
    assigns=["doc.ents", "doc.spans", "doc._.relations", "token.ent_iob", "token.ent_type"],
    default_config={
        "labels": DEFAULT_LABELS,
        **Config().from_str(DEFAULT_CONFIG)["gliner_biomed"],
    },
    default_score_weights={
        "spans_sc_f": 1.0,
        "spans_sc_p": 0.0,
        "spans_sc_r": 0.0,
        "spans_sc_overlap_f": 0.0,
    },
)
def make_gliner_biomed(
    nlp: Language,
    name: str,
    labels: Any,  # checked by `settings.Settings`, whose messages say what to do
    threshold: float | None,
    spans_key: str,
    annotate_ents: bool,
    overwrite: bool,
    overlap: Literal["flat", "nested"],
    multi_label: bool,
    alignment: Literal["expand", "contract", "split", "strict"],
    window: int | None,
    stride: int | None,
    batch_subtokens: int,
    device: str | None,
    precision: Literal["auto", "float32", "bfloat16", "float16"],
    relations: list[str | dict[str, Any]],
    ents_filter: EntsFilter,
    scorer: Callable[..., dict[str, Any]] | None,
    loss: FocalLoss,
    label_sampler: Sampler,
    relation_loss: FocalLoss | None,
    relation_sampler: RelationSampler,
    tuning: Tuning,
    model: Model[Any, Any],
) -> GlinerBiomed:
    """Make the component.

    labels, relations, threshold, spans_key, annotate_ents, overwrite: See `settings.Settings`.
    overlap, multi_label, alignment, window, stride, batch_subtokens, device, precision: See
        `settings.Settings`, too.
    ents_filter (EntsFilter): Selects the entities of `doc.ents` from earlier and new ones.
    scorer (Callable | None): The scorer of `nlp.evaluate`.
    loss (FocalLoss): Computes the loss and the gradient of a training row, see `training.loss`.
    label_sampler (Sampler): Selects the labels of a training row, see `training.sampling`.
    relation_loss (FocalLoss | None): As `loss`, for relations; None for the same.
    relation_sampler (RelationSampler): Selects the relations and the pairs of a training row, see
        `training.relation_sampling`.
    tuning (Tuning): Selects the weights to train, see `models.tuning`.
    model (Model): Computes logits from rows, see `models.gliner.GLiNER_v1`.
    RETURNS (GlinerBiomed): The component.
    RAISES (ValueError): If a value is not allowed.
    """
    given = locals()  # the settings have the names of the arguments
    return GlinerBiomed(
        nlp.vocab,
        model,
        name,
        cfg={setting: given[setting] for setting in Settings.__dataclass_fields__},
        ents_filter=ents_filter,
        scorer=scorer,
        loss=loss,
        label_sampler=label_sampler,
        tuning=tuning,
        relation_loss=relation_loss,
        relation_sampler=relation_sampler,
        pipeline_config=PipelineConfig(nlp),
    )

"""The factory that `nlp.add_pipe("gliner_biomed")` calls; its defaults are config text."""

from collections.abc import Callable
from typing import Any, Literal

from spacy.language import Language
from thinc.api import Config, Model

from spacy_gliner_biomed.common.saving import PipelineConfig
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.pipeline.annotation import EntsFilter
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS
from spacy_gliner_biomed.training.loss import FocalLoss
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
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
    default_config={
        "labels": DEFAULT_LABELS,
        **Config().from_str(DEFAULT_CONFIG)["gliner_biomed"],
    },
    default_score_weights={
        "spans_sc_f": 1.0,
        "spans_sc_p": 0.0,
        "spans_sc_r": 0.0,
        "spans_sc_overlap_f": 0.0,
        "ents_f": 0.0,
        "ents_p": 0.0,
        "ents_r": 0.0,
    },
)
def make_gliner_biomed(
    nlp: Language,
    name: str,
    labels: list[str | dict[str, str | float | None]],
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
    ents_filter: EntsFilter,
    scorer: Callable[..., dict[str, Any]] | None,
    loss: FocalLoss,
    label_sampler: Sampler,
    tuning: Tuning,
    model: Model[Any, Any],
) -> GlinerBiomed:
    """Make the component.

    labels: Strings, or dicts {"label", "prompt", "threshold"}: what is written on the Doc, what
        the model reads (default: the label), and a threshold of the label's own.
    threshold (float | None): A span is found if its probability is strictly greater. 0 to 1;
        None takes the checkpoint's own (0.5 for published checkpoints).
    spans_key (str): The group in `doc.spans`; `attrs["scores"]` holds the probabilities.
    annotate_ents (bool): Set `doc.ents` as well: flat, best score first.
    overwrite (bool): Replace entities, blocked tokens and spans that are on the Doc already,
        instead of keeping them.
    overlap ("flat" or "nested"): No overlap at all, or containment allowed.
    multi_label (bool): One span may have several labels.
    alignment: Where a span ends inside a token of the Doc: "expand" or "contract" it to token
        borders, "split" the token, or be "strict" and leave the span out.
    window, stride (int | None): Words in a window of a long text, and from one window's start
        to the next; None follows the checkpoint.
    batch_subtokens (int): Upper bound of subtokens, padding included, in one forward pass; on a
        CPU, prediction takes no more than `prediction.CPU_SUBTOKENS`.
    device (str | None): "cpu", "cuda", "cuda:1", "mps"; None follows thinc.
    precision: "float32" is exact; "bfloat16" and "float16" are approximations, faster where the
        machine has instructions for them, and computed in float32 where it has not; "auto" is
        bfloat16 where it is faster, and else float32.
    ents_filter: Chooses the entities of `doc.ents` from those there and those found.
    scorer: Used by `nlp.evaluate`.
    loss: Loss and gradient of a training row, see `training.loss`.
    label_sampler: Chooses the labels of a training row, see `training.sampling`.
    tuning: Which weights learn, see `models.tuning`.
    model: Rows to logits, see `models.gliner.GLiNER_v1`.
    RAISES (ValueError): For a value that is not allowed.
    """
    cfg = {
        "labels": labels,
        "threshold": threshold,
        "spans_key": spans_key,
        "annotate_ents": annotate_ents,
        "overwrite": overwrite,
        "overlap": overlap,
        "multi_label": multi_label,
        "alignment": alignment,
        "window": window,
        "stride": stride,
        "batch_subtokens": batch_subtokens,
        "device": device,
        "precision": precision,
    }
    return GlinerBiomed(
        nlp.vocab,
        model,
        name,
        cfg=cfg,
        ents_filter=ents_filter,
        scorer=scorer,
        loss=loss,
        label_sampler=label_sampler,
        tuning=tuning,
        pipeline_config=PipelineConfig(nlp),
    )

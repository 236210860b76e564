"""Checkpoints to make with the GLiNER package."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """A checkpoint to make.

    encoder: A key of `encoders.CONFIGS`.
    safe (bool): Save as safetensors, otherwise as `pytorch_model.bin`.
    labels_encoder: As `encoder`, for a bi-encoder.
    legacy (bool): Leave it as GLiNER <= 0.2.1 left it: no tokenizer, no indices, no config of
        the encoder; all follow from `model_name`.
    exact (bool): The embedding of the text encoder has a row for each id of its tokenizer, and no
        more: the markers that the package adds to the tokenizer of a bi-encoder have none.
    precomputed (bool): Store the vectors of `LABELS` (`compress_prompt_embeddings`).
    seed (int): Of the weights.
    values: Of `gliner_config.json`.
    """

    encoder: str = "bert"
    safe: bool = True
    labels_encoder: str = ""
    legacy: bool = False
    exact: bool = False
    precomputed: bool = False
    seed: int = 1
    values: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "deberta": Recipe("deberta", values={"hidden_size": 24}),
    "bert": Recipe("bert", safe=False),
    "modernbert_no_lstm": Recipe("modernbert", values={"num_rnn_layers": 0}),
    "legacy": Recipe("deberta", safe=False, legacy=True),
    "marker": Recipe(
        "bert",
        values={"span_mode": "marker", "embed_ent_token": False, "num_rnn_layers": 2},
    ),
    "bi_encoder": Recipe("modernbert", labels_encoder="small_bert"),
    "token": Recipe("bert", values={"span_mode": "token_level"}),
}
TOKENS = {"span_mode": "token_level"}
SPANS_AGAIN = {**TOKENS, "represent_spans": True}
SMALL = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 24}

# Kinds that fewer people have, in `test_kinds`.
KINDS = {
    "markerV1": Recipe("bert", values={"span_mode": "markerV1"}),
    "markerV2": Recipe("deberta", safe=False, values={"span_mode": "markerV2", "hidden_size": 24}),
    "last_subtoken": Recipe("bert", values={"subtoken_pooling": "last"}),
    "mean_of_subtokens": Recipe("deberta", values={"subtoken_pooling": "mean", "hidden_size": 24}),
    "max_of_subtokens": Recipe(
        "modernbert", values={**TOKENS, "subtoken_pooling": "max", "hidden_size": 24}
    ),
    "deberta_before_spans": Recipe(
        "bert", values={"span_encoder_config": {"model_type": "deberta-v2", **SMALL}}
    ),
    "modernbert_before_spans": Recipe(
        "bert",
        values={
            "span_mode": "markerV1",
            "span_encoder_config": {
                "model_type": "modernbert",
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "local_attention": 8,
            },
        },
    ),
    "lstm_before_spans": Recipe(
        "bert",
        labels_encoder="small_bert",
        values={
            "span_mode": "marker",
            "span_encoder_config": {"model_type": "rnn", "num_hidden_layers": 2},
        },
    ),
    "forward_lstm_before_spans": Recipe(
        "bert",
        values={
            "span_mode": "markerV2",
            "span_encoder_config": {"model_type": "rnn", "hidden_size": 20, "bidirectional": False},
        },
    ),
    "token_spans": Recipe("bert", values=SPANS_AGAIN),
    "token_spans_in_context": Recipe(
        "bert",
        values={
            **SPANS_AGAIN,
            "token_loss_coef": 0.6,
            "span_loss_coef": 1.7,
            "subtoken_pooling": "mean",
            "span_encoder_config": {"model_type": "rnn"},
        },
    ),
    "bi_token": Recipe("modernbert", labels_encoder="small_bert", values=TOKENS),
    "bi_token_spans": Recipe(
        "bert",
        labels_encoder="small_bert",
        values={**SPANS_AGAIN, "post_fusion_schema": "t2t-t2l"},
    ),
    "bi_fused": Recipe(
        "bert",
        labels_encoder="small_bert",
        seed=2,
        values={"post_fusion_schema": "l2l-l2t-t2t", "num_post_fusion_layers": 2},
    ),
    "bi_of_a_config": Recipe("bert", labels_encoder="small_bert", exact=True),
    "bi_deberta_of_a_config": Recipe("deberta", labels_encoder="small_bert", exact=True),
    "precomputed": Recipe("bert", precomputed=True),
    "precomputed_token": Recipe("bert", precomputed=True, values=TOKENS),
}

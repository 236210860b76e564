"""Random checkpoints with relations made by the GLiNER package, and what it finds with them."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.parity.encoders import encoder_config, encoder_folder, sentences
from tests.parity.upstream import LABELS, _add_constant, _scale_up, _spread_out, import_gliner

RELATIONS = ["treats", "is caused by", "Interacts with"]
TOKENS = {"span_mode": "token_level"}
Triple = tuple[tuple[int, int], tuple[int, int], str, float]


@dataclass(frozen=True)
class RelatedRecipe:
    """A checkpoint to make.

    encoder: A key of `encoders.CONFIGS`.
    seed (int): Of the weights.
    values: Of `gliner_config.json`.
    """

    encoder: str = "bert"
    seed: int = 1
    values: dict[str, Any] = field(default_factory=dict)


RELATED = {
    "span_all_pairs": RelatedRecipe(values={"relations_layer": "none"}),
    "span_dot": RelatedRecipe("deberta", values={"relations_layer": "dot", "hidden_size": 24}),
    "span_mlp": RelatedRecipe(values={"relations_layer": "mlp", "span_mode": "marker"}),
    "span_bilinear": RelatedRecipe(
        values={"relations_layer": "bilinear", "triples_layer": "DistMult", "num_rnn_layers": 0}
    ),
    "span_gcn": RelatedRecipe(
        values={"relations_layer": "gcn", "embed_rel_token": False, "span_mode": "markerV1"}
    ),
    "token_mlp": RelatedRecipe(
        "deberta", values={**TOKENS, "relations_layer": "mlp", "hidden_size": 24}
    ),
    "token_attention": RelatedRecipe(values={**TOKENS, "relations_layer": "attention"}),
    "token_gat": RelatedRecipe(
        "modernbert", values={**TOKENS, "relations_layer": "gat", "subtoken_pooling": "mean"}
    ),
    "token_gcn": RelatedRecipe(values={**TOKENS, "relations_layer": "gcn"}),
}


def make_related(recipe: RelatedRecipe, folder: Path) -> Path:
    """Make a checkpoint with the GLiNER package.

    RETURNS (Path): The folder `checkpoint` in `folder`.
    """
    from gliner import model as module

    encoder = encoder_folder(recipe.encoder, folder / "encoder")
    config = {
        "model_name": str(encoder),
        "encoder_config": encoder_config(recipe.encoder),
        "hidden_size": 32,
        "max_width": 4,
        "max_len": 400,
        **recipe.values,
    }
    token = config.get("span_mode") == "token_level"
    name = "UniEncoderTokenRelexGLiNER" if token else "UniEncoderSpanRelexGLiNER"
    torch.manual_seed(recipe.seed)
    model = getattr(module, name).load_from_config(config, backbone_from_pretrained=False)
    _scale_up(model)
    with torch.no_grad():
        _spread_entities(model, token)
        _spread_relations(model)
    model.save_pretrained(folder / "checkpoint", safe_serialization=True)
    return folder / "checkpoint"


def _spread_entities(model: Any, token: bool) -> None:
    batch = _batch(model, sentences(9, 40))
    if token:
        last = model.model.scorer.out_mlp[3]
        logits = model.run_batch(batch, threshold=0.999999).logits
        _spread_out(last, logits, middle=-2.5, top=2, at=0.9)
    else:
        last = model.model.prompt_rep_layer[3]
        _add_constant(model.model.span_rep_layer.span_rep_layer.out_project)
        last.weight[0] = last.bias[0] = 0
        logits = model.run_batch(batch, threshold=0.999999).logits[..., None]
        _spread_out(last, logits, middle=-4, top=2, at=0.98)


def _spread_relations(model: Any) -> None:
    """Scale what entities are compared by, so that the logits of relations spread around 0."""
    batch = _batch(model, sentences(9, 40))
    output = model.run_batch(batch, threshold=0.3, adjacency_threshold=0.0)
    logits = output.rel_logits[output.rel_mask]
    if hasattr(model.model, "pair_rep_layer"):
        model.model.pair_rep_layer[3].weight *= 2 / logits.std()
        model.model.pair_rep_layer[3].bias *= 2 / logits.std()


def _batch(model: Any, texts: list[str], relations: list[str] = RELATIONS) -> Any:
    prepared = model.prepare_batch(texts, LABELS, relations=relations)
    return model.collate_batch(
        prepared["input_x"],
        prepared["entity_types"],
        relation_types=prepared["relation_types"],
        label_names=prepared["label_names"],
    )


class RelatedReference:
    """The GLiNER package on a checkpoint with relations, one text at a time."""

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float32) -> None:
        gliner = import_gliner()
        self.model = gliner.GLiNER.from_pretrained(str(folder), local_files_only=True)
        self.model.model.to(dtype)

    @cache  # noqa: B019
    def input_ids(self, text: str) -> list[int]:
        ids: list[int] = _batch(self.model, [text])["input_ids"][0].tolist()
        return ids

    @cache  # noqa: B019
    def forward(self, text: str, threshold: float, adjacency: float) -> Any:
        batch = _batch(self.model, [text])
        return self.model.run_batch(batch, threshold=threshold, adjacency_threshold=adjacency)

    def logits(self, text: str) -> np.ndarray:
        """Of spans (W, K, C), or of tokens (W, C, 3)."""
        logits: np.ndarray = self.forward(text, 0.5, 0.5).logits[0].numpy()
        return logits

    def pair_logits(self, text: str, threshold: float, adjacency: float) -> dict[Any, np.ndarray]:
        """Of all pairs above the thresholds, by the first and last words of head and tail."""
        output = self.forward(text, threshold, adjacency)
        spans = output.entity_spans[0].tolist()
        found = {}
        for (head, tail), valid, logits in zip(
            output.rel_idx[0].tolist(), output.rel_mask[0], output.rel_logits[0], strict=True
        ):
            if valid and spans[head] != spans[tail]:
                found[(*spans[head], *spans[tail])] = logits.numpy()
        return found

    @cache  # noqa: B019
    def find(self, text: str, **options: Any) -> tuple[list[tuple[Any, ...]], list[Triple]]:
        """Entities; and heads, tails, labels and scores of relations, each once."""
        (entities,), (relations,) = self.model.inference([text], LABELS, RELATIONS, **options)
        spans = [(e["start"], e["end"], e["label"], e["score"]) for e in entities]
        triples: dict[tuple[Any, ...], float] = {}
        for each in relations:
            head, tail = ((each[x]["start"], each[x]["end"]) for x in ("head", "tail"))
            if head != tail:
                key = (head, tail, each["relation"])
                triples[key] = max(each["score"], triples.get(key, 0.0))
        return spans, [(*key, score) for key, score in triples.items()]

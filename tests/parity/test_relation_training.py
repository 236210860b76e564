"""One training step with relations: the GLiNER package's loss and gradients."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch

from tests.parity.recipes import Recipe
from tests.parity.relations import (
    LABELS,
    RELATED,
    RELATIONS,
    RelatedRecipe,
    RelatedReference,
    _batch,
    make_related,
)
from tests.parity.upstream import import_gliner, make_checkpoint, texts

import_gliner()

from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint  # noqa: E402
from spacy_gliner_biomed.models.gliner import network_shim  # noqa: E402
from spacy_gliner_biomed.models.relation_layers import add_relations  # noqa: E402
from spacy_gliner_biomed.nn.checkpoint_tensors import published_name  # noqa: E402
from spacy_gliner_biomed.pipeline.component import GlinerBiomed  # noqa: E402
from spacy_gliner_biomed.pipeline.row_making import row_maker  # noqa: E402
from spacy_gliner_biomed.tokenization.words import split_words  # noqa: E402
from spacy_gliner_biomed.training.gold import Gold, GoldSpan  # noqa: E402
from spacy_gliner_biomed.training.joint_loss import JointLoss  # noqa: E402
from spacy_gliner_biomed.training.loss import FocalLoss  # noqa: E402
from spacy_gliner_biomed.training.relation_sampling import RelationSampler  # noqa: E402
from spacy_gliner_biomed.training.training_rows import TrainingRow  # noqa: E402

SETTINGS = {"alpha": 0.75, "gamma": 2.0, "prob_margin": 0.05, "label_smoothing": 0.1}
OF_RELATIONS = {"rel_alpha": 0.6, "rel_gamma": 1.5}
WEIGHTS = {"adjacency_loss_coef": 0.7, "relation_loss_coef": 1.7, "span_loss_coef": 0.4}
CASES = [("sum", 1), ("mean", 3)]  # reductions, and seeds of weights and texts


class WholeSampler(RelationSampler):
    """Asks for all relations, in order."""

    def __call__(self, positives: Any, annotated: Any) -> list[tuple[str, str]]:
        return [(label, label) for label in RELATIONS]


def gold_of(text: str, splitter: str, choose: random.Random) -> Gold:
    """Every third word is an entity, sometimes with its neighbour; some pairs are related."""
    words = split_words(text, splitter)
    spans: list[GoldSpan] = []
    for i in range(0, len(words) - 2, 3):
        last = i + choose.randint(0, 1)
        spans.append((int(words.starts[i]), int(words.ends[last]), choose.choice(LABELS)))
    pairs = [choose.sample(spans, 2) for _ in range(6)]
    relations = {(head, tail, choose.choice(RELATIONS)) for head, tail in pairs}
    return Gold(spans, None, relations=sorted(relations))


def make_component(folder: Path) -> GlinerBiomed:
    nlp = spacy.blank("en")
    settings: dict[str, Any] = {"labels": LABELS, "relations": RELATIONS}
    component = nlp.add_pipe(
        "gliner_biomed", config={**settings, "model": {"checkpoint": str(folder)}}
    )
    assert isinstance(component, GlinerBiomed)
    return component


def training_row(component: GlinerBiomed, text: str, sampler: RelationSampler) -> TrainingRow:
    make = row_maker(
        component.model,
        component.settings(),
        lambda positives, annotated: [(label, label) for label in LABELS],
        sampler,
    )
    gold = gold_of(text, make.splitter, random.Random(0))
    (row,) = make(text, gold, LABELS, RELATIONS)
    return row


def their_targets(row: TrainingRow, *, token: bool, matrix: bool) -> dict[str, torch.Tensor]:
    """The targets as the package takes them."""
    assert row.relations is not None
    targets = torch.from_numpy(row.targets).double()
    targets = targets[None] if token else targets.reshape(1, -1, len(LABELS))
    found = {"labels": targets, "rel_matrix": torch.from_numpy(row.relations.targets)[None]}
    if matrix:
        found["adj_matrix"] = torch.from_numpy(row.relations.related)[None]
    return {name: tensor.double() for name, tensor in found.items()}


@pytest.mark.parametrize(("reduction", "seed"), CASES)
@pytest.mark.parametrize("name", list(RELATED))
def test_loss_and_gradients_are_equal(name: str, reduction: str, seed: int, tmp_path: Path) -> None:
    recipe: RelatedRecipe = replace(RELATED[name], seed=seed)
    folder = make_related(replace(recipe, values={**recipe.values, **WEIGHTS}), tmp_path)
    text = [text for text in texts(seed) if 20 < len(text.split()) < 60][seed]
    component = make_component(folder)
    shim = network_shim(component.model)
    shim.checkpoint.network.double()
    single_step = recipe.values["relations_layer"] == "none"
    ratio = None if single_step else 3.0
    row = training_row(component, text, WholeSampler(negative_pairs=ratio, related="pairs"))
    assert row.relations is not None
    assert row.relations.targets.sum() > 3
    outputs, backprop = shim.begin_related([row.row], [row.relations.spans], 0.0)
    config = shim.checkpoint.config
    mean = {"reduction": reduction}
    relation_loss = FocalLoss(**{**SETTINGS, "alpha": 0.6, "gamma": 1.5}, **mean)
    compute = JointLoss(FocalLoss(**SETTINGS, **mean), relation_loss, config)
    loss, gradient = compute(outputs[0], row)
    backprop([gradient])

    model = RelatedReference(folder, torch.float64).model
    targets = their_targets(row, token=config.token_level, matrix=not single_step)
    with torch.enable_grad():
        output = model.model.eval()(
            **_batch(model, [text]), **targets, **SETTINGS, **OF_RELATIONS, reduction=reduction
        )
        output.loss.backward()
    assert loss == pytest.approx(output.loss.item(), rel=1e-4)
    assert_same_gradients(shim.checkpoint.network, model.model)


@pytest.mark.parametrize(("encoder", "layer"), [("bert", "none"), ("deberta", "mlp")])
def test_the_package_reads_a_checkpoint_with_added_relations(
    encoder: str, layer: str, tmp_path: Path
) -> None:
    old = make_checkpoint(Recipe(encoder, values={"hidden_size": 24}), tmp_path)
    added = add_relations(read_checkpoint(old), layer)
    write_checkpoint(added, tmp_path / "new")
    component = make_component(tmp_path / "new")
    reference = RelatedReference(tmp_path / "new")
    text = min(texts(0)[3:], key=lambda text: abs(len(text) - 200))
    row = training_row(component, text, WholeSampler())
    assert row.row.input_ids.tolist() == reference.input_ids(text)
    (mine,) = network_shim(component.model).logits([row.row])
    valid = np.isfinite(mine)
    np.testing.assert_allclose(mine[valid], reference.logits(text)[valid], atol=1e-4)


def assert_same_gradients(ours: torch.nn.Module, theirs: torch.nn.Module) -> None:
    wanted = {key: p.grad for key, p in theirs.named_parameters() if p.grad is not None}
    compared = set()
    for key, parameter in ours.named_parameters():
        if parameter.grad is not None:
            expected = wanted[published_name(key)].numpy()
            scale = max(np.abs(expected).max(), 1e-3)
            np.testing.assert_allclose(parameter.grad.numpy() / scale, expected / scale, atol=1e-4)
            compared.add(key.split(".")[0])
    assert compared >= {"encoder", "span_scorer"}
    has_layers = any(True for _ in ours.get_submodule("relation_scorer").parameters())
    assert ("relation_scorer" in compared) is has_layers

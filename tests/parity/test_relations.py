"""Random checkpoints with relations of the GLiNER package: the same ids, logits, entities and
relations.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch

from tests.parity.relations import (
    LABELS,
    RELATED,
    RELATIONS,
    RelatedRecipe,
    RelatedReference,
    Triple,
    make_related,
)
from tests.parity.upstream import import_gliner, texts

import_gliner()

from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint  # noqa: E402
from spacy_gliner_biomed.models.gliner import network_shim  # noqa: E402
from spacy_gliner_biomed.nn.triple_layers import TRIPLE_LAYERS, TRIPLES  # noqa: E402
from spacy_gliner_biomed.nn.triples import TRIPLE_SCORES  # noqa: E402
from spacy_gliner_biomed.pipeline.component import GlinerBiomed  # noqa: E402
from spacy_gliner_biomed.pipeline.prediction import Predictor  # noqa: E402
from spacy_gliner_biomed.tokenization.rows import length_batches  # noqa: E402
from tests.parity.test_generated import THRESHOLDS, assert_same, ends_in_text  # noqa: E402

TEXTS = sorted(texts(), key=len)[10:30:5]
LOW, ADJACENCY = 0.02, 0.01  # for many pairs: token models find few spans
BATCHING = pytest.mark.parametrize("batched", [False, True], ids=["alone", "in_batches"])
Key = tuple[int, ...]


class RelatedOurs:
    """The component on a checkpoint with relations.

    folder (Path): Of the checkpoint.
    dtype (torch.dtype): That the network computes in.
    """

    def __init__(self, folder: Path, dtype: torch.dtype) -> None:
        self.nlp = spacy.blank("en")
        settings: dict[str, Any] = {"labels": LABELS, "relations": RELATIONS}
        settings |= {"batch_subtokens": 2048, "model": {"checkpoint": str(folder)}}
        component = self.nlp.add_pipe("gliner_biomed", config=settings)
        assert isinstance(component, GlinerBiomed)
        self.component = component
        self.shim = network_shim(component.model)
        self.shim.checkpoint.network.to(dtype)

    def logits(self, texts: Sequence[str], threshold: float, *, batched: bool) -> dict[Key, Any]:
        """The logits of each text by its input ids: of all spans or words, and of pairs of spans
        above the threshold (and above `ADJACENCY`) by their words.
        """
        predictor = Predictor(self.component.model, self.component.settings(threshold=threshold))
        prepared = [predictor._prepare(self.nlp.make_doc(text)) for text in texts]
        rows = [row for *_, row in predictor._rows(prepared)]
        (group,) = predictor.groups
        nothing = np.full(len(RELATIONS), -np.inf, dtype=np.float32)
        found = {}
        size = 2048 if batched else 1
        for batch in length_batches(list(map(len, rows)), size):
            chosen = [rows[i] for i in batch]
            minima = [group.min_logits] * len(chosen)
            logits = self.shim.logits(chosen)
            answers = self.shim.related_spans(chosen, minima, nothing, ADJACENCY)
            for row, every, (spans, pairs) in zip(chosen, logits, answers, strict=True):
                borders = np.stack([spans.starts, spans.ends - 1], axis=1)
                words = np.concatenate([borders[pairs.heads], borders[pairs.tails]], axis=1)
                keys = map(tuple, words.tolist())
                of_pairs = dict(zip(keys, pairs.logits, strict=True))
                found[tuple(row.input_ids.tolist())] = (every, of_pairs)
        return found

    def find(
        self, texts: Sequence[str], *, batched: bool, **options: Any
    ) -> list[tuple[list[tuple[Any, ...]], list[Triple]]]:
        """Entities; and heads, tails, labels and scores of relations."""
        docs = [self.nlp.make_doc(text) for text in texts]
        groups = [docs] if batched else [[doc] for doc in docs]
        found = []
        for prediction in (p for group in groups for p in self.component.predict(group, **options)):
            spans = [(span.start, span.end, span.label, span.score) for span in prediction.spans]
            triples = [
                ((r.head.start, r.head.end), (r.tail.start, r.tail.end), r.label, r.score)
                for r in prediction.relations
            ]
            found.append((spans, triples))
        return found


Pair = Callable[[torch.dtype], tuple[RelatedReference, RelatedOurs]]


@pytest.fixture(scope="module", params=list(RELATED))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_related(RELATED[request.param], tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def pair(folder: Path) -> Pair:
    """The package and the component on one checkpoint, computing in the same precision."""
    return cache(lambda dtype: (RelatedReference(folder, dtype), RelatedOurs(folder, dtype)))


@BATCHING
def test_ids_and_logits_are_equal(pair: Pair, batched: bool) -> None:
    """In float64, so that no span is above the threshold in one of both only."""
    reference, ours = pair(torch.float64)
    found = ours.logits(TEXTS, LOW, batched=batched)
    assert found.keys() == {tuple(reference.input_ids(text)) for text in TEXTS}
    n_pairs = 0
    for text in TEXTS:
        mine, of_pairs = found[tuple(reference.input_ids(text))]
        logits, wanted = reference.logits(text), reference.pair_logits(text, LOW, ADJACENCY)
        valid = np.isfinite(mine)
        if logits.shape[-1] != 3:
            np.testing.assert_array_equal(valid, ends_in_text(logits))
        assert_close(mine[valid], logits[valid])
        assert of_pairs.keys() == wanted.keys()
        for key, values in of_pairs.items():
            assert_close(values, wanted[key])
        n_pairs += len(wanted)
    assert n_pairs > 4


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    atol = 1e-5 * max(1, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@BATCHING
def test_entities_and_relations_are_equal(pair: Pair, batched: bool) -> None:
    reference, ours = pair(torch.float64)
    n_found = 0
    for threshold in (0.03, *THRESHOLDS):
        found = ours.find(TEXTS, batched=batched, threshold=threshold)
        expected = [reference.find(text, threshold=threshold) for text in TEXTS]
        for (entities, relations), (wanted, triples) in zip(found, expected, strict=True):
            assert_same(entities, wanted)
            assert_same_relations(relations, triples)
            n_found += len(triples)
    assert n_found > 2


def assert_same_relations(found: list[Triple], expected: list[Triple]) -> None:
    mine = {(head, tail, label): score for head, tail, label, score in found}
    wanted = {(head, tail, label): score for head, tail, label, score in expected}
    assert mine.keys() == wanted.keys()
    assert len(mine) == len(found)
    assert list(mine.values()) == pytest.approx([wanted[key] for key in mine], abs=1e-4)


def test_nested_entities_with_several_labels_have_the_same_relations(pair: Pair) -> None:
    reference, ours = pair(torch.float64)
    options = {"overlap": "nested", "multi_label": True}
    found = ours.find(TEXTS, batched=True, threshold=0.3, **options)
    for text, (_, relations) in zip(TEXTS, found, strict=True):
        _, wanted = reference.find(text, threshold=0.3, flat_ner=False, multi_label=True)
        assert_same_relations(relations, wanted)


def test_a_converted_checkpoint_gives_the_package_the_same_results(
    folder: Path, pair: Pair, tmp_path: Path
) -> None:
    write_checkpoint(read_checkpoint(folder), tmp_path)
    before, after = pair(torch.float64)[0], RelatedReference(tmp_path, torch.float64)
    for text in TEXTS[:4]:
        assert after.input_ids(text) == before.input_ids(text)
        assert after.find(text, threshold=0.1) == before.find(text, threshold=0.1)


@pytest.mark.parametrize("name", TRIPLES)
def test_triples_have_the_same_scores(name: str) -> None:
    from gliner.modeling.multitask.triples_layers import TriplesScoreLayer

    torch.manual_seed(0)
    heads, tails = 0.2 * torch.randn(2, 5, 24, dtype=torch.float64)
    relations = 0.2 * torch.randn(3, 24, dtype=torch.float64)
    layer = TriplesScoreLayer(name, dim=24).double().eval()
    for tensor in layer.state_dict().values():  # also the statistics of a normalisation
        if tensor.is_floating_point():
            tensor.copy_(tensor + 0.1 * torch.rand_like(tensor))
    expected = layer.forward_batched_relations(heads[None], tails[None], relations)[0].detach()
    if name == "HolE":  # the package rounds to 32 bits
        expected = expected.double()
    score = TRIPLE_SCORES.get(name) or TRIPLE_LAYERS[name](24).double().eval()
    if isinstance(score, torch.nn.Module):
        score.load_state_dict(layer.interaction.state_dict())
    found = score(heads, tails, relations).detach()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.005


def test_a_checkpoint_whose_triples_have_weights_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package builds these layers with 768 values; here with 32, which takes less time."""
    import gliner.modeling.base as module

    monkeypatch.setattr(module, "TriplesScoreLayer", partial(module.TriplesScoreLayer, dim=32))
    monkeypatch.setattr("spacy_gliner_biomed.nn.config_checks.WIDTH", 32)
    values = {"num_rnn_layers": 0, "relations_layer": "none", "triples_layer": "TripleRE"}
    folder = make_related(RelatedRecipe(values=values), tmp_path)
    reference, ours = RelatedReference(folder, torch.float64), RelatedOurs(folder, torch.float64)
    found, n_pairs = ours.logits(TEXTS[:2], LOW, batched=True), 0
    for text in TEXTS[:2]:
        _, of_pairs = found[tuple(reference.input_ids(text))]
        wanted = reference.pair_logits(text, LOW, ADJACENCY)
        assert of_pairs.keys() == wanted.keys()
        for key, logits in of_pairs.items():
            assert_close(logits, wanted[key])
        n_pairs += len(wanted)
    assert n_pairs > 4
    write_checkpoint(read_checkpoint(folder), tmp_path / "written")
    after = RelatedReference(tmp_path / "written", torch.float64)
    assert after.find(TEXTS[1], threshold=0.1) == reference.find(TEXTS[1], threshold=0.1)

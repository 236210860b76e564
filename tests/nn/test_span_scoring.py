"""The factorised span scorers equal the published form, written out naively here."""

import pytest
import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn import marker_v0, span_sums
from spacy_gliner_biomed.nn.marker_context import MarkerV1, MarkerV2
from spacy_gliner_biomed.nn.marker_v0 import MarkerV0
from spacy_gliner_biomed.nn.selection import select_spans
from spacy_gliner_biomed.nn.span_scoring import Marker, mask_tails

WIDTH, N_WORDS, MAX_WIDTH, N_LABELS = 6, 7, 4, 3
SCORERS = pytest.mark.parametrize("kind", [MarkerV0, Marker, MarkerV1, MarkerV2])
FOLDS = pytest.mark.parametrize("fold", [True, False])


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@SCORERS
@FOLDS
@pytest.mark.parametrize("shared_labels", [True, False])
def test_logits_and_gradients_equal_the_published_form(
    monkeypatch: pytest.MonkeyPatch, kind: type[nn.Module], fold: bool, shared_labels: bool
) -> None:
    monkeypatch.setattr(marker_v0, "_folding_pays", lambda *sizes: fold)
    scorer = make(kind)
    words = random(2, N_WORDS, WIDTH)
    labels = random(N_LABELS, WIDTH) if shared_labels else random(2, N_LABELS, WIDTH)
    inputs = (words, labels, *scorer.parameters())
    expected = published(scorer, words, labels)
    found = scorer(words, labels, MAX_WIDTH)
    in_row = ends_in_row()
    torch.testing.assert_close(found[:, in_row], expected[:, in_row], rtol=0, atol=1e-12)
    weights = torch.randn_like(found) * in_row[None, ..., None]
    for ours, theirs in zip(
        torch.autograd.grad((found * weights).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@SCORERS
def test_a_row_shorter_than_the_widest_span_is_scored(kind: type[nn.Module]) -> None:
    scorer = make(kind)
    words, labels = random(1, 2, WIDTH), random(N_LABELS, WIDTH)
    found = scorer(words, labels, MAX_WIDTH)
    assert found.shape == (1, 2, MAX_WIDTH, N_LABELS)
    expected = published(scorer, words, labels)
    for start, width in ((0, 0), (0, 1), (1, 0)):
        torch.testing.assert_close(found[0, start, width], expected[0, start, width])


def test_rows_without_words_have_no_logits() -> None:
    scorer, words = make(MarkerV0).train(), random(2, 0, WIDTH)
    logits = scorer(words, random(N_LABELS, WIDTH), MAX_WIDTH)
    assert logits.shape == (2, 0, MAX_WIDTH, N_LABELS)
    logits.sum().backward()
    assert words.grad is not None


@SCORERS
def test_logits_do_not_depend_on_padding(kind: type[nn.Module]) -> None:
    scorer = make(kind)
    words, labels = random(1, N_WORDS, WIDTH), random(N_LABELS, WIDTH)
    padded = torch.cat([words, random(1, 3, WIDTH)], dim=1)
    n_words = torch.tensor([N_WORDS])
    alone = mask_tails(scorer(words, labels, MAX_WIDTH), n_words)
    in_batch = mask_tails(scorer(padded, labels, MAX_WIDTH, n_words), n_words)
    torch.testing.assert_close(in_batch[:, :N_WORDS], alone)
    assert torch.isneginf(in_batch[:, N_WORDS:]).all()


def test_tails_are_masked_row_by_row() -> None:
    masked = mask_tails(torch.zeros(2, 3, 2, 1), torch.tensor([3, 1]))
    kept = torch.isfinite(masked).squeeze(-1).tolist()
    assert kept[0] == [[True, True], [True, True], [True, False]]
    assert kept[1] == [[True, False], [False, False], [False, False]]


def test_the_last_layer_is_folded_into_few_labels_and_not_into_many() -> None:
    assert marker_v0._folding_pays(10, 1800, 512)
    assert not marker_v0._folding_pays(500, 1800, 512)


@pytest.mark.parametrize("kind", [MarkerV0, MarkerV1, MarkerV2])
@pytest.mark.parametrize("shared_labels", [True, False])
@pytest.mark.parametrize("at_once", [2, 100])
def test_some_spans_get_the_scores_that_they_have_among_all(
    monkeypatch: pytest.MonkeyPatch, kind: type[MarkerV0], shared_labels: bool, at_once: int
) -> None:
    monkeypatch.setattr(marker_v0, "MAX_SPANS", at_once)
    scorer, words = make(kind), random(3, N_WORDS, WIDTH)
    labels = random(N_LABELS, WIDTH) if shared_labels else random(3, N_LABELS, WIDTH)
    n_words = torch.tensor([N_WORDS, 2, 5])
    spans = torch.tensor([[0, 0, 3], [0, 4, 2], [0, 4, 0], [2, 1, 3], [2, 4, 0]])
    expected = scorer(words, labels, MAX_WIDTH, n_words)[tuple(spans.T)]
    for context in (torch.enable_grad, torch.inference_mode):
        with context():
            found = scorer.score_spans(words, labels, spans, n_words)
            none = scorer.score_spans(words, labels, spans[:0], n_words)
        torch.testing.assert_close(found.clone(), expected)
        assert none.shape == (0, N_LABELS)


def test_dropout_acts_on_each_span() -> None:
    scorer = MarkerV0(WIDTH, dropout=0.5).double().train()
    words, labels = random(1, N_WORDS, WIDTH), random(N_LABELS, WIDTH)
    first, second = (scorer(words, labels, MAX_WIDTH) for _ in range(2))
    assert not torch.allclose(first, second)


def make(kind: type[nn.Module]) -> nn.Module:
    return kind(WIDTH, 0.3).double().eval()


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def ends_in_row() -> Tensor:  # (W, K)
    return torch.arange(N_WORDS)[:, None] + torch.arange(MAX_WIDTH) < N_WORDS


def published(scorer: nn.Module, words: Tensor, labels: Tensor) -> Tensor:  # (B, W, K, C)
    """As in gliner/modeling/span_rep.py and base.py, one (2D,) vector a span."""
    starts, ends = scorer.project_start(words), scorer.project_end(words)
    context = []
    if isinstance(scorer, MarkerV1):
        context = [words.mean(dim=1)]
    elif isinstance(scorer, MarkerV2):
        context = [scorer.project_context(words)[:, -1]]
    rows = []
    for i in range(words.size(1)):
        for k in range(MAX_WIDTH):
            end = min(i + k, words.size(1) - 1)
            parts = torch.cat([starts[:, i], ends[:, end], *context], dim=-1).relu()
            rows.append(scorer.out_project(parts))
    spans = torch.stack(rows, dim=1).unflatten(1, (words.size(1), MAX_WIDTH))
    if labels.dim() == 2:
        labels = labels.expand(len(words), -1, -1)
    return torch.einsum("BLKD,BCD->BLKC", spans, labels)


@SCORERS
@FOLDS
@pytest.mark.parametrize("shared_labels", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_inference_gives_what_training_gives(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[nn.Module],
    fold: bool,
    shared_labels: bool,
    dtype: torch.dtype,
) -> None:
    """In blocks of two words, and of rows that are shorter and longer than the widest span."""
    monkeypatch.setattr(marker_v0, "_folding_pays", lambda *sizes: fold)
    monkeypatch.setattr(span_sums, "BLOCK", 2 * MAX_WIDTH * 4 * WIDTH)
    scorer = make(kind).to(dtype)
    words, labels = random(3, N_WORDS, WIDTH), random(3, N_LABELS, WIDTH)
    labels = labels[0] if shared_labels else labels
    words, labels = words.detach().to(dtype), labels.detach().to(dtype)
    n_words = torch.tensor([N_WORDS, 2, 5])
    expected = mask_tails(scorer(words, labels, MAX_WIDTH, n_words), n_words).detach()
    with torch.inference_mode():
        found = mask_tails(scorer(words, labels, MAX_WIDTH, n_words), n_words)
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@SCORERS
@pytest.mark.parametrize("way", ["few labels", "many labels", "screened"])
@pytest.mark.parametrize("shared_labels", [True, False])
def test_selected_spans_are_those_of_all_logits_that_count(
    monkeypatch: pytest.MonkeyPatch, kind: type[nn.Module], way: str, shared_labels: bool
) -> None:
    """In blocks of two words; labels of a row that are not asked for count never."""
    monkeypatch.setattr(span_sums, "BLOCK", 2 * MAX_WIDTH * 4 * WIDTH)
    monkeypatch.setattr(marker_v0, "MANY", 99 if way == "few labels" else 1)
    screened = way == "screened" and shared_labels
    monkeypatch.setattr(marker_v0, "screening_pays", lambda *sizes: screened)
    scorer = make(kind).float()
    words, labels = random(3, N_WORDS, WIDTH).float(), random(3, N_LABELS, WIDTH).float()
    n_words = torch.tensor([N_WORDS, 2, 5])
    min_logits = torch.tensor([[0.3, -0.1, 0.2], [0.0, 1.0, torch.inf], [-torch.inf, 0.5, 0.0]])
    labels, min_logits = (labels[0], min_logits[:1]) if shared_labels else (labels, min_logits)
    with torch.inference_mode():
        logits = mask_tails(scorer(words, labels, MAX_WIDTH, n_words), n_words)
        min_logits = min_logits + logits[torch.isfinite(logits)].median()
        indices, found, _ = scorer.select(words, labels, MAX_WIDTH, n_words, min_logits)
        expected = select_spans(logits, min_logits)
    assert 0 < len(expected.indices) < N_WORDS * 3 * MAX_WIDTH
    torch.testing.assert_close(found, logits[tuple(indices.T)], rtol=0, atol=1e-5)
    there = {tuple(place) for place in indices.tolist()}
    assert len(there) == len(indices)
    assert there >= {tuple(place) for place in expected.indices.tolist()}
    assert screened or len(indices) == len(expected.indices)


@pytest.mark.parametrize("screened", [False, True])
def test_of_no_span_there_are_the_logits_of_all_labels(
    monkeypatch: pytest.MonkeyPatch, screened: bool
) -> None:
    monkeypatch.setattr(marker_v0, "MANY", 1)
    monkeypatch.setattr(marker_v0, "screening_pays", lambda *sizes: screened)
    min_logits = torch.full((1, N_LABELS), 1e30)
    with torch.inference_mode():
        words, labels = random(1, N_WORDS, WIDTH), random(N_LABELS, WIDTH)
        scorer, words, labels = make(MarkerV0).float(), words.float(), labels.float()
        found = scorer.select(words, labels, MAX_WIDTH, torch.tensor([N_WORDS]), min_logits)
    assert found.indices.shape == (0, 3)
    assert found.logits.shape == (0, N_LABELS)

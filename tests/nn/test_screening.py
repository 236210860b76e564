"""A screen loses no span, and lets few pass that do not count."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_gliner_biomed.nn import screening
from spacy_gliner_biomed.nn.screening import Screen, screening_pays
from spacy_gliner_biomed.nn.span_sums import SpanSums

WIDTH, MAX_WIDTH, N_LABELS, N_WORDS = 16, 3, 70, 20


def make(seed: int, scale: float, *, alike: float = 0.0) -> tuple[Screen, SpanSums, Tensor]:
    """A screen, sums, and the exact logits of all spans, not counting the last bias. # (T * K, C)

    alike (float): How much of each label is the same for all labels.
    """
    generator = torch.Generator().manual_seed(seed)
    starts, ends = scale * torch.randn(2, N_WORDS + MAX_WIDTH, 4 * WIDTH, generator=generator)
    labels = torch.randn(N_LABELS, WIDTH, generator=generator)
    labels += alike * torch.randn(WIDTH, generator=generator)
    weight = torch.randn(WIDTH, 4 * WIDTH, generator=generator)
    sums = SpanSums(starts, ends, MAX_WIDTH)
    spans = sums.of_spans(torch.arange(N_WORDS * MAX_WIDTH))[: N_WORDS * MAX_WIDTH]
    return Screen(labels, weight), sums, spans.double() @ (labels @ weight).double().T


INSIDE = torch.ones(N_WORDS, MAX_WIDTH, dtype=torch.bool)


@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-4, 0.1, 1.0, 100.0]),
    alike=st.sampled_from([0.0, 10.0]),
    rank=st.integers(1, 8),
)
def test_what_is_just_above_the_least_logit_passes(
    seed: int, scale: float, alike: float, rank: int
) -> None:
    """The least logit of each label is just below those of its best spans."""
    screen, sums, logits = make(seed, scale, alike=alike)
    best = logits.topk(rank, dim=0).values[-1]
    min_logits = (best - best.abs() * 1e-6).float()
    counts = (logits > min_logits).any(dim=-1)
    passing = set(screen.passing(sums, min_logits, INSIDE).tolist())
    assert passing >= set(counts.nonzero()[:, 0].tolist())


def test_little_passes_that_does_not_count() -> None:
    screen, sums, logits = make(0, 1.0)
    min_logits = torch.full((N_LABELS,), float(logits.amax(dim=1).sort().values[-4]))
    passing = screen.passing(sums, min_logits, INSIDE)
    assert 3 <= len(passing) < 10
    assert torch.equal(passing, passing.sort().values)


def test_only_spans_inside_their_row_pass() -> None:
    screen, sums, _ = make(0, 1.0)
    inside = INSIDE.clone()
    inside[4, 1:] = False
    min_logits = torch.full((N_LABELS,), -torch.inf)
    passing = screen.passing(sums, min_logits, inside)
    expected = [t for t in range(N_WORDS * MAX_WIDTH) if t not in {13, 14}]
    assert passing.tolist() == expected


def test_what_is_not_a_number_passes() -> None:
    screen, sums, _ = make(0, 1.0)
    sums.starts[5, 0] = torch.nan
    passing = screen.passing(sums, torch.full((N_LABELS,), 1e30), INSIDE)
    assert passing.tolist() == [15, 16, 17]


def test_a_screen_that_lets_most_pass_rests_for_a_while() -> None:
    screen, sums, logits = make(0, 1.0)
    screen.passing(sums, torch.full((N_LABELS,), float(logits.max())), INSIDE)
    assert screen.should_screen()
    screen.passing(sums, torch.full((N_LABELS,), float(logits.min())), INSIDE)
    assert [screen.should_screen() for _ in range(screening.COOLDOWN + 2)] == [
        False
    ] * screening.COOLDOWN + [True] * 2


def test_screening_pays_for_many_shared_labels_in_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "_halves_are_fast", lambda device: True)
    many, few, own = torch.zeros(1000, 768), torch.zeros(40, 768), torch.zeros(2, 1000, 768)
    assert screening_pays(many, torch.float32, 768)
    assert not screening_pays(few, torch.float32, 768)
    assert not screening_pays(own, torch.float32, 768)
    assert not screening_pays(many, torch.bfloat16, 768)
    assert not screening_pays(torch.zeros(9000, 768), torch.float32, 768)
    monkeypatch.setattr(screening, "_halves_are_fast", lambda device: False)
    assert not screening_pays(many, torch.float32, 768)


@pytest.mark.parametrize("too_small", [1.0, 1.2, 3.0])
def test_the_bound_is_reached_by_spans_that_all_roundings_push_down(too_small: float) -> None:
    """A label of +1 and -1, and spans of numbers just below the middle between two of bfloat16
    where the label is +1, and just above where it is -1: the exact products are near 0, and each
    rounding takes away as much as it can. With a bound that is smaller, they would be lost.
    """
    size, half = 64, 2.0**-8  # of the distance between two numbers from 1 on
    label = torch.ones(size)
    label[size // 2 :] = -1.0
    down, up = 1 + half * (1 - 2.0**-12), 1 + half * (1 + 2.0**-12)
    numbers = torch.where(label > 0, down, up)
    starts = numbers.expand(N_WORDS + MAX_WIDTH, size).clone()
    sums = SpanSums(starts, torch.zeros_like(starts), MAX_WIDTH)
    screen = Screen(label.expand(2, size), torch.eye(size))
    exact = float(numbers.double() @ label.double())
    min_logits = torch.full((2,), exact - 1e-3)
    screen.error /= too_small
    passing = screen.passing(sums, min_logits, INSIDE)
    assert len(passing) == (INSIDE.numel() if too_small == 1.0 else 0)

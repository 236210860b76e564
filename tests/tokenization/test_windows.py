import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.tokenization.windows import Window, cut_windows, limit_counts, owned


@dataclass(frozen=True)
class Text:
    counts: list[int]
    sentence_starts: list[int]
    size: int
    overlap: int
    max_width: int
    budget: int

    @property
    def run(self) -> int:
        return 2 * self.max_width

    def kept(self) -> np.ndarray:
        counts = np.array(self.counts, dtype=np.int32)
        return limit_counts(counts, run=self.run, budget=self.budget)

    def windows(self) -> list[Window]:
        return cut_windows(
            self.kept(),
            self.sentence_starts,
            size=self.size,
            overlap=self.overlap,
            max_width=self.max_width,
            budget=self.budget,
        )

    def spans(self) -> list[Window]:
        n_words, widths = len(self.counts), range(1, self.max_width + 1)
        return [(s, s + k) for s in range(n_words) for k in widths if s + k <= n_words]


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """Any text whose settings allow that no span is cut, as the component checks."""
    max_width = draw(st.integers(1, 5))
    run = 2 * max_width
    size = draw(st.integers(run, run + 12))
    sizes = draw(st.sampled_from([[1], [0, 1, 1, 1, 2, 3, 7, 60]]))
    counts = draw(st.lists(st.sampled_from(sizes), max_size=60))
    borders = st.sets(st.integers(0, len(counts)), max_size=10)
    return Text(
        counts=counts,
        sentence_starts=sorted(draw(borders)),
        size=size,
        overlap=draw(st.integers(max_width, size - 1)),
        max_width=max_width,
        budget=draw(st.integers(run, 100)),
    )


def plain_text(n_words: int, *sentence_starts: int, size: int = 10, overlap: int = 2) -> Text:
    return Text([1] * n_words, list(sentence_starts), size, overlap, max_width=2, budget=1000)


@given(text=texts())
def test_windows_cover_each_word_and_ascend_strictly(text: Text) -> None:
    windows = text.windows()
    covered = {word for start, end in windows for word in range(start, end)}
    assert covered == set(range(len(text.counts)))
    for (start, end), (next_start, next_end) in itertools.pairwise(windows):
        assert start < next_start
        assert end < next_end


@given(text=texts())
def test_windows_keep_to_size_and_budget(text: Text) -> None:
    kept = text.kept()
    for start, end in text.windows():
        assert 0 < end - start <= text.size
        assert kept[start:end].sum() <= text.budget


@given(text=texts())
def test_each_span_has_exactly_one_owner_that_holds_it_whole(text: Text) -> None:
    windows, spans = text.windows(), text.spans()
    owners: dict[Window, list[int]] = {span: [] for span in spans}
    for i, (first, last) in enumerate(windows):
        whole = [(start, end) for start, end in spans if first <= start and end <= last]
        starts, ends = np.array(whole, dtype=np.int32).reshape(-1, 2).T
        mine = owned(starts, ends, windows, i)
        for span, is_mine in zip(whole, mine, strict=True):
            owners[span] += [i] * bool(is_mine)
    assert all(len(found) == 1 for found in owners.values())


@given(text=texts())
def test_a_text_that_fits_is_one_window_whatever_its_sentences(text: Text) -> None:
    n_words = len(text.counts)
    if 0 < n_words <= text.size and sum(text.counts) <= text.budget:
        assert text.windows() == [(0, n_words)]
    elif n_words > text.size:
        assert len(text.windows()) > 1


@given(text=texts())
def test_sentence_borders_cost_at_most_four_times_the_windows(text: Text) -> None:
    n_words = len(text.counts)
    short = replace(text, counts=[1] * n_words, max_width=1, budget=n_words + 2)
    assert len(short.windows()) <= 1 + 4 * n_words / (text.size - text.overlap)


@given(
    counts=st.lists(st.integers(0, 9), max_size=60),
    size=st.integers(1, 9),
    budget=st.integers(1, 9),
)
def test_windows_cover_each_word_even_if_no_two_words_fit(
    counts: list[int], size: int, budget: int
) -> None:
    text = Text(counts, [], size, overlap=size - 1, max_width=3, budget=budget)
    covered = {word for start, end in text.windows() for word in range(start, end)}
    assert covered == set(range(len(counts)))


def test_a_text_that_just_fits_is_not_cut_on_its_sentence_border() -> None:
    assert plain_text(10, 0, 8).windows() == [(0, 10)]


def test_a_sentence_border_does_not_cut_a_window_too_short_to_share_a_span() -> None:
    text = Text([1] * 20, [0, 6], size=12, overlap=5, max_width=5, budget=1000)
    assert text.windows() == [(0, 12), (6, 18), (13, 20)]


def test_an_empty_text_has_no_window() -> None:
    assert plain_text(0).windows() == []


def test_without_sentences_windows_share_the_overlap() -> None:
    assert plain_text(26).windows() == [(0, 10), (8, 18), (16, 26)]


def test_a_window_ends_on_the_last_sentence_border_of_its_second_half() -> None:
    assert plain_text(12, 0, 3, 6, 8).windows()[0] == (0, 8)


def test_a_sentence_border_in_the_first_half_does_not_end_a_window() -> None:
    assert plain_text(12, 0, 4).windows()[0] == (0, 10)


def test_a_window_does_not_end_on_the_sentence_border_of_the_one_before() -> None:
    windows = plain_text(16, 0, 10, size=12, overlap=11).windows()
    assert windows == [(0, 10), (1, 13), (2, 14), (3, 15), (4, 16)]


def test_the_next_window_starts_on_a_near_sentence_border() -> None:
    assert plain_text(16, 0, 5, 9).windows()[:2] == [(0, 9), (5, 15)]


def test_the_next_window_does_not_go_back_to_a_far_sentence_border() -> None:
    assert plain_text(16, 0, 3).windows()[1] == (8, 16)


def test_a_window_holds_fewer_words_where_they_have_many_subtokens() -> None:
    text = Text([1] * 20 + [5] * 20, [], size=20, overlap=4, max_width=2, budget=20)
    assert text.windows()[:3] == [(0, 20), (16, 23), (21, 25)]


def test_trailing_words_without_subtokens_are_in_the_last_window() -> None:
    assert Text([2, 2, 0, 0], [], size=9, overlap=2, max_width=2, budget=4).windows() == [(0, 4)]


@given(text=texts())
def test_each_run_of_words_fits_after_its_words_were_shortened(text: Text) -> None:
    kept = text.kept()
    for start in range(len(kept)):
        assert kept[start : start + text.run].sum() <= text.budget


@given(text=texts())
def test_only_words_in_a_run_that_is_too_long_are_shortened(text: Text) -> None:
    counts, kept = np.array(text.counts, dtype=np.int32), text.kept()
    too_long = {
        word
        for start in range(len(counts))
        if counts[start : start + text.run].sum() > text.budget
        for word in range(start, min(start + text.run, len(counts)))
    }
    share = text.budget // text.run
    for word, (before, after) in enumerate(zip(counts, kept, strict=True)):
        assert after == (min(before, share) if word in too_long else before)


def test_one_huge_word_is_shortened_and_its_short_neighbours_are_not() -> None:
    counts = np.array([1, 3, 100_000, 2, 1], dtype=np.int32)
    assert limit_counts(counts, run=4, budget=40).tolist() == [1, 3, 10, 2, 1]


@pytest.mark.parametrize(
    ("span", "owner"),
    [
        ((0, 2), 0),  # in the first window only
        ((7, 8), 0),  # 2 words to the first window's end, 1 to the second's start
        ((7, 9), 0),  # 1 word of context in both: the earlier
        ((8, 9), 1),
        ((14, 16), 1),  # in the second window only
    ],
)
def test_a_span_belongs_to_the_window_with_more_context_on_its_poorer_side(
    span: Window, owner: int
) -> None:
    windows = [(0, 10), (6, 16)]
    found = [bool(owned(np.array([span[0]]), np.array([span[1]]), windows, i)[0]) for i in (0, 1)]
    assert found[owner]
    if span[0] >= 6 and span[1] <= 10:
        assert not found[1 - owner]


def test_owned_takes_no_spans() -> None:
    none = np.zeros(0, dtype=np.int32)
    assert owned(none, none, [(0, 4), (2, 6)], 1).tolist() == []

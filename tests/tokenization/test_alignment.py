from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spacy_gliner_biomed.tokenization.alignment import Alignment, align_span, cut_points


@dataclass(frozen=True)
class Case:
    """A tokenized text and a span in it, by characters."""

    text: str
    tokens: list[tuple[int, int]]
    start: int
    end: int

    def align(self, alignment: Alignment) -> tuple[int, int] | None:
        starts, ends = zip(*self.tokens, strict=True)
        blank = [self.text[a:b].isspace() for a, b in self.tokens]
        return align_span(starts, ends, self.start, self.end, alignment=alignment, blank=blank)

    def cuts(self) -> dict[int, list[int]]:
        starts, ends = zip(*self.tokens, strict=True)
        return cut_points(starts, ends, [(self.start, self.end)])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Tokens as spaCy makes them: each may have one space after it, which is in no token."""
    words = st.text("ab", min_size=1, max_size=4) | st.sampled_from(["\n", "  ", "a b", "a\nb"])
    text, tokens = "", []
    for word in draw(st.lists(words, min_size=1, max_size=8)):
        tokens.append((len(text), len(text) + len(word)))
        text += word + " " * draw(st.booleans())
    solid = [i for i, character in enumerate(text) if not character.isspace()]
    assume(solid)
    start, last = sorted((draw(st.sampled_from(solid)), draw(st.sampled_from(solid))))
    return Case(text, tokens, start, last + 1)


@given(case=cases())
def test_expand_takes_each_token_that_the_span_touches(case: Case) -> None:
    touched = [i for i, (a, b) in enumerate(case.tokens) if a < case.end and case.start < b]
    assert case.align("expand") == (touched[0], touched[-1] + 1)


@given(case=cases())
def test_contract_takes_the_tokens_that_are_whole_in_the_span_without_white_space_around(
    case: Case,
) -> None:
    whole = [
        i
        for i, (a, b) in enumerate(case.tokens)
        if case.start <= a and b <= case.end and not case.text[a:b].isspace()
    ]
    assert case.align("contract") == ((whole[0], whole[-1] + 1) if whole else None)


@given(case=cases())
def test_strict_takes_exact_ends_only(case: Case) -> None:
    starts, ends = zip(*case.tokens, strict=True)
    exact = case.start in starts and case.end in ends
    first, last = (starts.index(case.start), ends.index(case.end)) if exact else (0, 0)
    assert case.align("strict") == ((first, last + 1) if exact else None)


@given(case=cases(), alignment=st.sampled_from(["expand", "contract", "split"]))
def test_all_choices_are_the_same_for_exact_ends(case: Case, alignment: Alignment) -> None:
    exact = case.align("strict")
    assume(exact is not None)
    assert case.align(alignment) == exact


@given(case=cases())
def test_after_the_cuts_the_span_has_its_exact_characters(case: Case) -> None:
    cuts = case.cuts()
    tokens = [
        piece
        for i, (a, b) in enumerate(case.tokens)
        for piece in zip([a, *cuts.get(i, [])], [*cuts.get(i, []), b], strict=True)
    ]
    assert all(a < b for a, b in tokens)
    aligned = Case(case.text, tokens, case.start, case.end).align("split")
    assert aligned is not None
    first, last = aligned
    assert (tokens[first][0], tokens[last - 1][1]) == (case.start, case.end)


@given(case=cases())
def test_nothing_is_cut_where_the_ends_are_exact(case: Case) -> None:
    assert bool(case.cuts()) == (case.align("strict") is None)


def test_cuts_of_several_spans_are_each_made_once_in_order() -> None:
    # abcdef ghij: tokens (0, 6), (7, 11)
    spans = [(2, 4), (0, 2), (4, 9), (4, 11)]
    assert cut_points([0, 7], [6, 11], spans) == {0: [2, 4], 1: [9]}


def test_no_spans_no_cuts() -> None:
    assert cut_points([0, 7], [6, 11], []) == {}


@pytest.mark.parametrize("alignment", ["expand", "contract", "split", "strict"])
def test_a_span_between_tokens_has_none(alignment: Alignment) -> None:
    assert align_span([0, 5], [3, 8], 3, 5, alignment=alignment) is None


def test_contract_counts_no_token_as_white_space_unless_told() -> None:
    # "xab" "\n" "cd", span "ab\ncd"
    assert align_span([0, 3, 4], [3, 4, 6], 1, 6, alignment="contract") == (1, 3)
    blank = [False, True, False]
    assert align_span([0, 3, 4], [3, 4, 6], 1, 6, alignment="contract", blank=blank) == (2, 3)


def test_contract_leaves_nothing_of_a_span_inside_one_token() -> None:
    assert align_span([0], [9], 2, 4, alignment="contract") is None

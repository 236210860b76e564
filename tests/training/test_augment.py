"""Swapped mentions: each is where its span says, nothing around them changes."""

import random

from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.augment import collect_mentions, swap_mentions
from spacy_gliner_biomed.training.corpora import AnnotatedText

LABELS = ["chemical", "disease"]
MENTIONS = {"chemical": ["aspirin", "5-FU"], "disease": ["asthma", "liver disease"]}


@st.composite
def windows(draw: st.DrawFn) -> tuple[AnnotatedText, list[str]]:
    """A text of pieces between mentions, and the pieces."""
    between = draw(st.lists(st.text(max_size=5), min_size=1, max_size=5))
    text, spans = between[0], []
    for piece in between[1:]:
        mention, label = draw(st.text(min_size=1, max_size=5)), draw(st.sampled_from(LABELS))
        spans.append((len(text), len(text) + len(mention), label))
        text += mention + piece
    return AnnotatedText(text, spans, [], LABELS), between


@given(windows(), st.integers())
def test_mentions_are_swapped_and_the_rest_stays(
    window: tuple[AnnotatedText, list[str]], seed: int
) -> None:
    text, between = window
    swapped = swap_mentions(text, MENTIONS, random.Random(seed))
    assert [label for *_, label in swapped.spans] == [label for *_, label in text.spans]
    done, kept = 0, []
    for start, end, label in swapped.spans:
        assert swapped.text[start:end] in MENTIONS[label]
        kept.append(swapped.text[done:start])
        done = end
    assert [*kept, swapped.text[done:]] == between


def test_overlapping_entities_are_left_as_they_are() -> None:
    text = AnnotatedText("liver disease", [(0, 5, "organ"), (0, 13, "disease")], [], LABELS)
    assert swap_mentions(text, collect_mentions([text]), random.Random(0)) is text


def test_mentions_are_collected_once_by_label() -> None:
    text = AnnotatedText("a b a", [(0, 1, "x"), (2, 3, "y"), (4, 5, "x")], [], LABELS)
    assert collect_mentions([text]) == {"x": ["a"], "y": ["b"]}


def test_nothing_is_known_of_the_relations_of_other_mentions() -> None:
    first, second = (0, 4, "chemical"), (10, 14, "disease")
    text = AnnotatedText(
        "zinc gave gout",
        [first, second],
        [],
        LABELS,
        relations=[(first, second, "a")],
        annotated_relations=["a"],
    )
    swapped = swap_mentions(text, MENTIONS, random.Random(0))
    assert (swapped.relations, swapped.annotated_relations) == (None, None)

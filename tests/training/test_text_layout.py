import random

from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.text_layout import make_list, plain_mentions, wrap_lines

TEXT = "Severe chronic kidney disease was seen after naproxen. It improved."
SPANS = [(7, 29, "disease"), (15, 21, "organ"), (45, 53, "drug")]


def annotated(text: str, spans: list[tuple[int, int, str]]) -> AnnotatedText:
    return AnnotatedText(text, spans, [], ["disease", "drug", "organ"])


@given(st.text("ab \n", max_size=80), st.integers(1, 30))
def test_wrapping_turns_spaces_into_line_breaks_and_nothing_else(text: str, width: int) -> None:
    wrapped = wrap_lines(annotated(text, []), width).text
    assert len(wrapped) == len(text)
    assert all(a == b or (a, b) == (" ", "\n") for a, b in zip(text, wrapped, strict=True))


@given(st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=30))
def test_wrapped_lines_are_no_longer_than_a_word_needs(words: list[str]) -> None:
    wrapped = wrap_lines(annotated(" ".join(words), []), 12).text
    assert all(len(line) <= 12 or " " not in line for line in wrapped.split("\n"))


def test_a_mention_can_be_wrapped_and_keeps_its_offsets() -> None:
    wrapped = wrap_lines(annotated(TEXT, SPANS), 20)
    assert wrapped.text[7:29] == "chronic\nkidney disease"
    assert wrapped.spans == SPANS


def test_only_mentions_that_overlap_no_other_are_items() -> None:
    other = annotated("naproxen and gout", [(0, 8, "drug"), (13, 17, "disease")])
    assert plain_mentions([annotated(TEXT, SPANS), other]) == {
        "drug": ["naproxen"],
        "disease": ["gout"],
    }


def test_a_mention_with_two_labels_is_no_item() -> None:
    both = annotated("milk", [(0, 4, "drug"), (0, 4, "organ")])
    assert plain_mentions([both]) == {}


@given(st.integers(0, 200))
def test_every_item_of_a_list_is_annotated_at_its_characters(seed: int) -> None:
    mentions = {"drug": ["naproxen", "iron sulfate"], "disease": ["gout"]}
    made = make_list(mentions, ["drug", "disease"], random.Random(seed), "notes")
    assert 3 <= len(made.spans) <= 12
    for start, end, label in made.spans:
        assert made.text[start:end] in mentions[label]
    rest = made.text
    for start, end, _ in reversed(made.spans):
        rest = rest[:start] + rest[end:]
    assert "naproxen" not in rest
    assert "gout" not in rest

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.tokenization.layout import LayoutMarks
from spacy_gliner_biomed.tokenization.words import split_words
from tests.tiny import tiny_tokenizer

MARKS = LayoutMarks(line=9997, paragraph=9998, column=9999)
TEXTS = st.text("ab,- \n\t\r\u2028", max_size=40) | st.text(max_size=30)


@pytest.mark.parametrize(
    ("gap", "mark"),
    [
        ("", None),
        (" ", None),
        ("  ", None),
        ("   ", 9999),
        ("\t", 9999),
        ("\n", 9997),
        ("\r\n", 9997),
        ("\r", 9997),
        ("  \n ", 9997),
        ("\n\n", 9998),
        ("\r\n\r\n", 9998),
        ("\n \t\n\n", 9998),
        ("\u2028", 9997),
    ],
)
def test_a_gap_has_the_mark_of_its_widest_break(gap: str, mark: int | None) -> None:
    assert MARKS.mark(gap) == mark


def marked(text: str) -> tuple[list[int], list[int]]:
    from dataclasses import replace

    words = split_words(text, "fine")
    ids, counts = replace(tiny_tokenizer(), layout=(9997, 9998, 9999)).encode_text(text, words)
    return ids.tolist(), counts.tolist()


def test_marks_come_after_the_word_before_the_gap() -> None:
    plain = tiny_tokenizer().encode(["drug", "disease"])[0].tolist()
    ids, counts = marked("drug\ndisease")
    assert ids == [plain[0], 9997, plain[1]]
    assert counts == [2, 1]


def test_white_space_at_the_ends_has_no_mark() -> None:
    assert marked("\n\ndrug \n") == marked("drug")
    assert marked("\n\t") == ([], [])


def test_a_word_without_subtokens_gets_no_mark() -> None:
    ids, counts = marked("drug \x01\ndisease")
    assert counts == [1, 0, 1]
    assert 9997 not in ids


@given(TEXTS)
def test_without_the_marks_the_subtokens_are_the_same(text: str) -> None:
    words = split_words(text, "fine")
    plain, plain_counts = tiny_tokenizer().encode_text(text, words)
    ids, counts = marked(text)
    assert [i for i in ids if i not in (9997, 9998, 9999)] == plain.tolist()
    assert np.all((np.array(counts) - plain_counts) <= 1)


@given(TEXTS)
def test_a_single_space_or_none_is_never_marked(text: str) -> None:
    flat = re.sub(r"\s+", " ", text)
    assert marked(flat) == marked(flat.strip())
    assert not {9997, 9998, 9999} & set(marked(flat)[0])

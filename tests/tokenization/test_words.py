import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.tokenization.words import SPLITTERS, split_words

# White space of all kinds, control characters, emoji with joiner and skin tone, combining
# marks, right-to-left letters and marks, and letters outside the basic plane.
ODD = " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2003\u2028\u200b\u200d\ufeff\x00\x7f" + (
    "_-aZé\u0301ßµα٣५²Ⅻ中の\u202e\u05e9\u0644\u0651\u0915\u094d\U0001f9ec\U0001f3fd\ufe0f\U00010400"
)
TEXTS = st.text() | st.text(st.sampled_from(ODD), max_size=40)


def words_of(text: str, splitter: str) -> list[str]:
    words = split_words(text, splitter)
    return [text[a:b] for a, b in zip(words.starts, words.ends, strict=True)]


@pytest.mark.parametrize("splitter", SPLITTERS)
@given(text=TEXTS)
def test_every_character_but_white_space_is_in_exactly_one_word(splitter: str, text: str) -> None:
    words = split_words(text, splitter)
    times = np.zeros(len(text), dtype=int)
    for start, end in zip(words.starts, words.ends, strict=True):
        times[start:end] += 1
    assert times.tolist() == [int(not character.isspace()) for character in text]


@pytest.mark.parametrize("splitter", SPLITTERS)
@given(text=TEXTS)
def test_words_are_not_empty_and_ascend(splitter: str, text: str) -> None:
    words = split_words(text, splitter)
    assert (words.starts < words.ends).all()
    assert (words.ends[:-1] <= words.starts[1:]).all()
    assert len(words) == len(words.starts) == len(words.ends)


@given(text=TEXTS)
def test_fine_words_are_parts_of_published_words(text: str) -> None:
    published = split_words(text, "whitespace")
    fine = split_words(text, "fine")
    assert set(published.starts) <= set(fine.starts)
    assert set(published.ends) <= set(fine.ends)


@given(text=TEXTS)
def test_fine_words_are_letters_or_digits_or_one_character(text: str) -> None:
    for word in words_of(text, "fine"):
        assert len(word) == 1 or not re.search(r"[\W\d_]", word) or re.fullmatch(r"\d+", word)


@pytest.mark.parametrize(
    ("splitter", "text", "expected"),
    [
        ("whitespace", "cocaine-induced", ["cocaine-induced"]),
        ("fine", "cocaine-induced", ["cocaine", "-", "induced"]),
        ("whitespace", "IL-2_mRNA (5 mg/kg).", ["IL-2_mRNA", "(", "5", "mg", "/", "kg", ")", "."]),
        ("fine", "IL-2_mRNA", ["IL", "-", "2", "_", "mRNA"]),
        ("fine", "BRCA1", ["BRCA", "1"]),
        ("whitespace", "a--b -c d-", ["a", "-", "-", "b", "-", "c", "d", "-"]),
        ("whitespace", "\U0001f9ec\U0001f3fd DNA", ["\U0001f9ec", "\U0001f3fd", "DNA"]),
        ("whitespace", "e\u0301tat", ["e", "\u0301", "tat"]),
        ("fine", "e\u0301tat", ["e", "\u0301", "tat"]),
        ("whitespace", "السكري، מחלה", ["السكري", "،", "מחלה"]),
        ("fine", "α-β٣", ["α", "-", "β", "٣"]),
        ("whitespace", " \n\u2003", []),
        ("fine", "", []),
    ],
)
def test_words_of(splitter: str, text: str, expected: list[str]) -> None:
    assert words_of(text, splitter) == expected


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("unit", ["a", "a-", "a_", "-", "1a"])
def test_a_token_of_100_000_characters_is_split_at_once(splitter: str, unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert "".join(words_of(text, splitter)) == text


def test_an_unknown_splitter_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(ValueError, match=r"E014.*'polyglot'.*whitespace, fine"):
        split_words("a text", "polyglot")


@pytest.fixture(scope="module")
def upstream() -> Any:
    return pytest.importorskip("gliner.data_processing.tokenizer").WhitespaceTokenSplitter()


@given(text=TEXTS)
def test_published_splitter_is_that_of_the_gliner_package(upstream: Any, text: str) -> None:
    words = split_words(text, "whitespace")
    ours = list(zip(words_of(text, "whitespace"), words.starts, words.ends, strict=True))
    assert ours == list(upstream(text))

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.tokenization.prompts import Prompt, bare_prompt
from spacy_gliner_biomed.tokenization.rows import EncodedText, length_batches
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer

SUBTOKENS = Subtokenizer("{}", prefix=(101, 102), suffix=(103,), pad_id=0, max_length=None)
PROMPT = Prompt(("gene",), np.array([7, 8, 9], dtype=np.int32), np.array([0], dtype=np.int32))


def encoded(words: list[list[int]], keep: list[int] | None = None) -> EncodedText:
    counts = np.array([len(word) for word in words], dtype=np.int32)
    ids = np.array([i for word in words for i in word], dtype=np.int32)
    return EncodedText(ids, counts, counts if keep is None else np.array(keep, dtype=np.int32))


def test_a_row_is_prefix_prompt_words_and_suffix() -> None:
    row = encoded([[1, 2], [3], [4, 5]]).row((0, 3), PROMPT, SUBTOKENS)
    assert row.input_ids.tolist() == [101, 102, 7, 8, 9, 1, 2, 3, 4, 5, 103]
    assert row.word_positions.tolist() == [5, 7, 8]
    assert row.label_positions.tolist() == [2]
    assert row.prompts == ("gene",)
    assert row.input_ids.dtype == row.word_positions.dtype == row.label_positions.dtype == np.int32


def test_a_row_of_a_bi_encoder_has_no_prompt_in_its_sequence() -> None:
    row = encoded([[1], [2]]).row((0, 2), bare_prompt(["gene"]), SUBTOKENS)
    assert row.input_ids.tolist() == [101, 102, 1, 2, 103]
    assert row.label_positions.tolist() == []


def test_a_row_of_a_tokenizer_without_special_tokens() -> None:
    bare = Subtokenizer("{}", prefix=(), suffix=(), pad_id=0, max_length=None)
    row = encoded([[1], [2]]).row((0, 2), bare_prompt(["gene"]), bare)
    assert row.input_ids.tolist() == [1, 2]
    assert row.word_positions.tolist() == [0, 1]


def test_words_without_subtokens_are_holes() -> None:
    row = encoded([[], [1], [], [2, 3], []]).row((0, 5), PROMPT, SUBTOKENS)
    assert row.word_positions.tolist() == [-1, 5, -1, 6, -1]


def test_a_window_of_holes_is_a_row_without_words() -> None:
    row = encoded([[], []]).row((0, 2), PROMPT, SUBTOKENS)
    assert row.input_ids.tolist() == [101, 102, 7, 8, 9, 103]
    assert row.word_positions.tolist() == [-1, -1]


def test_shortened_words_keep_their_first_subtokens() -> None:
    row = encoded([[1], [2, 3, 4, 5], [6, 7]], keep=[1, 2, 2]).row((0, 3), PROMPT, SUBTOKENS)
    assert row.input_ids.tolist()[5:-1] == [1, 2, 3, 6, 7]
    assert row.word_positions.tolist() == [5, 6, 8]


@given(data=st.data())
def test_word_positions_point_at_the_first_subtokens_of_the_windows_words(
    data: st.DataObject,
) -> None:
    words = data.draw(st.lists(st.lists(st.integers(200, 900), max_size=4), min_size=1))
    keep = [data.draw(st.integers(min(len(word), 1), len(word))) for word in words]
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    row = encoded(words, keep).row((start, end), PROMPT, SUBTOKENS)
    expected = [word[:n] for word, n in zip(words, keep, strict=True)][start:end]
    assert row.input_ids.tolist() == [101, 102, 7, 8, 9, *itertools.chain(*expected), 103]
    for position, word in zip(row.word_positions, expected, strict=True):
        assert row.input_ids[position : position + len(word)].tolist() == word
        assert (position == -1) == (not word)


@given(lengths=st.lists(st.integers(1, 50)), bound=st.integers(1, 200))
def test_every_row_is_in_one_batch_and_batches_keep_to_the_bound(
    lengths: list[int], bound: int
) -> None:
    batches = length_batches(lengths, bound)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[i] for i in batch)
        assert padded <= bound or len(batch) == 1


@pytest.mark.parametrize(
    ("lengths", "bound", "expected"),
    [
        ([], 10, []),
        ([5, 5, 5], 10, [[0, 1], [2]]),
        ([2, 9, 3, 3], 9, [[1], [2, 3, 0]]),
        ([20, 4], 10, [[0], [1]]),
    ],
)
def test_batches_hold_rows_of_similar_length_longest_first(
    lengths: list[int], bound: int, expected: list[list[int]]
) -> None:
    assert length_batches(lengths, bound) == expected

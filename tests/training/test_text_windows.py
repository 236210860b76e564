import random
from itertools import islice

import pytest

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.text_windows import cut_sentences, shuffled_windows
from tests.training.test_readers import TEXT


def test_sentence_windows_cover_the_text_and_cut_no_entity() -> None:
    crossing = AnnotatedText(
        TEXT, [(16, 30, "x"), (0, 7, "y")], [(0, 23), (24, 38), (39, 51)], ["x"]
    )
    for seed in range(10):
        parts = list(cut_sentences(crossing, 2, 100, random.Random(seed)))
        assert "".join(part.text for part in parts) == TEXT
        assert sum(len(part.spans) for part in parts) == 2
        assert all(p.text[a:b] in TEXT for p in parts for a, b, _ in p.spans)


def test_a_window_has_the_relations_of_which_it_has_both_ends() -> None:
    first, second, third = (0, 7, "x"), (16, 22, "y"), (39, 43, "x")
    sentences = [(0, 23), (24, 38), (39, 51)]
    text = AnnotatedText(
        TEXT,
        [first, second, third],
        sentences,
        None,
        relations=[(first, second, "a"), (third, first, "b"), (third, third, "c")],
        annotated_relations=["a"],
    )
    parts = list(cut_sentences(text, 1, 100, random.Random(0)))
    assert [part.relations for part in parts] == [
        [(first, second, "a")],
        [],
        [((0, 4, "x"), (0, 4, "x"), "c")],
    ]
    assert all(part.annotated_relations == ["a"] for part in parts)


def test_relations_between_windows_are_counted_once() -> None:
    first, second, third = (0, 7, "x"), (16, 22, "y"), (39, 43, "x")
    relations = [(first, second, "a"), (third, first, "b"), (second, third, "b")]
    sentences = [(0, 23), (24, 38), (39, 51)]
    text = AnnotatedText(
        TEXT, [first, second, third], sentences, None, corpus="zinc", relations=relations
    )
    windows = shuffled_windows([text], 1, 100, random.Random(0))
    with pytest.warns(
        UserWarning, match=r"\[GB-W355\] Of 3 relations in the corpus 'zinc', 2 cannot"
    ) as given:
        list(islice(windows, 9))  # three passes
    assert len(given) == 1

import random

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.text_windows import cut_sentences
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

import random
from collections.abc import Iterator
from itertools import islice, repeat

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.entity_targets import set_partial
from spacy_gliner_biomed.training.gold import read_gold
from spacy_gliner_biomed.training.loss import FocalLoss
from spacy_gliner_biomed.training.partial_labels import with_excluded, with_fine_labels
from spacy_gliner_biomed.training.word_gold import partial_words
from tests.training.test_hierarchy import hierarchy  # noqa: F401  a fixture

TEXT = "Captopril against angina, not nephritis."
WINDOW = AnnotatedText(
    TEXT,
    [(0, 9, "drug"), (18, 24, "disease"), (30, 39, "disease")],
    [],
    ["drug", "disease"],
    concepts=[
        (0, 9, "drug", "MESH:D3"),
        (18, 24, "disease", "MESH:D1"),
        (30, 39, "disease", "MESH:D2"),
    ],
)


def windows() -> Iterator[AnnotatedText]:
    return repeat(WINDOW)


def test_excluded_labels_are_negatives_at_mentions_of_other_families() -> None:
    for text in islice(with_excluded(windows(), 1.0, random.Random(0)), 200):
        assert 1 <= len(text.partial) <= 4
        for label, known in text.partial.items():
            assert label not in ("drug", "disease", "chemical")
            assert label != "symptom" or known == [(0, 9, False)]
            assert {(a, b) for a, b, _ in known} <= {(0, 9), (18, 24), (30, 39)}
            assert not any(is_right for *_, is_right in known)


def test_some_windows_are_asked_for_partial_labels_alone() -> None:
    made = list(islice(with_excluded(windows(), 1.0, random.Random(0)), 200))
    alone = [text for text in made if not text.annotated]
    assert 30 < len(alone) < 90
    assert all(not text.spans and text.partial for text in alone)


def test_fine_labels_are_right_at_their_mentions_and_wrong_at_siblings(
    hierarchy: object,  # noqa: F811
) -> None:
    found = {}
    for text in islice(with_fine_labels(windows(), hierarchy, 1.0, random.Random(1)), 60):  # type: ignore[arg-type]
        found.update(text.partial)
    assert (18, 24, True) in found["heart disease"]
    assert (30, 39, False) in found["heart disease"]
    assert found["antihypertensive agent"] == [(0, 9, True)]  # diseases have no actions


def test_without_a_share_nothing_is_added() -> None:
    assert next(with_excluded(windows(), 0.0, random.Random(0))) is WINDOW


def test_partial_labels_survive_a_docbin() -> None:
    text = next(with_excluded(windows(), 1.0, random.Random(3)))
    nlp = spacy.blank("en")
    data = DocBin(docs=[gold_doc(nlp, text, "sc")], store_user_data=True).to_bytes()
    (doc,) = DocBin().from_bytes(data).get_docs(nlp.vocab)
    partial = read_gold(doc, "sc").partial
    assert {x: [tuple(k) for k in known] for x, known in partial.items()} == text.partial


def test_partial_spans_become_words_and_others_are_left_out() -> None:
    partial = {
        "heart disease": [(18, 24, True), (30, 39, False), (19, 24, True)],
        "x": [(1, 2, True)],
    }
    words = split_words(TEXT, "fine")
    assert partial_words(partial, words, 12) == {"heart disease": [(2, 3, True), (5, 6, False)]}
    assert partial_words({"long": [(0, 39, True)]}, words, 3) == {}


def test_only_known_spans_have_a_loss() -> None:
    targets = np.zeros((4, 2, 2), dtype=np.float32)
    set_partial(targets[..., 1], [(0, 1, True), (2, 4, False)])
    logits = np.full_like(targets, 0.3)
    _, gradient = FocalLoss()(logits, targets)
    known = np.zeros((4, 2), dtype=bool)
    known[0, 0] = known[2, 1] = True
    assert np.array_equal(gradient[..., 1] != 0, known)
    assert gradient[0, 0, 1] < 0 < gradient[2, 1, 1]
    assert np.all(gradient[..., 0] > 0)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_windows(seed: int) -> None:
    def run() -> list[AnnotatedText]:
        return list(islice(with_excluded(windows(), 0.5, random.Random(seed)), 20))

    assert run() == run()

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language

from spacy_gliner_biomed.curation.annotation_order import OrderSettings, propose
from spacy_gliner_biomed.curation.document_pool import DocumentPool
from spacy_gliner_biomed.documents.inputs import InputDocument, Record

WORDS = ["aspirin", "fever", "cancer", "breast", "seen", "patient", "gout", "insulin", "of", "in"]


def texts(n_texts: int) -> list[str]:
    rng = random.Random(0)
    return [" ".join(rng.choices(WORDS, k=rng.randrange(3, 12))) + f" {i}" for i in range(n_texts)]


def documents(found: list[str]) -> Iterator[InputDocument]:
    return ((text, Record(number)) for number, text in enumerate(found))


@pytest.fixture
def nlp(make_nlp: Callable[..., Language]) -> Language:
    nlp = make_nlp()
    nlp.initialize()
    return nlp


def test_every_text_is_counted_and_repeats_are_left_out(nlp: Language, tmp_path: Path) -> None:
    done = tmp_path / "done.jsonl"
    done.write_text(json.dumps({"text": "known fever", "entities": []}) + "\n")
    pool = DocumentPool(nlp, OrderSettings(), [done])
    pool.read(documents(["a fever", " \n", "a fever", "known fever", "gout", ""]))
    assert pool.counts == {"read": 6, "annotated already": 1, "repeats": 1, "without words": 2}
    assert {each.source[0] for each in pool.candidates()} == {"a fever", "gout"}


def test_the_candidates_of_a_large_pool_are_limited_and_do_not_depend_on_its_order(
    nlp: Language,
) -> None:
    found = texts(60)
    kept = []
    for order in (found, found[::-1]):
        pool = DocumentPool(nlp, OrderSettings(count=5, sample=10))
        pool.read(documents(order), batch_size=1)
        assert len(pool.unsure.heap) == len(pool.sample.heap) == len(pool.vectors()) == 10
        kept.append([each.source[0] for each in pool.candidates()])
    assert kept[0] == kept[1]
    assert 10 <= len(kept[0]) <= 20
    everything = DocumentPool(nlp, OrderSettings(sample=100))
    everything.read(documents(found))
    unsure = sorted((each.uncertainty for each in everything.candidates()), reverse=True)[:10]
    best = DocumentPool(nlp, OrderSettings(count=5, sample=10))
    best.read(documents(found))
    values = sorted((each.uncertainty for each in best.unsure), reverse=True)
    assert values == pytest.approx(unsure, abs=1e-5)


def test_a_sample_smaller_than_the_count_leaves_enough_candidates(nlp: Language) -> None:
    settings = OrderSettings(count=4, sample=1)
    pool = DocumentPool(nlp, settings)
    pool.read(documents(texts(5)))
    vectors = pool.vectors()
    assert len(vectors) == 1
    assert len(propose(pool.candidates(), vectors, pool.covered(vectors), settings)) == 4


def test_another_seed_is_another_sample(nlp: Language) -> None:
    samples = []
    for seed in (0, 1):
        pool = DocumentPool(nlp, OrderSettings(sample=10, uncertainty=0, seed=seed))
        pool.read(documents(texts(60)))
        samples.append({each.source[0] for each in pool.sample})
    assert samples[0] != samples[1]


def test_what_is_annotated_is_covered(nlp: Language, tmp_path: Path) -> None:
    found = texts(4)
    done = tmp_path / "done.jsonl"
    done.write_text(json.dumps({"text": found[0], "entities": []}) + "\n")
    pool = DocumentPool(nlp, OrderSettings(), [done])
    pool.read(documents(found[1:]))
    vectors = pool.vectors()
    covered = pool.covered(vectors)
    assert covered.shape == (3,)
    assert np.all(covered > 0)
    itself = DocumentPool(nlp, OrderSettings())
    itself.read(documents(found[:1]))
    assert pool.covered(itself.vectors()) == pytest.approx([1.0], abs=1e-5)
    assert DocumentPool(nlp, OrderSettings()).covered(vectors).tolist() == [0, 0, 0]


def test_weights_of_0_save_the_work(nlp: Language) -> None:
    pool = DocumentPool(nlp, OrderSettings(uncertainty=0))
    pool.read(documents(texts(3)))
    assert {each.uncertainty for each in pool.candidates()} == {0.0}
    pool = DocumentPool(nlp, OrderSettings(coverage=0))
    pool.read(documents(texts(3)))
    assert pool.vectors().size == 0
    assert any(each.uncertainty > 0 for each in pool.candidates())


def test_thresholds_of_labels_do_not_hide_what_the_model_doubts(
    make_nlp: Callable[..., Language],
) -> None:
    found = []
    for labels in (["disease", "drug"], [{"label": "disease", "threshold": 0.99}, "drug"]):
        nlp = make_nlp(labels=labels, threshold=0.9)
        nlp.initialize()
        pool = DocumentPool(nlp, OrderSettings(coverage=0))
        pool.read(documents(texts(5)))
        found.append([each.uncertainty for each in pool.candidates()])
    assert found[0] == found[1]

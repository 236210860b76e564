"""The mixed corpus: endless, repeatable, and with the labels that each corpus annotates."""

import itertools
import json
from pathlib import Path

import pytest
import spacy

from spacy_gliner_biomed.training.gold import read_gold
from spacy_gliner_biomed.training.mixed_corpus import make_mixed_corpus
from spacy_gliner_biomed.training.readers import make_corpus
from tests.training.test_readers import LINE, TEXT, write_corpus


def test_mixed_corpus_is_endless_repeatable_and_leaves_documents_out(tmp_path: Path) -> None:
    second = {**LINE, "id": "2", "text": "Only this one.", "entities": [], "sents": []}
    write_corpus(tmp_path, "a", [LINE, second])
    write_corpus(tmp_path, "b", [LINE])
    exclude = tmp_path / "exclude.json"
    exclude.write_text(json.dumps({"b": {"train": {}}, "a": {"train": {"2": ["c"]}}}))
    read = make_mixed_corpus(tmp_path, ["train"], {"a": 1.0, "b": 1.0}, exclude=exclude)
    nlp = spacy.blank("en")

    def run() -> list[str]:
        return [example.reference.text for example in itertools.islice(read(nlp), 60)]

    texts = run()
    assert texts == run()
    assert not any("Only this one" in text for text in texts)


def test_held_out_documents_are_those_of_the_first_share_of_dev(tmp_path: Path) -> None:
    lines = [{**LINE, "id": str(i), "text": f"{TEXT} {i}", "sents": []} for i in range(10)]
    write_corpus(tmp_path, "a", lines, "dev")
    nlp = spacy.blank("en")
    held = [eg.reference.text for eg in make_corpus(tmp_path, "dev", ["a"], share=0.25)(nlp)]
    assert held == [f"{TEXT} {i}" for i in range(3)]
    read = make_mixed_corpus(tmp_path, ["dev"], {"a": 1.0}, hold_out=0.25)
    seen = {eg.reference.text for eg in itertools.islice(read(nlp), 50)}
    assert seen == {f"{TEXT} {i}" for i in range(3, 10)}


@pytest.mark.parametrize(
    ("partial", "annotated"),
    [(True, {("chemical", "disease"), ("disease",)}), (False, {("chemical", "disease")})],
)
def test_a_window_knows_what_its_corpus_annotates_unless_told_not_to(
    tmp_path: Path, partial: bool, annotated: set[tuple[str, ...]]
) -> None:
    for name in "ab":
        write_corpus(tmp_path, name, [LINE], "train")
    weights, merged = {"a": 1.0, "b": 1.0}, {"b": "disease"}
    read = make_mixed_corpus(tmp_path, ["train"], weights, merged, partial=partial)
    golds = [
        read_gold(example.reference, "sc")
        for example in itertools.islice(read(spacy.blank("en")), 20)
    ]
    assert {tuple(gold.annotated or ()) for gold in golds} == annotated
    assert {gold.corpus for gold in golds} == {"a", "b"}


def test_a_mixed_corpus_finds_corpora_in_further_folders(tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "more").mkdir()
    write_corpus(tmp_path / "main", "a", [LINE])
    write_corpus(tmp_path / "more", "b", [{**LINE, "annotated_labels": ["Chem"]}])
    weights = {"a": 1.0, "b": 1.0}
    read = make_mixed_corpus(tmp_path / "main", ["train"], weights, more=[tmp_path / "more"])
    examples = itertools.islice(read(spacy.blank("en")), 40)
    golds = [read_gold(example.reference, "sc") for example in examples]
    known = {gold.corpus: tuple(gold.annotated or ()) for gold in golds}
    assert known == {"a": ("chemical", "disease"), "b": ("chemical",)}


def test_a_mixed_corpus_lays_out_lists_and_asks_for_far_labels(tmp_path: Path) -> None:
    write_corpus(tmp_path, "a", [LINE] * 3)
    shares = {"wrap": 0.5, "lists": 0.3, "far": 0.5, "excluded": 0.5}
    read = make_mixed_corpus(tmp_path, ["train"], {"a": 1.0}, **shares)  # type: ignore[arg-type]
    docs = [example.reference for example in itertools.islice(read(spacy.blank("en")), 60)]
    golds = [read_gold(doc, "sc") for doc in docs]
    assert any("\n" in doc.text for doc in docs)
    assert any(len(gold.annotated or ()) > 2 for gold in golds)
    assert any(gold.partial for gold in golds)
    for doc, gold in zip(docs, golds, strict=True):
        mentions = {doc.text[start:end].replace("\n", " ") for start, end, _ in gold.spans}
        assert mentions <= {"Aspirin", "asthma"}

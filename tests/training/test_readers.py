"""Corpus readers: what is annotated travels, nothing is cut, errors name file and line."""

import gzip
import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.gold import read_gold
from spacy_gliner_biomed.training.readers import (
    cut_sentences,
    make_corpus,
    make_file,
    make_mixed_corpus,
    read_corpus,
)

TEXT = "Aspirin-induced asthma. It was severe. IL-2 helped."
LINE = {
    "id": "1",
    "text": TEXT,
    "entities": [
        {"start": 0, "end": 7, "label": "Chem"},
        {"start": 16, "end": 22, "label": "Dis"},
    ],
    "sents": [[0, 23], [24, 38], [39, 51]],
}


def write_corpus(
    folder: Path, name: str, lines: list[dict[str, Any]], split: str = "train"
) -> Path:
    (folder / name).mkdir(exist_ok=True)
    meta = {"labels": {"Chem": "chemical", "Dis": "disease"}}
    (folder / name / "meta.json").write_text(json.dumps(meta))
    with gzip.open(folder / name / f"{split}.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return folder


def test_gold_keeps_its_characters_and_the_annotated_labels_in_a_docbin(tmp_path: Path) -> None:
    write_corpus(tmp_path, "a", [LINE])
    nlp = spacy.blank("en")
    (example,) = make_corpus(tmp_path, "train", ["a"])(nlp)
    data = DocBin(docs=[example.reference], store_user_data=True).to_bytes()
    (doc,) = DocBin().from_bytes(data).get_docs(nlp.vocab)
    gold = read_gold(doc, "sc")
    assert doc.text == TEXT
    assert gold.spans == [(0, 7, "chemical"), (16, 22, "disease")]
    assert gold.annotated == ["chemical", "disease"]


def test_tokens_are_cut_only_where_gold_needs_it() -> None:
    nlp = spacy.blank("en")
    text = "xAspirin pills  work"
    doc = gold_doc(nlp, AnnotatedText(text, [(1, 8, "drug")], [], ["drug"]), "sc")
    assert [token.text for token in doc] == ["x", "Aspirin", "pills", " ", "work"]
    assert doc.text == text


def test_one_label_can_stand_for_all(tmp_path: Path) -> None:
    write_corpus(tmp_path, "a", [LINE])
    (text,) = read_corpus(tmp_path, "a", ["train"], "entity")
    assert [label for *_, label in text.spans] == ["entity", "entity"]
    assert text.annotated == ["entity"]


def test_sentence_windows_cover_the_text_and_cut_no_entity() -> None:
    crossing = AnnotatedText(
        TEXT, [(16, 30, "x"), (0, 7, "y")], [(0, 23), (24, 38), (39, 51)], ["x"]
    )
    for seed in range(10):
        parts = list(cut_sentences(crossing, 2, 100, random.Random(seed)))
        assert "".join(part.text for part in parts) == TEXT
        assert sum(len(part.spans) for part in parts) == 2
        assert all(p.text[a:b] in TEXT for p in parts for a, b, _ in p.spans)


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


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"text": "a", "entities": ', "Expecting value"),
        ('{"entities": []}', "text"),
        ('{"text": 3, "entities": []}', "must be a string"),
        ('{"text": "ab", "entities": [{"start": 1, "end": 9, "label": "Chem"}]}', "outside"),
        ('{"text": "ab", "entities": [{"start": 0, "end": 1, "label": "Gene"}]}', "unknown label"),
        ('{"text": "ab", "entities": [{"start": 0, "end": 1}]}', "label"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(json.dumps(LINE) + "\n" + line + "\n")
    with pytest.raises(ValueError, match=rf"(?s)E060.*broken\.jsonl, line 2: .*{complaint}"):
        list(read_jsonl(path, {"Chem": "chemical", "Dis": "disease"}))


def test_a_file_of_another_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("7|t|Aspirin\n7|a|Works.\n7\t0\t7\tAspirin\tdrug\tD1\n")
    (example,) = make_file(path, "pubtator")(spacy.blank("en"))
    assert read_gold(example.reference, "sc").spans == [(0, 7, "drug")]


def test_a_missing_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"E061.*nowhere.*train\.jsonl\.gz"):
        read_corpus(tmp_path, "nowhere", ["train"])


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

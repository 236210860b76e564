"""Corpus readers: annotated labels travel, and errors name file and line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.gold import read_gold
from spacy_gliner_biomed.training.gold_relations import with_relations
from spacy_gliner_biomed.training.readers import (
    make_corpus,
    make_file,
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


def with_concepts(**entity_ids: str) -> dict[str, Any]:
    entities = [
        {**entity, "id": entity_ids[entity["label"]]}  # type: ignore[dict-item]
        for entity in LINE["entities"]
    ]
    return {**LINE, "entities": entities}


def test_relations_of_a_corpus_are_by_concept(tmp_path: Path) -> None:
    lines = [
        with_concepts(Chem="D1", Dis="D2|D3"),
        {**with_concepts(Chem="D4", Dis="D5"), "id": "2"},
    ]
    folder = write_corpus(tmp_path, "a", lines)
    relations = [
        {"id": "1", "relations": [{"label": "CID", "head": "D1", "tail": "D3"}]},
        {"id": "2", "relations": [{"label": "CID", "head": "D4", "tail": "D9"}]},
    ]
    with gzip.open(folder / "a" / "relations.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in relations)
    nlp = spacy.blank("en")
    with pytest.warns(UserWarning, match=r"GB-W350\] In .*relations\.jsonl\.gz, 1 relation was"):
        first, second = (
            x.reference for x in make_corpus(folder, "train", ["a"], relations=True)(nlp)
        )
    ((head, tail, label),) = with_relations(read_gold(first, "sc"), first).relations or ()
    assert (head, tail, label) == ((0, 7, "chemical"), (16, 22, "disease"), "CID")
    gold = with_relations(read_gold(second, "sc"), second)
    assert (gold.relations, gold.annotated_relations) == ([], ["CID"])
    (plain, _) = (x.reference for x in make_corpus(folder, "train", ["a"])(nlp))
    assert with_relations(read_gold(plain, "sc"), plain).relations is None

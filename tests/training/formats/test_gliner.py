"""GLiNER's JSON, and what all formats share."""

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.training.formats.table import WITH_ENTITIES, read_format


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_gliner_json(tmp_path: Path) -> None:
    item = {
        "tokenized_text": ["IL-2", "and", "T", "cells"],
        "ner": [[0, 0, "gene"], [2, 3, "cell"]],
    }
    path = write(tmp_path / "data.json", json.dumps([item]))
    (text,) = read_format(path, "gliner")
    assert [(text.text[a:b], label) for a, b, label in text.spans] == [
        ("IL-2", "gene"),
        ("T cells", "cell"),
    ]
    assert text.annotated == ["cell", "gene"]


def test_empty_and_unknown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="E062"):
        read_format(write(tmp_path / "empty.jsonl", ""), "jsonl")
    with pytest.raises(ValueError, match=r"E030.*'docx'"):
        read_format(tmp_path, "docx")
    with pytest.raises(ValueError, match="E050"):
        read_format(tmp_path / "nowhere", "jsonl")


@pytest.mark.parametrize("name", [name for name in WITH_ENTITIES if name != "brat"])
def test_a_folder_is_refused_by_formats_of_one_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"E164.*folder; the format '{name}'"):
        read_format(tmp_path, name)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('[{"tokenized_text": ["a"],\n oops}]', "line 2"),
        ('[{"tokenized_text": ["a"]}]', "item 1.*'ner'"),
        ('[{"tokenized_text": ["a"], "ner": [[0, 3, "x"]]}]', "item 1.*outside"),
        ('[{"tokenized_text": ["a"], "ner": [[0, 0]]}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": ["a"], "ner": [["0", 0, "x"]]}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": [1], "ner": []}]', "item 1.*must be strings"),
        ('[{"tokenized_text": "word", "ner": []}]', "item 1.*must be strings"),
        ('[{"tokenized_text": ["a"], "ner": 3}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": ["a"], "ner": [[0.0, 0, "x"]]}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": ["a"], "ner": [[true, 0, "x"]]}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": ["a"], "ner": [[0, 0, null]]}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": ["a"], "ner": [[0, 0, " "]]}]', "item 1.*not blank"),
        ('[{"tokenized_text": ["a", "", "b"], "ner": [[1, 1, "x"]]}]', "item 1.*outside"),
        ('[{"tokenized_text": ["a", " "], "ner": [[1, 1, "x"]]}]', "item 1.*only white space"),
        ('[{"tokenized_text": ["\\ud800"], "ner": []}]', "item 1.*surrogate"),
        ('[{"tokenized_text": ["a"], "ner": [], "ner_labels": "drug"}]', "item 1.*'ner_labels'"),
    ],
)
def test_broken_gliner_json_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    path = write(tmp_path / "data.json", content)
    with pytest.raises(ValueError, match=rf"E060.*data\.json, .*{complaint}"):
        read_format(path, "gliner")


def test_gliner_json_with_a_mark_and_a_word_with_a_space(tmp_path: Path) -> None:
    item = {"tokenized_text": ["IL-2 ", "works"], "ner": [[0, 0, "gene"]]}
    path = write(tmp_path / "data.json", "\ufeff" + json.dumps([item]))
    with pytest.warns(UserWarning, match=r"GB-W161\] In .*data\.json, .* of 1 entity was"):
        (text,) = read_format(path, "gliner")
    assert (text.text, text.spans) == ("IL-2  works", [(0, 4, "gene")])

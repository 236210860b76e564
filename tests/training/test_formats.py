"""Readers of GLiNER's JSON, BRAT and PubTator: characters kept, errors with file and line."""

import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.training.formats import read_format

BRAT = "T1\tDrug 0 7\tAspirin\nT2\tSymptom 16 20;25 28\tpain leg\nR1\tTreats Arg1:T1 Arg2:T2\n"
PUBTATOR = "7|t|Aspirin works\n7|a|In IL-2 mice.\n7\t0\t7\tAspirin\tChemical\tD001241\n"


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


def test_brat_with_windows_line_ends_and_a_discontinuous_entity(tmp_path: Path) -> None:
    write(tmp_path / "note.txt", "Aspirin\r\nhelps\r\npain in leg.")
    write(tmp_path / "note.ann", BRAT.replace("16 20;25 28", "16 20;24 27"))
    (text,) = read_format(tmp_path, "brat")
    assert [(text.text[a:b], label) for a, b, label in text.spans] == [
        ("Aspirin", "Drug"),
        ("pain in leg", "Symptom"),
    ]


def test_pubtator(tmp_path: Path) -> None:
    path = write(tmp_path / "data.txt", PUBTATOR + "7\t17\t21\tIL-2\tGene\t3558\n7\tCID\tD1\tD2\n")
    (text,) = read_format(path, "pubtator")
    assert text.text == "Aspirin works\nIn IL-2 mice."
    assert [(text.text[a:b], label) for a, b, label in text.spans] == [
        ("Aspirin", "Chemical"),
        ("IL-2", "Gene"),
    ]


def test_a_pubtator_mention_may_look_like_a_title(tmp_path: Path) -> None:
    lines = "7|t|A tyr|t|ser change\n7\t2\t11\ttyr|t|ser\tMutation\tx\n"
    (text,) = read_format(write(tmp_path / "data.txt", lines), "pubtator")
    assert (text.text, text.spans) == ("A tyr|t|ser change", [(2, 11, "Mutation")])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("7\t0\t99\tAspirin\tChemical\tx", "outside"),
        ("7\t0\t6\tAspirin\tChemical\tx", "where 'Aspirin' is marked"),
        ("nonsense", "cannot read"),
        ("7\t0x\t7\tAspirin\tChemical\tx", "cannot read"),
        ("7\t\t7\tAspirin\tChemical\tx", "cannot read"),
        ("7\t0\t7\tAspirin", "cannot read"),
        ("8\t0\t7\tAspirin\tChemical\tx", "of document '8' stands below the text of '7'"),
    ],
)
def test_broken_pubtator_lines_are_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = write(tmp_path / "data.txt", PUBTATOR + line + "\n")
    with pytest.raises(ValueError, match=rf"E060.*data\.txt, line 4: .*{complaint}"):
        read_format(path, "pubtator")


def test_broken_brat_is_named(tmp_path: Path) -> None:
    write(tmp_path / "note.txt", "Aspirin")
    write(tmp_path / "note.ann", "T1\tDrug zero 7\tAspirin")
    with pytest.raises(ValueError, match=r"E060.*note\.ann, line 1"):
        read_format(tmp_path, "brat")
    (tmp_path / "note.ann").unlink()
    with pytest.raises(ValueError, match=r"E050.*note\.ann"):
        read_format(tmp_path, "brat")


def test_empty_and_unknown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="E062"):
        read_format(write(tmp_path / "empty.jsonl", ""), "jsonl")
    with pytest.raises(ValueError, match=r"E030.*'docx'"):
        read_format(tmp_path, "docx")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('[{"tokenized_text": ["a"],\n oops}]', "line 2"),
        ('[{"tokenized_text": ["a"]}]', "item 1.*'ner'"),
        ('[{"tokenized_text": ["a"], "ner": [[0, 3, "x"]]}]', "item 1.*outside"),
        ('[{"tokenized_text": ["a"], "ner": [[0, 0]]}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": ["a"], "ner": [["0", 0, "x"]]}]', "item 1.*first, last, label"),
        ('[{"tokenized_text": [1], "ner": []}]', "item 1.*must be strings"),
    ],
)
def test_broken_gliner_json_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    path = write(tmp_path / "data.json", content)
    with pytest.raises(ValueError, match=rf"E060.*data\.json, .*{complaint}"):
        read_format(path, "gliner")

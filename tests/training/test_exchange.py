"""GLiNER's JSON and BioSelectTune's instructions: both ways, nothing lost without a word."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.exchange import (
    entities_as_json,
    write_gliner_json,
    write_instructions,
)
from spacy_gliner_biomed.training.formats.instructions import occurrences
from spacy_gliner_biomed.training.formats.table import read_format

TEXT = AnnotatedText(
    "IL-2 and T cells of mice.", [(9, 16, "cell"), (0, 4, "gene")], [], ["cell", "gene"]
)
NOTHING = AnnotatedText("Nothing here.", [], [], ["cell", "gene"])


def test_entities_are_answered_in_the_order_of_the_text() -> None:
    assert json.loads(entities_as_json(TEXT)) == [
        {"entity": "gene", "name": "IL-2"},
        {"entity": "cell", "name": "T cells"},
    ]
    assert entities_as_json(NOTHING) == "[]"


def test_instructions_come_back(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    with path.open("wb") as stream:
        assert write_instructions([TEXT, NOTHING], stream) == 0
    assert "cell, gene" in json.loads(path.read_text())[0]["instruction"]
    first, second = read_format(path, "instructions")
    assert (first.text, sorted(first.spans), first.annotated) == (
        TEXT.text,
        sorted(TEXT.spans),
        ["cell", "gene"],
    )
    assert (second.text, second.spans) == ("Nothing here.", [])


def test_mentions_that_are_nowhere_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    answer = [{"entity": "gene", "name": "il-2"}, {"entity": "gene", "name": "IL-3"}]
    path.write_text(
        json.dumps([{"input": "IL-2 here", "output": json.dumps([*answer, answer[1]])}])
    )
    with pytest.warns(UserWarning, match=r"GB-W011\].* 2 mentions were"):
        (text,) = read_format(path, "instructions")
    assert list(text.spans) == [(0, 4, "gene")]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{}", "line 1: there is no 'input'"),
        ("[1", "line 1: "),
        ('[{"input": "a"}]', "item 1: "),
        ('[{"input": "a", "output": "no"}]', "item 1: "),
        ('[{"input": 3, "output": "[]"}]', "item 1: .*string"),
        ('[{"input": "a", "output": "[{\\"entity\\": \\"x\\", \\"name\\": \\" \\"}]"}]', "blank"),
        ('[{"input": "a", "output": "[{\\"entity\\": \\"x\\"}]"}]', "no 'name'; .*: entity"),
        ('[{"input": "a", "output": "3"}]', "must be a JSON list; found int"),
        ('[{"input": "\\ud800", "output": "[]"}]', "surrogate"),
        ('[{"output": "[]"}]', "no 'input'; the keys found are: output"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"GB-E060.*{complaint}"):
        list(read_format(path, "instructions"))


def test_gliner_json_comes_back_and_what_it_has_no_place_for_is_counted(tmp_path: Path) -> None:
    inside = AnnotatedText("aspirin-induced", [(0, 7, "drug"), (0, 15, "event")], [], ["drug"])
    path = tmp_path / "data.json"
    with path.open("wb") as stream:
        assert write_gliner_json([TEXT, inside], stream) == 1
    item = json.loads(path.read_text())[0]
    assert item["tokenized_text"] == ["IL-2", "and", "T", "cells", "of", "mice", "."]
    assert item["ner"] == [[2, 3, "cell"], [0, 0, "gene"]]
    first, second = read_format(path, "gliner")
    assert [first.text[a:b] for a, b, _ in first.spans] == ["T cells", "IL-2"]
    assert list(second.spans) == [(0, 15, "event")]


@given(st.text("ab -", min_size=1), st.text("abAB -"))
def test_occurrences_are_whole_words_of_the_text(name: str, text: str) -> None:
    for start, end in occurrences(name, text):
        assert text[start:end].lower() == name.lower()
        assert not (start and text[start - 1].isalnum() and name[0].isalnum())
        assert not (text[end : end + 1].isalnum() and name[-1].isalnum())

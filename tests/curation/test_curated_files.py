"""Files are selected from and cleaned as documents would be; reports do not grow with them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.curation.cleaning import Gates
from spacy_gliner_biomed.curation.curated_files import (
    REPEATS,
    REPEATS_TEST,
    clean_file,
    select_file,
)
from spacy_gliner_biomed.curation.random_scorer import make_random_scorer
from spacy_gliner_biomed.curation.selection import KEPT

TEXTS = {
    "one": "Aspirin was given to six patients with fever.",
    "two": "The genes of mice and men were compared.",
    "again": "Aspirin was given to six patients with fever.",
    "bad": "Too short.",
    "test": "Cancer of the breast was seen in few of them.",
    "thrice": "Aspirin was given to six patients with fever.",
}


def write(path: Path, names: Iterable[str], label: str = "x") -> Path:
    with path.open("w") as file:
        for name in names:
            entities = [{"start": 0, "end": 3, "label": label}]
            file.write(json.dumps({"id": name, "text": TEXTS[name], "entities": entities}) + "\n")
    return path


def quietly(items: Iterable[Any], _: str) -> Iterable[Any]:
    return items


def names_in(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source.jsonl", TEXTS)


def test_repeats_are_named_in_all_files_that_must_not_be_repeated(source: Path) -> None:
    target = source.parent / "target.jsonl"
    against = [
        write(source.parent / "test1.jsonl", ["two"]),
        write(source.parent / "test2.jsonl", ["bad", "test"]),
    ]
    found = clean_file(source, target, quietly, against=against, gates=Gates())
    assert names_in(target) == ["one"]
    dropped = {REPEATS: 2, REPEATS_TEST: 2, "fewer than 5 words": 1}
    assert found["documents"] == {KEPT: 1, **dropped}
    assert found["repeats"] == [
        {"document": "two", "repeats": "two"},
        {"document": "again", "repeats": "one"},
        {"document": "test", "repeats": "test"},
        {"document": "thrice", "repeats": "one"},
    ]


def test_a_report_lists_the_first_repeats_only(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_gliner_biomed.curation.curated_files.MAX_LISTED", 1)
    found = clean_file(source, source.parent / "target.jsonl", quietly, gates=Gates())
    assert found["documents"][REPEATS] == 2
    assert found["repeats"] == [{"document": "again", "repeats": "one"}]


def labelled(folder: Path, *pairs: tuple[str, str]) -> Path:
    """A file of texts by their names, each with one entity."""
    lines = [write(folder / "one.jsonl", [name], label).read_text() for name, label in pairs]
    source = folder / "source.jsonl"
    source.write_text("".join(lines))
    return source


def test_contradictions_of_repeats_are_reported(tmp_path: Path) -> None:
    source = labelled(tmp_path, ("one", "a"), ("one", "b"), ("again", "a"))
    target = tmp_path / "t.jsonl"
    for cosine in (1.1, 0.9):  # with and without the repeats in the output
        found = clean_file(source, target, quietly, gates=Gates(), cosine=cosine)
        assert found["contradictions"] == [{"mention": "asp", "labels": {"a": 2, "b": 1}}]
    assert names_in(target) == ["one"]


def test_contradictions_are_not_those_of_bad_texts_or_of_test_texts(tmp_path: Path) -> None:
    source = labelled(tmp_path, ("one", "a"), ("bad", "c"), ("test", "a"), ("test", "b"))
    against = [write(tmp_path / "test.jsonl", ["test"])]
    target = tmp_path / "t.jsonl"
    found = clean_file(source, target, quietly, against=against, gates=Gates())
    assert found["contradictions"] == []


def test_a_selection_may_replace_its_source(source: Path) -> None:
    decisions, counts = select_file(source, source, make_random_scorer(), quietly, ratio=0.5)
    assert len(decisions) == len(TEXTS)
    assert counts["documents"][KEPT] == len(names_in(source)) == 3

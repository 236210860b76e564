"""JSON lines: offsets agree with the entity's own text, and what is broken is named."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.gold import read_gold

ZINC = {"text": "Zinc for fever.", "entities": [{"start": 0, "end": 4, "label": "drug"}]}


def read(path: Path, *lines: Any, labels: dict[str, str] | None = None) -> list[AnnotatedText]:
    """Documents of a file with these lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
    return list(read_jsonl(path, labels))


def entity(**changes: Any) -> dict[str, Any]:
    """The document with another entity."""
    return {**ZINC, "entities": [{"start": 0, "end": 4, "label": "drug", **changes}]}


def test_a_mark_blank_lines_and_compression_change_nothing(tmp_path: Path) -> None:
    (plain,) = read(tmp_path / "plain.jsonl", ZINC)
    line = json.dumps(ZINC)
    content = f"\ufeff\r\n{line}\r\n \n\n{line}\n\n".encode()
    (tmp_path / "odd.jsonl").write_bytes(content)
    (tmp_path / "odd.jsonl.gz").write_bytes(gzip.compress(content))
    for name in ("odd.jsonl", "odd.jsonl.gz"):
        texts = list(read_jsonl(tmp_path / name, None))
        assert [(text.text, text.spans) for text in texts] == [(plain.text, plain.spans)] * 2
        assert [text.name for text in texts] == ["2", "5"]  # lines of the file


def test_an_id_that_is_null_is_missing(tmp_path: Path) -> None:
    texts = read(tmp_path / "x.jsonl", {**ZINC, "id": None}, {**ZINC, "id": 0})
    assert [text.name for text in texts] == ["1", "0"]


def test_values_that_are_not_read_are_counted(tmp_path: Path) -> None:
    pair = [entity(score=score)["entities"][0] for score in (0.1, 0.2)]
    relation = {"head": 0, "tail": 0, "label": "is", "note": "?"}
    with pytest.warns(UserWarning, match="GB-W40[01]") as warned:
        (text,) = read(tmp_path / "x.jsonl", {**ZINC, "entities": pair, "relations": [relation]})
    first, second = sorted(str(each.message) for each in warned)
    assert re.match(r"\[GB-W400\].* 1 further value of a relation", first)
    assert re.match(r"\[GB-W401\].* 1 value was", second)
    assert text.entity_values == {(0, 4, "drug"): {"score": 0.1}}


@pytest.mark.parametrize("own", ["Zinc", "Zinc ", None])
def test_an_entity_whose_own_text_agrees_is_read(tmp_path: Path, own: str | None) -> None:
    (text,) = read(tmp_path / "x.jsonl", entity(text=own))
    assert text.spans == [(0, 4, "drug")]


def test_an_entity_whose_own_text_differs_is_named(tmp_path: Path) -> None:
    line = {"start": 4, "end": 9, "label": "symptom", "text": "fever"}
    shifted = {"text": "Dx:\r\nfever\r\nRx:\r\nzinc daily", "entities": [line]}
    with pytest.raises(
        ValueError, match=r"E060.*x\.jsonl, line 2: .*'\\nfeve' where 'fever'.*two characters"
    ):
        read(tmp_path / "x.jsonl", ZINC, shifted)


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0, 5, (0, 4)), (8, 14, (9, 14)), (4, 9, (5, 8))]
)
def test_white_space_at_an_end_is_left_out_and_counted(
    tmp_path: Path, start: int, end: int, expected: tuple[int, int]
) -> None:
    with pytest.warns(UserWarning, match=r"GB-W161\] In .*x\.jsonl, .* of 1 entity was"):
        (text,) = read(tmp_path / "x.jsonl", entity(start=start, end=end))
    assert text.spans == [(*expected, "drug")]
    doc = gold_doc(spacy.blank("en"), text, "sc")
    assert read_gold(doc, "sc").spans == [(*expected, "drug")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ({"text": "Nothing here."}, "there is no 'entities'; the keys found are: text"),
        ({"id": 1, "x": 2}, "there is no 'text' and 'entities'; the keys found are: id, x"),
        ([ZINC], "found list instead of an object"),
        ({**ZINC, "entities": {}}, "'entities' a list"),
        ({**ZINC, "entities": ["Zinc"]}, "found str instead of an object"),
        ({**ZINC, "entities": [{"start": 0, "label": "drug"}]}, "no 'end'; .*: label, start"),
        (entity(start="0"), "offsets must be whole numbers; found '0' and 4"),
        (entity(start=False), "offsets must be whole numbers; found False"),
        (entity(start=4, end=5), "only white space"),
        (entity(start=4, end=4), "outside"),
        (entity(end=99), "outside of the text of 15 characters"),
        (entity(concept_id=1.5), "a concept id must be a text"),
        (entity(label=" "), "a string that is not blank"),
        (entity(label="\ud800"), "half of a surrogate pair"),
        (entity(text=7), "own text must be a string; found 7"),
        ({**ZINC, "text": "half \ud800"}, "half of a surrogate pair"),
        ({**ZINC, "sents": [3]}, "'sents' must be pairs"),
        ({**ZINC, "sents": [[0, 99]]}, "'sents' must be pairs of offsets from 0 to 15"),
        ({**ZINC, "annotated_labels": "drug"}, "in a list"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(
    tmp_path: Path, line: Any, complaint: str
) -> None:
    for labels in (None, {"drug": "drug", " ": "blank"}):
        with pytest.raises(ValueError, match=rf"E060.*x\.jsonl, line 2: .*{complaint}"):
            read(tmp_path / "x.jsonl", ZINC, line, labels=labels)


def test_a_message_quotes_a_line_at_most(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="E060") as raised:
        read(tmp_path / "x.jsonl", entity(text="long " * 99_999))
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("jsonl_crlf_offsets", r"E060.*line 1: .*'\\nfeve' where 'fever' is marked"),
        ("jsonl_no_entities_key", r"E060.*line 2: there is no 'entities'; .* text"),
    ],
)
def test_cases_that_must_be_errors(shared: Path, name: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        list(read_jsonl(shared / "cases" / "annotations" / f"{name}.jsonl", None))


def test_cases_that_must_be_read(shared: Path) -> None:
    folder = shared / "cases" / "annotations"
    assert len(list(read_jsonl(folder / "jsonl_blank_line.jsonl", None))) == 2
    with pytest.warns(UserWarning, match=r"GB-W161\].* of 1 entity was"):
        (text,) = read_jsonl(folder / "jsonl_trailing_space.jsonl", None)
    assert text.spans == [(0, 4, "drug")]

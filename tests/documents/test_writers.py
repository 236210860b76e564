import json
from io import BytesIO
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writers import DocBinWriter, JsonlWriter, TableWriter
from spacy_gliner_biomed.documents.writing.entities import Entity, read_entities
from spacy_gliner_biomed.documents.writing.writer import WriterFactory, WriterSettings

LABELS = ["drug", "disease <sub>"]
HtmlWriter = FORMATS["html"].factory
FOUND = [(0, 1, "drug", 0.75), (2, 4, "disease <sub>", 0.5)]


def annotated(text: str, found: list[tuple[int, int, str, float]]) -> Doc:
    """A Doc with a span group as the component writes it."""
    doc = spacy.blank("en")(text)
    spans = [doc[start:end] for start, end, *_ in found]
    group = SpanGroup(doc, name="sc", attrs={"scores": [score for *_, score in found]})
    for span, (_, _, label, _) in zip(spans, found, strict=True):
        span.label_ = label
        group.append(span)
    doc.spans["sc"] = group
    return doc


def written(factory: WriterFactory, *docs: Doc, record: Record | None = None) -> bytes:
    """What a writer makes of Docs."""
    stream = BytesIO()
    writer = factory(stream, WriterSettings(LABELS))
    for doc in docs:
        writer.write(doc, record or Record("note"), read_entities(doc, "sc"))
    writer.finish()
    return stream.getvalue()


def test_jsonl_has_characters_scores_and_the_other_keys() -> None:
    doc = annotated("Aspirin für gastric\nulcer", FOUND)
    record = Record(7, {"ward": "x", "entities": ["replaced"]})
    line = written(JsonlWriter, doc, record=record)
    assert line.endswith(b"\n")
    assert "für".encode() in line
    assert json.loads(line) == {
        "id": 7,
        "text": doc.text,
        "entities": [
            {"start": 0, "end": 7, "text": "Aspirin", "label": "drug", "score": 0.75},
            {"start": 12, "end": 20, "text": "gastric\n", "label": "disease <sub>", "score": 0.5},
        ],
        "ward": "x",
    }


def test_docbin_keeps_spans_with_scores_and_what_is_known() -> None:
    doc = annotated("Aspirin for gastric ulcer", FOUND)
    content = written(DocBinWriter, doc, record=Record("n1", {"ward": "x"}))
    (again,) = DocBin().from_bytes(content).get_docs(spacy.blank("en").vocab)
    assert read_entities(again, "sc") == read_entities(doc, "sc")
    assert again.user_data["id"] == "n1"
    assert again.user_data["meta"] == {"ward": "x"}


def test_table_has_one_line_for_each_entity_in_columns() -> None:
    doc = annotated("Aspirin for gastric\nulcer", [*FOUND[:1], (2, 5, "drug", 0.5)])
    lines = written(TableWriter, doc, record=Record("folder/" * 5 + "n.txt")).decode().splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("…")
    assert lines[2].split()[1:] == ["12-25", "drug", "0.50", "gastric", "ulcer"]
    assert lines[0].index("text") == lines[1].index("Aspirin") == lines[2].index("gastric")


ODD = "a\x1b[31m\n\t\x9b \u202e b\ud800\x00"


def test_table_shows_control_characters_as_escapes_in_one_line() -> None:
    doc = annotated("x", [])
    doc = Doc(doc.vocab, words=["Zinc\x1b[31m", "\x9b\n", "\u202ered\r"])
    group = SpanGroup(doc, name="sc", attrs={"scores": [0.5]})
    group.append(Span(doc, 0, 3, label="drug\x1b]0;"))
    doc.spans["sc"] = group
    lines = written(TableWriter, doc, record=Record("a\x1b[3m\t\x9b \u202e\ud800\x00")).decode()
    assert lines.count("\n") == 2
    assert r"Zinc\x1b[31m \x9b \u202ered" in lines
    assert r"drug\x1b]0;" in lines
    assert r"a\x1b[3m \x9b \u202e\ud800\x00  " in lines
    assert not set(lines) & set("\x1b\x9b\u202e\r\x00")


@pytest.mark.parametrize("factory", [JsonlWriter, DocBinWriter, TableWriter, HtmlWriter])
def test_odd_ids_and_keys_are_written_by_all(factory: WriterFactory) -> None:
    deep: list[Any] = []
    for _ in range(97):
        deep = [deep]
    meta = {ODD: ODD, "deep": deep, "large": 10**30, "small": -(10**30), "inner": [{ODD: [ODD]}]}
    doc = annotated("Aspirin \x1b[0m for gastric ulcer \x00", FOUND)
    for identity in (ODD, 10**30, [ODD], {"a": None}):
        content = written(factory, doc, record=Record(identity, meta))
        if factory is not DocBinWriter:
            assert not set(content.decode()) & set("\x1b\x9b\u202e\x00")


def test_jsonl_has_its_own_keys_and_keeps_metadata_under_others() -> None:
    doc, meta = annotated("Zinc.", []), {"text": "x", "id": 2, "entities": "none", "b": 3}
    line = json.loads(written(JsonlWriter, doc, record=Record("1", meta)))
    renamed = {"text_column": "x", "id_column": 2, "entities_column": "none"}
    assert line == {"id": "1", "text": "Zinc.", "entities": [], **renamed, "b": 3}


def test_jsonl_gives_odd_values_back() -> None:
    meta = {ODD: ODD, "large": 10**30, "inner": [{ODD: [ODD]}]}
    doc = annotated("Aspirin \x1b \x9b \ufeff for \u2028 \r\n \x00", FOUND[:1])
    line = json.loads(written(JsonlWriter, doc, record=Record(ODD, meta)))
    assert (line.pop("id"), line.pop("text")) == (ODD, doc.text)
    assert [entity["text"] for entity in line.pop("entities")] == ["Aspirin"]
    assert line == meta


def test_docbin_gives_escapes_and_text_for_what_it_cannot_hold() -> None:
    doc = annotated("Aspirin", [])
    record = Record("half \ud800", {"\ud800": [10**30, 5, 1.5, None, True]})
    (again,) = DocBin().from_bytes(written(DocBinWriter, doc, record=record)).get_docs(doc.vocab)
    assert again.user_data["id"] == r"half \ud800"
    assert again.user_data["meta"] == {r"\ud800": (str(10**30), 5, 1.5, None, True)}


LINKED = Entity(
    0, 7, "drug", 0.75, "Aspirin", "MESH:D1", "aspirin", 0.9, {"negex": True, "section": None}
)
KINDS = {"negex": "bool", "section": "string"}


def linked(factory: WriterFactory, found: Entity, settings: WriterSettings) -> str:
    stream = BytesIO()
    writer = factory(stream, settings)
    writer.write(annotated("Aspirin", []), Record("n"), [found])
    writer.finish()
    return stream.getvalue().decode()


def test_jsonl_has_concept_and_attributes_where_a_linker_ran() -> None:
    settings = WriterSettings(LABELS, KINDS, linked=True)
    (entity,) = json.loads(linked(JsonlWriter, LINKED, settings))["entities"]
    assert list(entity.items())[5:] == [
        ("concept_id", "MESH:D1"),
        ("concept_name", "aspirin"),
        ("concept_score", 0.9),
        ("negex", True),
        ("section", None),
    ]
    plain = Entity(0, 7, "drug", 0.75, "Aspirin")
    (entity,) = json.loads(linked(JsonlWriter, plain, settings))["entities"]
    assert (entity["concept_id"], entity["negex"]) == (None, None)
    (entity,) = json.loads(linked(JsonlWriter, plain, WriterSettings()))["entities"]
    assert "concept_id" not in entity


def test_table_has_columns_for_concept_and_attributes() -> None:
    head, row = linked(TableWriter, LINKED, WriterSettings(LABELS, KINDS, linked=True)).splitlines()
    columns = ["document", "characters", "label", "score", "concept", "negex", "section", "text"]
    assert head.split() == columns
    assert row.split() == ["n", "0-7", "drug", "0.75", "MESH:D1", "true", "-", "Aspirin"]
    assert [head.index(name) for name in columns[4:]] == [
        row.index(value) for value in ("MESH:D1", "true", "-  ", "Aspirin")
    ]


@pytest.mark.parametrize("format_", ["jsonl", "table", "csv", "bioc-json", "prodigy", "html"])
def test_attributes_that_are_read_for_another_output_are_not_written(format_: str) -> None:
    doc, written = annotated("no pain", [(1, 2, "disease", 0.5)]), []
    for own in ({"negex": True}, {}):
        stream = BytesIO()
        writer = FORMATS[format_].factory(stream, WriterSettings(["disease"]))
        writer.write(doc, Record("a"), [Entity(3, 7, "disease", 0.5, "pain", attributes=own)])
        written.append(stream.getvalue())
    assert written[0] == written[1]


def test_gold_of_the_input_is_not_written_beside_other_entities() -> None:
    stale = {"annotated_labels": ["gene"], "relations": [{"head": 5, "tail": 6, "label": "x"}]}
    doc, record = annotated("Aspirin", []), Record("a", {**stale, "ward": 3})
    for gold, kept in ((False, {}), (True, stale)):
        stream = BytesIO()
        JsonlWriter(stream, WriterSettings(gold=gold)).write(doc, record, [])
        line = json.loads(stream.getvalue())
        assert line == {"id": "a", "text": "Aspirin", "entities": [], "ward": 3, **kept}

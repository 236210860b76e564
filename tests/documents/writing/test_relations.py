"""Relations in output formats."""

import csv
import json
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import bioc
import bioc.biocjson
import bioc.biocxml
import pytest

from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.relations import (
    NO_ENTITY,
    RELATION_COLUMNS,
    count_relations,
    entity_relations,
)
from spacy_gliner_biomed.pipeline.relation_annotation import Relation, read_relations, set_relations
from spacy_gliner_biomed.training.formats.table import read_format
from tests.documents.writing.samples import NOTE, Written, sample, write


def related() -> Written:
    doc, record, found = sample()
    spans = [
        doc.char_span(each.start, each.end, label=each.label, alignment_mode="expand")
        for each in found
    ]
    assert all(spans)
    elsewhere = doc.char_span(len("Aspirin "), len("Aspirin for"), label="x")
    relations = [Relation(spans[1], spans[0], "is <treated> by", 0.1234567)]
    set_relations(doc, [*relations, Relation(spans[0], elsewhere, "without an entity")])
    return doc, record, found


def test_ends_are_entities() -> None:
    doc, _, found = related()
    (relation,) = entity_relations(doc, found)
    assert (relation.head, relation.tail, relation.label) == (1, 0, "is <treated> by")
    assert entity_relations(doc, found[:1]) == []
    assert entity_relations(sample()[0], found) == []


def test_relations_are_counted_by_label_and_lost_ones_apart() -> None:
    doc, _, found = related()
    expected = {"relation:is <treated> by": 1, "relations": 1, NO_ENTITY: 1}
    assert count_relations(doc, found) == expected
    assert not any(count_relations(sample()[0], found).values())


def test_json_lines_have_them() -> None:
    doc, _, found = related()
    line = json.loads(write("jsonl", (doc, Record("n", {"relations": "old"}), found)))
    expected = {"head": 1, "tail": 0, "label": "is <treated> by", "score": 0.123457}
    assert line["relations"] == [expected]
    plain = json.loads(write("jsonl", sample(Record("n", {"relations": "old"}))))
    assert plain["relations"] == "old"
    assert "relations" not in json.loads(write("jsonl", sample()))


@pytest.mark.parametrize("format_", ["bioc-xml", "bioc-json"])
def test_bioc_has_them(format_: str) -> None:
    content = write(format_, related()).decode("utf8")
    read = bioc.biocxml.loads if format_ == "bioc-xml" else bioc.biocjson.loads
    (document,) = read(content).documents
    (relation,) = document.relations
    assert relation.infons["type"] == "is <treated> by"
    assert float(relation.infons["score"]) == 0.123457
    assert [(node.role, node.refid) for node in relation.nodes] == [("head", "T2"), ("tail", "T1")]
    ids = [each.id for passage in document.passages for each in passage.annotations]
    assert ids == ["T1", "T2"]
    assert NOTE.startswith("Aspirin")


@pytest.mark.filterwarnings("ignore:.*GB-W")  # BRAT's types have no blanks
def test_brat_has_them() -> None:
    with ZipFile(BytesIO(write("brat", related()))) as archive:
        lines = archive.read("n1.ann").decode("utf8").splitlines()
        configuration = archive.read("annotation.conf").decode("utf8")
    assert lines[-2:] == [
        "R1\tis__treated__by Arg1:T2 Arg2:T1",
        "#3\tAnnotatorNotes R1\tscore 0.123457",
    ]
    assert "[relations]\nis__treated__by\tArg1:<ENTITY>, Arg2:<ENTITY>\n" in configuration


def linked() -> Written:
    """Several mentions of two concepts, each related to each, and one without a concept."""
    doc, record, (aspirin, ulcer) = related()
    found = [aspirin, replace(ulcer, concept_id="MESH:D\t1"), replace(ulcer, label="x")]
    drug, *ends = (doc.char_span(e.start, e.end, label=e.label) for e in found)
    relations = [Relation(drug, end, label) for end in ends for label in ("CID", "2\nnd")]
    set_relations(doc, [*relations, Relation(ends[0], drug, "CID")])
    return doc, record, found


@pytest.mark.filterwarnings("ignore:.*GB-W163")  # relations of mentions that are not read
def test_pubtator_has_them_between_concepts(tmp_path: Path) -> None:
    twin = replace(linked()[2][1], label="twin")  # a second mention of the same concept
    doc, record, found = linked()
    drug, mention = (doc.char_span(e.start, e.end, label=e.label) for e in (found[0], twin))
    set_relations(doc, [*read_relations(doc), Relation(drug, mention, "CID")])
    with (
        pytest.warns(UserWarning, match=r"\[GB-W360\] 2 relations are not in the PubTator output"),
        pytest.warns(UserWarning, match=r"'R2 nd' for '2\\nnd'"),
    ):
        content = write("pubtator", (doc, record, [*found, twin]))
    lines = [line for line in content.decode().splitlines() if line.count("\t") == 3]
    assert lines == [
        "n1\tR2 nd\tMESH:D001241\tMESH:D 1",
        "n1\tCID\tMESH:D001241\tMESH:D 1",
        "n1\tCID\tMESH:D 1\tMESH:D001241",
    ]
    path = tmp_path / "written.pubtator"
    path.write_bytes(content)
    (text,) = read_format(path, "pubtator")
    assert len(text.spans) == 4


def test_pubtator_says_what_it_cannot_write() -> None:
    with pytest.warns(UserWarning, match=r"\[GB-W360\] 2 relations are not"):
        content = write("pubtator", related(), related())
    assert b"treated" not in content


def test_csv_and_parquet_have_a_row_for_each() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'parquet'")
    written = [related(), sample(), linked()]
    table = parquet.read_table(BytesIO(write("relations-parquet", *written)))
    assert table.column_names == list(RELATION_COLUMNS)
    rows = table.to_pylist()
    first = rows[0]
    assert (first["document"], first["label"]) == ("n1", "is <treated> by")
    assert first["score"] == pytest.approx(0.123457)
    assert [first[f"head_{name}"] for name in ("start", "end", "text", "label", "concept_id")] == [
        *(16, 29, "gastric ulcer"),
        *("gastric disease", None),
    ]
    assert (first["tail_text"], first["tail_concept_id"]) == ("Aspirin", "MESH:D001241")
    assert len(rows) == 6
    content = write("relations-csv", *written).decode("utf-8-sig")
    lines = list(csv.DictReader(StringIO(content, newline="")))
    assert [line["label"] for line in lines] == [row["label"] for row in rows]
    assert lines[0]["head_start"] == "16"


@pytest.mark.filterwarnings("ignore:.*GB-W")
@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_the_table_of_formats_says_which_have_them(format_: str) -> None:
    doc, record, found = linked()
    with_them = write(format_, (doc, record, found))
    set_relations(doc, [])
    without = write(format_, (doc, record, found))
    if format_ not in ("fhir", "docbin"):  # they have times and ids of their own
        assert (with_them != without) == FORMATS[format_].has_relations

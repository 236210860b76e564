"""Relations in output formats."""

import json
from io import BytesIO
from zipfile import ZipFile

import bioc
import bioc.biocjson
import bioc.biocxml
import pytest

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.relations import entity_relations
from spacy_gliner_biomed.pipeline.relation_annotation import Relation, set_relations
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

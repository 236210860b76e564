import json
from io import BytesIO, StringIO
from typing import Any

import bioc
import bioc.validator
import pytest
from bioc import biocjson, biocxml
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.bioc import cut_passages
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.text_forms import xml_text
from tests.documents.writing.samples import NLP, NOTE, Written, documents, sample, write


def read(format_: str, content: bytes) -> Any:
    """The collection that the package reads."""
    if format_ == "bioc-xml":
        return biocxml.load(BytesIO(content))
    return biocjson.load(StringIO(content.decode()))


@pytest.mark.parametrize("format_", ["bioc-xml", "bioc-json"])
def test_the_package_reads_texts_offsets_and_infons(format_: str) -> None:
    collection = read(format_, write(format_, sample(section_category="plan"), sample(Record(2))))
    assert collection.date == "2026-01-02"
    bioc.validator.validate(collection)
    first, second = collection.documents
    assert (first.id, str(first.infons["ward"]), second.id) == ("n1", "3", "2")
    (passage,) = first.passages
    assert (passage.offset, passage.text) == (0, NOTE)
    drug, ulcer = passage.annotations
    assert (drug.text, drug.total_span.offset, drug.total_span.length) == ("Aspirin", 0, 7)
    assert {key: str(value) for key, value in drug.infons.items() if value is not None} | {
        "section_category": "None"
    } == {
        "type": "drug",
        "score": "0.75",
        "identifier": "MESH:D001241",
        "name": "Aspirin",
        "link_score": "0.9",
        "negex": "false" if format_ == "bioc-xml" else "False",
        "section_category": "None",
    }
    assert (ulcer.infons["section_category"], "identifier" in ulcer.infons) == ("plan", False)


@pytest.mark.parametrize("format_", ["bioc-xml", "bioc-json"])
@pytest.mark.filterwarnings("ignore:.GB-W210")
@settings(max_examples=40)
@given(written=st.lists(documents(), max_size=2))
def test_any_documents_are_read_back(format_: str, written: list[Written]) -> None:
    collection = read(format_, write(format_, *written))
    assert len(collection.documents) == len(written)
    for document, (doc, record, found) in zip(collection.documents, written, strict=True):
        assert document.id == str(record.id)
        (passage,) = document.passages
        text = xml_text(doc.text) if format_ == "bioc-xml" else doc.text
        assert (passage.text or "") == text
        assert [
            (a.total_span.offset, a.total_span.end, a.text or "", a.infons["type"])
            for a in passage.annotations
        ] == [(e.start, e.end, text[e.start : e.end], e.label) for e in found]


def test_sections_are_passages_and_no_text_is_lost() -> None:
    doc, record, found = sample()
    doc.user_data["passages"] = [
        {"start": 13, "end": 29, "infons": {"section": "Assessment"}},
        {"start": 0, "end": 7, "infons": {"type": "title"}},
    ]
    assert [(start, end, infons) for start, end, infons in cut_passages(doc)] == [
        (0, 7, {"type": "title"}),
        (7, 13, {}),
        (13, 29, {"section": "Assessment"}),
        (29, len(NOTE), {}),
    ]
    collection = read("bioc-xml", write("bioc-xml", (doc, record, found)))
    bioc.validator.validate(collection)
    (document,) = collection.documents
    assert "".join(passage.text for passage in document.passages) == NOTE
    assert [len(passage.annotations) for passage in document.passages] == [1, 0, 1, 0]
    assert document.passages[2].infons == {"section": "Assessment"}


@pytest.mark.parametrize(
    ("passages", "expected"),
    [
        ([(0, 3), (3, 4), (4, 9)], [(0, 3), (3, 4), (4, 9)]),  # all of it, and beyond the end
        ([(0, 5), (3, 7)], [(0, 5), (5, 7)]),  # no character is in two passages
        ([(1, 1)], [(0, 1), (1, 1), (1, 7)]),
    ],
)
def test_passages_do_not_overlap(
    passages: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    doc = NLP.make_doc("a bc de")
    doc.user_data["passages"] = [{"start": a, "end": b} for a, b in passages]
    assert [(a, min(b, 9)) for a, b, _ in cut_passages(doc)] == [
        (a, min(b, len(doc.text))) for a, b in expected
    ]


def test_each_entity_is_in_one_passage() -> None:
    doc = NLP.make_doc("Aspirin\n\nfor pain")
    parts = [(0, 0), (0, 7), (9, 17)]  # an empty title, and white space before the last one
    doc.user_data["passages"] = [{"start": a, "end": b, "infons": {}} for a, b in parts]
    found = [Entity(a, b, "x", 0.5, doc.text[a:b]) for a, b in [(0, 7), (7, 12), (13, 17)]]
    for format_ in ("bioc-xml", "bioc-json"):
        (document,) = read(format_, write(format_, (doc, Record(1), found))).documents
        texts = [[x.text.strip() for x in passage.annotations] for passage in document.passages]
        assert texts == [[], ["Aspirin", "for"], ["pain"]]


def test_control_characters_are_counted_and_offsets_stay() -> None:
    doc = NLP.make_doc("a\x00b \x1b c")
    doc.user_data["passages"] = [{"start": 0, "end": 7, "infons": {"k\x02": "v\x03"}}]
    records = [Record("n\x0b", {"a\x01": "x", "a\x02": "\ud800", "b": [1]}), Record("n\x0c")]
    with pytest.warns(UserWarning, match=r"GB-W210\] 13 control characters"):
        content = write("bioc-xml", *[(doc, record, []) for record in records])
    first, second = read("bioc-xml", content).documents
    assert (first.id, second.id) == (r"n\u000b", r"n\u000c")
    assert first.infons == {r"a\u0001": "x", r"a\u0002": "\ufffd", "b": "[1]"}
    (passage,) = second.passages
    assert passage.text == "a\ufffdb \ufffd c"
    assert passage.infons == {r"k\u0002": "v\ufffd"}


def test_json_holds_control_characters(recwarn: pytest.WarningsRecorder) -> None:
    doc, record = NLP.make_doc("a\x00b \x1b c"), Record("n\x0b", {"a\x01": "\x02"})
    found = [Entity(0, 3, "x\x03", 0.5, "a\x00b", "D\x041")]
    (document,) = json.loads(write("bioc-json", (doc, record, found)))["documents"]
    (passage,) = document["passages"]
    (annotation,) = passage["annotations"]
    assert (document["id"], document["infons"]) == ("n\x0b", {"a\x01": "\x02"})
    assert (passage["text"], annotation["text"]) == ("a\x00b \x1b c", "a\x00b")
    assert (annotation["infons"]["type"], annotation["infons"]["identifier"]) == ("x\x03", "D\x041")
    assert not recwarn.list


@pytest.mark.parametrize(
    "own", [5, ["Methods"], [{"start": "0", "end": 3}], {"a": 1}, [{"end": 1}]]
)
def test_a_value_of_the_users_own_is_no_passage(own: Any) -> None:
    doc = NLP.make_doc("a bc de")
    doc.user_data["passages"] = own
    assert list(cut_passages(doc)) == [(0, 7, {})]


@pytest.mark.parametrize("format_", ["bioc-xml", "bioc-json"])
def test_a_collection_may_be_empty(format_: str) -> None:
    assert read(format_, write(format_)).documents == []

import csv
import io
import re

import pytest

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from tests.documents.writing.samples import NLP, NOTE, sample, write

# Each column of NOTE_NLP in version 5.4 of the model, and what its type allows.
TYPES = {
    "note_nlp_id": r"\d{1,19}",
    "note_id": r"-?\d+",
    "section_concept_id": r"\d*",
    "snippet": r".{0,250}",
    "offset": r".{0,50}",
    "lexical_variant": r".{1,250}",
    "note_nlp_concept_id": r"\d*",
    "note_nlp_source_concept_id": r"\d*",
    "nlp_system": r".{0,250}",
    "nlp_date": r"\d{4}-\d\d-\d\d",
    "nlp_datetime": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "term_exists": r"[YN]",
    "term_temporal": r".{0,50}",
    "term_modifiers": r".{0,2000}",
}


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_rows_have_all_columns_in_their_types() -> None:
    rows = read(write("omop", sample(Record(7)), sample(Record("x", {"note_id": 8}))))
    assert list(rows[0]) == list(TYPES)
    for row in rows:
        for name, pattern in TYPES.items():
            assert re.fullmatch(pattern, row[name], re.DOTALL), (name, row[name])
    assert [row["note_id"] for row in rows] == ["7", "7", "8", "8"]
    assert len({row["note_nlp_id"] for row in rows}) == 4
    first = rows[0]
    assert (first["offset"], first["lexical_variant"], first["term_exists"]) == (
        "0",
        "Aspirin",
        "Y",
    )
    assert first["snippet"] == NOTE
    assert "label=drug; score=0.75; concept_id=MESH:D001241" in first["term_modifiers"]
    assert rows == read(write("omop", sample(Record(7)), sample(Record("x", {"note_id": 8}))))


@pytest.mark.parametrize(
    ("attributes", "exists", "temporal"),
    [
        ({}, "N", ""),  # the sample is negated
        ({"negex": False}, "Y", ""),
        ({"negex": None, "is_historical": True}, "Y", "past"),
        ({"negex": False, "is_family": True}, "N", ""),
        ({"negex": False, "is_hypothetical": True}, "N", ""),
    ],
)
def test_context_says_whether_the_patient_has_it(
    attributes: dict[str, bool], exists: str, temporal: str
) -> None:
    _, row = read(write("omop", sample(Record(7), **attributes)))
    assert (row["term_exists"], row["term_temporal"]) == (exists, temporal)


def test_omop_concepts_are_numbers_and_texts_fit_their_columns() -> None:
    text = "a" * 400
    entity = Entity(100, 400, "drug", None, text[:300], "OMOP:1112807")
    with pytest.warns(UserWarning, match=r"GB-W213\] 1 entity is"):
        (row,) = read(write("omop", (NLP.make_doc(text), Record(1), [entity])))
    assert (row["note_nlp_concept_id"], len(row["lexical_variant"])) == ("1112807", 250)
    assert len(row["snippet"]) == 250


def test_ids_that_are_no_integers_are_counted() -> None:
    with pytest.warns(UserWarning, match=r"GB-W212\] 1 document has"):
        rows = read(write("omop", sample(Record("n1")), sample(Record(-3))))
    assert [row["note_id"] for row in rows] == ["n1", "n1", "-3", "-3"]


def test_modifiers_that_are_cut_are_counted() -> None:
    with pytest.warns(UserWarning, match=r"GB-W214\] 1 entity has"):
        content = write("omop", sample(Record(7), section_category="x" * 3000)).decode()
    *_, row = csv.reader(io.StringIO(content))
    assert len(row[-1]) == 2000


def test_ids_differ_between_documents_of_one_note() -> None:
    rows = read(write("omop", *(sample(Record(name, {"note_id": 7})) for name in "ab")))
    assert len({row["note_nlp_id"] for row in rows}) == len(rows) == 4


@pytest.mark.filterwarnings("ignore:.GB-W212")
def test_a_note_without_a_number_has_the_id_of_its_document() -> None:
    rows = read(write("omop", sample(Record("x", {"note_id": None}))))
    assert {row["note_id"] for row in rows} == {"x"}

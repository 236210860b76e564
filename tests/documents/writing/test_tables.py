import csv
import io
import sys
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing import tables
from spacy_gliner_biomed.documents.writing.attributes import ENTITY_COLUMNS
from spacy_gliner_biomed.documents.writing.entities import Entity
from tests.documents.writing.samples import NLP, SETTINGS, Written, documents, sample, write

COLUMNS = [*ENTITY_COLUMNS, "negex", "section_category"]


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_has_one_row_for_each_entity() -> None:
    content = write("csv", sample(section_category="plan"))
    assert content.startswith(b"\xef\xbb\xbfdocument,start,")  # Excel takes it for UTF-8
    first, second = read_csv(content)
    assert list(first) == COLUMNS
    assert list(first.values()) == [
        *("n1", "0", "7", "Aspirin", "drug", "0.75"),
        *("MESH:D001241", "Aspirin", "0.9", "false", ""),
    ]
    assert (second["text"], second["concept_id"], second["negex"]) == ("gastric ulcer", "", "true")
    assert second["section_category"] == "plan"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_no_cell_of_csv_is_a_formula(text: str) -> None:
    doc = NLP.make_doc(text)
    entity = Entity(0, len(text), text, 0.5, text, text, text, 0.5, {"section_category": text})
    (row,) = read_csv(write("csv", (doc, Record(text), [entity])))
    cells = ("document", "text", "label", "concept_id", "concept_name", "section_category")
    assert [row[name] for name in cells] == ["'" + text] * len(cells)


@settings(max_examples=40)
@given(written=st.lists(documents(), max_size=2))
def test_any_entities_are_rows_of_csv_and_parquet(written: list[Written]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'parquet'")
    expected = [
        tables.entity_row(str(record.id), entity, SETTINGS.attributes)
        for _, record, found in written
        for entity in found
    ]
    content = write("csv", *written)
    assume(b"\0" not in content or sys.version_info >= (3, 11))  # older ones cannot read it
    rows = read_csv(content)
    assert [row["text"].removeprefix("'") for row in rows] == [
        row["text"].removeprefix("'") for row in expected
    ]
    assert [(row["start"], row["end"]) for row in rows] == [
        (str(row["start"]), str(row["end"])) for row in expected
    ]
    back = parquet.read_table(io.BytesIO(write("parquet", *written)))
    assert back.column_names == COLUMNS
    for column in ("score", "concept_score"):
        values = [row.pop(column) for row in expected]
        assert back.column(column).to_pylist() == pytest.approx(values, nan_ok=True)
        back = back.drop_columns([column])
    assert back.to_pylist() == expected


def test_a_nul_is_written_as_it_is() -> None:
    assert tables.csv_lines([["a\0b", 'c"d', "e,f"]]) == b'a\0b,"c""d","e,f"\r\n'


def test_parquet_is_written_in_groups_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'parquet'")
    monkeypatch.setattr(tables, "ROWS", 4)
    content = write("parquet", *[sample(Record(i)) for i in range(5)])
    file = parquet.ParquetFile(io.BytesIO(content))
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 4, 2]
    assert file.read().column("document").to_pylist() == [str(i // 2) for i in range(10)]


def test_a_document_that_parquet_cannot_hold_is_refused_by_itself() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'parquet'")
    stream = io.BytesIO()
    writer = FORMATS["parquet"].factory(stream, SETTINGS)
    writer.write(*sample(Record("a")))
    doc, record, _ = sample(Record("b"))
    with pytest.raises(Exception, match="too large to fit"):
        writer.write(doc, record, [Entity(0, 2**40, "drug", 0.5, "x")])
    writer.write(*sample(Record("c")))
    writer.finish()
    assert parquet.read_table(stream).column("document").to_pylist() == ["a", "a", "c", "c"]


def test_a_row_whose_attribute_does_not_fit_is_refused() -> None:
    entity: Any = Entity(0, 1, "a", 0.5, "a", attributes={"negex": "maybe"})
    with pytest.raises(ValueError, match="GB-E222"):
        tables.entity_row("d", entity, SETTINGS.attributes)

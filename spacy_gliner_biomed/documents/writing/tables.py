"""Write one row for each entity: CSV for spreadsheets, and Parquet."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.optional import import_optional, import_parquet
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import ENTITY_COLUMNS, column_value
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.text_forms import utf8_text
from spacy_gliner_biomed.documents.writing.writer import WriterSettings

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins with one
ROWS = 50_000  # of one row group of Parquet


def entity_row(document: str, entity: Entity, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return an entity as a row of a table.

    document (str): The document's id.
    entity (Entity): The entity.
    kinds (Mapping[str, str]): Attributes and the types of their columns.
    RETURNS (dict[str, Any]): The columns of `ENTITY_COLUMNS`, then the attributes.
    RAISES (ValueError): If an attribute does not fit its column.
    """
    row = {
        "document": document,
        "start": entity.start,
        "end": entity.end,
        "text": entity.text,
        "label": entity.label,
        "score": entity.score,
        "concept_id": entity.concept_id,
        "concept_name": entity.concept_name,
        "concept_score": entity.concept_score,
    }
    for name, kind in kinds.items():
        row[name] = column_value(name, entity.attributes.get(name), kind)
    return row


def guard(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: text gets a ' in front."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA):
        return f"'{value}"
    return value


class CsvWriter:
    """Writes CSV for spreadsheets: UTF-8 with a byte order mark, and no cell is a formula."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.kinds = settings.attributes
        self.stream.write(b"\xef\xbb\xbf")
        self._write([[*ENTITY_COLUMNS, *self.kinds]])

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the rows of one Doc."""
        rows = [entity_row(utf8_text(record.id), each, self.kinds).values() for each in found]
        self._write([[_cell(value) for value in row] for row in rows])

    def finish(self) -> None:
        """Do nothing."""

    def _write(self, rows: Iterable[Iterable[Any]]) -> None:
        self.stream.write(csv_lines(rows))


class ParquetWriter:
    """Writes Parquet in groups of `ROWS` rows."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.pyarrow = import_optional("pyarrow", "Parquet output", extra="parquet")
        parquet = import_parquet("Parquet output")
        self.kinds = settings.attributes
        self.schema = self.pyarrow.schema(list({**ENTITY_COLUMNS, **self.kinds}.items()))
        self.writer = parquet.ParquetWriter(stream, self.schema, compression="zstd")
        self.rows: list[dict[str, Any]] = []

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Add the rows of one Doc."""
        document = utf8_text(record.id)
        self.rows += [entity_row(document, each, self.kinds) for each in found]
        if len(self.rows) >= ROWS:
            self._write_group()

    def finish(self) -> None:
        """Write the last rows and the footer."""
        self._write_group()
        self.writer.close()

    def _write_group(self) -> None:
        if self.rows:
            table = self.pyarrow.Table.from_pylist(self.rows, schema=self.schema)
            self.writer.write_table(table)
            self.rows = []


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows as CSV in UTF-8, with CRLF at the ends of lines; None is an empty cell."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode("utf8")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return guard(value)

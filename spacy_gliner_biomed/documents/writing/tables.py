"""Write one row for each entity or relation: CSV for spreadsheets, and Parquet."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.optional import import_optional, import_parquet
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import ENTITY_COLUMNS, column_value
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import (
    RELATION_COLUMNS,
    entity_relations,
    relation_row,
)
from spacy_gliner_biomed.documents.writing.text_forms import utf8_text
from spacy_gliner_biomed.documents.writing.writer import WriterSettings

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins with one
# Before Python 3.11, `csv` takes NUL for an unset escape character, but a text may contain NUL. It
# cannot contain this character.
NO_ESCAPE = "\udc00"
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


@dataclass(frozen=True)
class EntityTable:
    """The table of entities, with custom attributes as further columns."""

    settings: WriterSettings

    @property
    def columns(self) -> dict[str, str]:
        """The columns and their types, in pyarrow's names."""
        return {**ENTITY_COLUMNS, **self.settings.attributes}

    def rows(self, doc: Doc, record: Record, found: Sequence[Entity]) -> list[dict[str, Any]]:
        """Return the rows of one Doc; arguments as in `Writer.write`."""
        document = utf8_text(record.id)
        return [entity_row(document, each, self.settings.attributes) for each in found]


@dataclass(frozen=True)
class RelationTable:
    """The table of relations."""

    settings: WriterSettings

    @property
    def columns(self) -> dict[str, str]:
        """The columns and their types, in pyarrow's names."""
        return RELATION_COLUMNS

    def rows(self, doc: Doc, record: Record, found: Sequence[Entity]) -> list[dict[str, Any]]:
        """Return the rows of one Doc; arguments as in `Writer.write`."""
        document = utf8_text(record.id)
        return [relation_row(document, each, found) for each in entity_relations(doc, found)]


Table = EntityTable | RelationTable


class CsvWriter:
    """Writes CSV for spreadsheets: UTF-8 with a byte order mark, and no cell is a formula.

    stream (BinaryIO): The stream to write to.
    settings (WriterSettings): Settings of the run.
    table (type[Table]): What is in the rows.
    """

    def __init__(
        self, stream: BinaryIO, settings: WriterSettings, table: type[Table] = EntityTable
    ) -> None:
        self.stream = stream
        self.table = table(settings)
        self.stream.write(b"\xef\xbb\xbf")
        self._write([self.table.columns])

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the rows of one Doc."""
        rows = self.table.rows(doc, record, found)
        self._write([[_cell(value) for value in row.values()] for row in rows])

    def finish(self) -> None:
        """Do nothing."""

    def _write(self, rows: Iterable[Iterable[Any]]) -> None:
        self.stream.write(csv_lines(rows))


class ParquetWriter:
    """Writes Parquet in groups of `ROWS` rows; arguments as for `CsvWriter`."""

    def __init__(
        self, stream: BinaryIO, settings: WriterSettings, table: type[Table] = EntityTable
    ) -> None:
        self.pyarrow = import_optional("pyarrow", "Parquet output", extra="parquet")
        parquet = import_parquet("Parquet output")
        self.table = table(settings)
        self.schema = self.pyarrow.schema(list(self.table.columns.items()))
        self.writer = parquet.ParquetWriter(stream, self.schema, compression="zstd")
        self.batches: list[Any] = []
        self.n_rows = 0

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Add the rows of one Doc. A value that Parquet cannot hold is an error here, where it is
        known whose it is.
        """
        if rows := self.table.rows(doc, record, found):
            self.batches.append(self.pyarrow.RecordBatch.from_pylist(rows, schema=self.schema))
            self.n_rows += len(rows)
        if self.n_rows >= ROWS:
            self._write_group()

    def finish(self) -> None:
        """Write the last rows and the footer."""
        self._write_group()
        self.writer.close()

    def _write_group(self) -> None:
        if self.batches:
            self.writer.write_table(self.pyarrow.Table.from_batches(self.batches, self.schema))
            self.batches, self.n_rows = [], 0


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows as CSV in UTF-8, with CRLF at the ends of lines; None is an empty cell."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, escapechar=NO_ESCAPE).writerows(rows)
    return buffer.getvalue().encode("utf8")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return guard(value)

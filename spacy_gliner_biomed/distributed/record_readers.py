"""Read corpus files record by record; broken parts become records with a problem."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_gliner_biomed.common.counted_stream import Position
from spacy_gliner_biomed.common.files import (
    decode_line,
    is_utf8,
    open_bytes,
    read_byte_lines,
    read_lines,
    read_text,
)
from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.json_text import parse_json_object
from spacy_gliner_biomed.common.optional import import_parquet
from spacy_gliner_biomed.common.reporting import describe, has_code, list_names
from spacy_gliner_biomed.distributed.corpus_files import has_text_key
from spacy_gliner_biomed.distributed.pubmed import has_xml_ending, read_pubmed
from spacy_gliner_biomed.distributed.record_making import (
    make_doc_record,
    make_record,
    make_row_record,
)
from spacy_gliner_biomed.distributed.records import CorpusRecord, FailureKind
from spacy_gliner_biomed.documents.inputs import (
    TEXT_RECORDS,
    is_lines,
    read_docbin,
    read_inputs,
)
from spacy_gliner_biomed.training.formats.detect import detect_format
from spacy_gliner_biomed.training.formats.notes_table import TEXT
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.table import FORMATS
from spacy_gliner_biomed.training.json_items import read_values
from spacy_gliner_biomed.training.record_checks import check_keys

MAX_LINE = 1 << 28  # bytes: a small compressed file can hold a line larger than the memory
ROWS = 256  # Parquet rows that are converted to Python objects at once


def read_file(
    path: Path, name: str, position: Position, reading: ReadOptions = DEFAULTS
) -> Iterator[CorpusRecord]:
    """Read the records of one file.

    path (Path): A file with one of the endings in `corpus_files.ENDINGS`.
    name (str): The name of the file in ids and sources.
    position (Position): Kept up to date while the file is read.
    reading (ReadOptions): How to read it, and its format.
    YIELDS (CorpusRecord): The records. If the file is broken, one record with a problem stands for
        the part that cannot be read; a file without records also gives one.
    RAISES (ImportError): If a package that the file format needs is not installed.
    """
    number = 0
    try:
        for record in _records(path, name, position, reading):
            number += 1
            yield record
    except ImportError:
        raise
    except Exception as error:  # a broken file must not prevent the next from being read
        record = CorpusRecord(f"{name}:broken", name)
        kind, reason = _failure(error), str(error)
        if kind == "broken":
            reason = f"the file cannot be read after record {number}: {describe(error)}"
        yield record.without_content(kind, reason)
        return
    if not number and not has_xml_ending(name):  # a PubMed file may hold deletions only
        yield CorpusRecord(f"{name}:empty", name).without_content(
            "no_records", "there is no record in it"
        )


def _failure(error: Exception) -> FailureKind:
    """Return why a file, or a part of it, cannot be read."""
    if isinstance(error, UnicodeError) or isinstance(error.__cause__, UnicodeError):
        return "not_utf8"
    return "too_large" if has_code(error, "GB-E398") else "broken"


def _records(
    path: Path, name: str, position: Position, reading: ReadOptions
) -> Iterator[CorpusRecord]:
    if reading.data_format is None and ending_of(path, (".parquet",)):
        yield from _read_parquet(path, name, position, reading)
        return
    kind = reading.data_format or detect_format(path, reading.encoding)
    if kind is None and has_text_key(path, reading):
        kind = "jsonl"
    if kind in TEXT_RECORDS and is_lines(path):
        yield from _read_jsonl(path, name, position, reading)
    elif kind in TEXT_RECORDS:
        yield from _read_json(path, name, reading)
    elif kind == "docbin":
        yield from _read_docbin(path, name)
    elif kind == "text":
        yield _read_text(path, name, reading.encoding)
    elif kind in FORMATS:
        yield from _read_others(path, name, kind, reading)
    elif has_xml_ending(path):
        with open_bytes(path, position) as stream:
            yield from read_pubmed(stream, name)
    else:
        raise ValueError("its format is not clear. Name it with --input-format")


def _read_others(path: Path, name: str, kind: str, reading: ReadOptions) -> Iterator[CorpusRecord]:
    """Read a format that both this command and `annotate` read."""
    failures: list[Exception] = []
    options = replace(reading, data_format=kind)
    found = read_inputs([path], Vocab(), failures.append, options)
    for number, (text, record) in enumerate(found, 1):
        own = None if record.id == f"{path.as_posix()}:{number}" else record.id
        yield make_record(text, own, record.meta, f"{name}:{number}")
    for number, error in enumerate(failures, 1):
        if not has_code(error, "GB-E162"):  # no document: `read_file` reports it
            source = f"{name}:broken-{number}"
            yield CorpusRecord(source, source).without_content(_failure(error), str(error))


def _read_json(path: Path, name: str, reading: ReadOptions) -> Iterator[CorpusRecord]:
    for number, (_, values) in enumerate(read_values(path, reading.encoding), 1):
        source = f"{name}:{number}"
        try:
            check_keys(values, ())
        except ValueError as error:
            yield CorpusRecord(source, source).without_content("broken", str(error))
        else:
            yield make_row_record(values, source, reading)


def _read_jsonl(
    path: Path, name: str, position: Position, reading: ReadOptions
) -> Iterator[CorpusRecord]:
    lines: Iterator[tuple[int, bytes]]
    if not is_utf8(reading.encoding):
        lines = ((number, line.encode()) for number, line in read_lines(path, reading.encoding))
    else:
        lines = read_byte_lines(path, max_bytes=MAX_LINE, position=position)
    for number, line in lines:
        source = f"{name}:{number}"
        if len(line) > MAX_LINE:
            reason = f"the line has more than {MAX_LINE:,} bytes"
            yield CorpusRecord(source, source).without_content("too_large", reason)
        elif line.strip():
            try:
                text = decode_line(path, number, line.strip())
            except ValueError as error:
                yield CorpusRecord(source, source).without_content("not_utf8", str(error))
            else:
                yield _parse_line(text, source, reading)


def _parse_line(text: str, source: str, reading: ReadOptions) -> CorpusRecord:
    try:
        values = parse_json_object(text)
    except ValueError as error:
        return CorpusRecord(source, source).without_content("broken", f"not valid JSON: {error}")
    return make_row_record(values, source, reading)


def _read_parquet(
    path: Path, name: str, position: Position, reading: ReadOptions
) -> Iterator[CorpusRecord]:
    size, number = path.stat().st_size, 0
    parquet = import_parquet("Parquet input")
    with path.open("rb") as stream, parquet.ParquetFile(stream) as table:
        for column in (reading.text_column or TEXT, reading.id_column):
            if column is not None and column not in table.schema_arrow.names:
                found = list_names(table.schema_arrow.names)
                raise ValueError(f"there is no column {column!r}; found: {found}")
        for batch in table.iter_batches(batch_size=ROWS):
            for values in _rows(batch):
                number += 1
                position.bytes = size * number // table.metadata.num_rows
                yield _make_parquet_record(values, f"{name}:{number}", reading)
        if number != table.metadata.num_rows:
            raise ValueError(f"the file says that it has {table.metadata.num_rows:,} rows")


def _rows(batch: Any) -> Iterator[dict[str, Any] | Exception]:
    """Yield the rows of a batch, and the error of each row that cannot be converted."""
    try:
        rows = batch.to_pylist()
    except Exception:
        for i in range(batch.num_rows):
            try:
                [row] = batch.slice(i, 1).to_pylist()
            except Exception as error:
                yield error
            else:
                yield row
    else:
        yield from rows


def _make_parquet_record(
    values: dict[str, Any] | Exception, source: str, reading: ReadOptions
) -> CorpusRecord:
    if isinstance(values, Exception):
        return CorpusRecord(source, source).without_content("broken", describe(values))
    found = {key: value for key, value in values.items() if value is not None}
    return make_row_record(found, source, reading)


def _read_docbin(path: Path, name: str) -> Iterator[CorpusRecord]:
    for number, found in enumerate(read_docbin(path, Vocab()), start=1):
        source = f"{name}:{number}"
        if isinstance(found, ValueError):
            yield CorpusRecord(source, source).without_content("broken", str(found))
            continue
        doc, record = found
        assert isinstance(doc, Doc)
        own = None if record.id == f"{path.as_posix()}:{number}" else record.id
        yield make_doc_record(doc, record.meta, own, source)


def _read_text(path: Path, name: str, encoding: str) -> CorpusRecord:
    try:
        return CorpusRecord(name, name, read_text(path, encoding))
    except ValueError as error:
        return CorpusRecord(name, name).without_content(_failure(error), str(error))

"""Read corpus files record by record; broken parts become records with a problem."""

import json
from collections.abc import Iterator, Mapping
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
from spacy_gliner_biomed.common.json_text import check_depth, check_text, parse_json_object
from spacy_gliner_biomed.common.optional import import_parquet
from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.distributed.pubmed import is_pubmed, read_pubmed
from spacy_gliner_biomed.distributed.records import CorpusRecord, FailureKind, describe
from spacy_gliner_biomed.documents.inputs import (
    TEXT_RECORDS,
    is_lines,
    read_docbin,
    read_inputs,
)
from spacy_gliner_biomed.training.formats.detect import detect_format
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.table import FORMATS

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
        if _is_encoding(error):
            yield record.without_content("not_utf8", str(error))
        else:
            reason = f"the file cannot be read after record {number}: {describe(error)}"
            yield record.without_content("broken", reason)
        return
    if not number and not is_pubmed(name):  # a PubMed file may hold deletions only
        yield CorpusRecord(f"{name}:empty", name).without_content(
            "no_records", "there is no record in it"
        )


def _is_encoding(error: Exception) -> bool:
    return isinstance(error, UnicodeError) or isinstance(error.__cause__, UnicodeError)


def _records(
    path: Path, name: str, position: Position, reading: ReadOptions
) -> Iterator[CorpusRecord]:
    if reading.data_format is None and ending_of(path, (".parquet",)):
        yield from _read_parquet(path, name, position)
        return
    kind = reading.data_format or detect_format(path, reading.encoding)
    if kind in TEXT_RECORDS and is_lines(path):
        yield from _read_jsonl(path, name, position, reading.encoding)
    elif kind == "docbin":
        yield from _read_docbin(path, name)
    elif kind == "text":
        yield _read_text(path, name, reading.encoding)
    elif kind in FORMATS:
        yield from _read_others(path, name, kind, reading)
    elif is_pubmed(path):
        with open_bytes(path, position) as stream:
            yield from read_pubmed(stream, name)
    else:
        raise ValueError("its format is not clear. Name it with --input-format")


def _read_others(path: Path, name: str, kind: str, reading: ReadOptions) -> Iterator[CorpusRecord]:
    """Read a format that both this command and `annotate` read."""
    failures: list[Exception] = []
    options = replace(reading, data_format=kind)
    found = read_inputs([path], Vocab(), failures.append, options)
    for n_good, (text, record) in enumerate(found, 1):
        number = n_good + len(failures)  # broken records before it count, too
        own = None if record.id == f"{path.as_posix()}:{number}" else record.id
        yield make_record({**record.meta, "id": own, "text": text}, f"{name}:{number}")
    for number, error in enumerate(failures, 1):
        if not str(error).startswith("[GB-E162]"):  # that nothing is in it
            source = f"{name}:broken-{number}"
            failed: FailureKind = "not_utf8" if _is_encoding(error) else "broken"
            yield CorpusRecord(source, source).without_content(failed, str(error))


def _read_jsonl(path: Path, name: str, position: Position, encoding: str) -> Iterator[CorpusRecord]:
    lines: Iterator[tuple[int, bytes]]
    if not is_utf8(encoding):
        lines = ((number, line.encode()) for number, line in read_lines(path, encoding))
    else:
        lines = read_byte_lines(path, max_bytes=MAX_LINE, position=position)
    for number, line in lines:
        source = f"{name}:{number}"
        if len(line) > MAX_LINE:
            reason = f"the line has more than {MAX_LINE:,} bytes"
            yield CorpusRecord(source, source).without_content("too_large", reason)
        elif line.strip():
            yield _parse_line(path, number, line.strip(), source)


def _parse_line(path: Path, number: int, line: bytes, source: str) -> CorpusRecord:
    try:
        text = decode_line(path, number, line)
    except ValueError as error:
        return CorpusRecord(source, source).without_content("not_utf8", str(error))
    try:
        values = parse_json_object(text)
    except ValueError as error:
        return CorpusRecord(source, source).without_content("broken", f"no JSON: {error}")
    return make_record(values, source)


def _read_parquet(path: Path, name: str, position: Position) -> Iterator[CorpusRecord]:
    size, number = path.stat().st_size, 0
    parquet = import_parquet("Parquet input")
    with path.open("rb") as stream, parquet.ParquetFile(stream) as table:
        if "text" not in table.schema_arrow.names:
            found = list_names(table.schema_arrow.names)
            raise ValueError(f"there is no column 'text'; found: {found}")
        for batch in table.iter_batches(batch_size=ROWS):
            for values in _rows(batch):
                number += 1
                position.bytes = size * number // table.metadata.num_rows
                yield _make_parquet_record(values, f"{name}:{number}")
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


def _make_parquet_record(values: dict[str, Any] | Exception, source: str) -> CorpusRecord:
    if isinstance(values, Exception):
        return CorpusRecord(source, source).without_content("broken", describe(values))
    return make_record({key: value for key, value in values.items() if value is not None}, source)


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


def make_doc_record(doc: Doc, meta: Mapping[str, Any], own: Any, source: str) -> CorpusRecord:
    """Make the record of a Doc.

    doc (Doc): The Doc.
    meta (Mapping[str, Any]): Further keys.
    own (Any): Its id; None if it has none.
    source (str): See `make_record`.
    RETURNS (CorpusRecord): The record, with a problem if it cannot be annotated.
    """
    try:
        record = make_record({**meta, "id": own, "text": doc.text}, source)
        return CorpusRecord(record.id, source, doc.to_bytes(), record.meta, record.problem)
    except Exception as error:  # such as a string that is missing in the file
        return CorpusRecord(source, source).without_content("broken", describe(error))


def _read_text(path: Path, name: str, encoding: str) -> CorpusRecord:
    try:
        return CorpusRecord(name, name, read_text(path, encoding))
    except ValueError as error:
        return CorpusRecord(name, name).without_content("not_utf8", str(error))


def make_record(values: Mapping[str, Any], source: str) -> CorpusRecord:
    """Make the record of a row.

    values (Mapping[str, Any]): `text`, optionally `id`, and any further keys.
    source (str): File, and line or number in it; also the id if the row has none.
    RETURNS (CorpusRecord): The record, with a problem if it cannot be annotated.
    """
    try:
        return _make_record(values, source)
    except Exception as error:  # values that JSON cannot hold: nested too deeply or too large
        return CorpusRecord(source, source).without_content("broken", describe(error))


def _make_record(values: Mapping[str, Any], source: str) -> CorpusRecord:
    meta = {key: value for key, value in values.items() if key not in ("id", "text")}
    own, text = values.get("id"), values.get("text")
    check_depth(meta)
    name = source if own is None or own == "" else str(own)
    if problem := _problem(name, text):
        safe = name if problem[0] == "missing_text" else source
        return CorpusRecord(safe, source).without_content(*problem)
    # ASCII: a further key may hold half of a surrogate pair, which tables cannot store.
    return CorpusRecord(name, source, text, json.dumps(meta, default=str) if meta else "")  # type: ignore[arg-type]


def _problem(name: str, text: Any) -> tuple[FailureKind, str] | None:
    try:
        check_text(name)
        if isinstance(text, str):
            check_text(text)
            return None
    except ValueError as error:
        return "not_utf8", str(error)
    found = "there is no 'text'" if text is None else f"'text' is {type(text).__name__}"
    return "missing_text", found

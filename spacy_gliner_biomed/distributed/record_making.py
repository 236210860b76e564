"""Make the records of a corpus from rows and Docs."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from spacy.tokens import Doc

from spacy_gliner_biomed.common.json_text import check_depth, check_text
from spacy_gliner_biomed.common.own_keys import free_key
from spacy_gliner_biomed.common.reporting import describe
from spacy_gliner_biomed.distributed.records import CorpusRecord, FailureKind
from spacy_gliner_biomed.training.formats.notes_table import ID, TEXT
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions


def make_row_record(
    values: Mapping[str, Any], source: str, reading: ReadOptions = DEFAULTS
) -> CorpusRecord:
    """Make the record of a row.

    values (Mapping[str, Any]): The text, perhaps an id, and any further keys.
    source (str): See `make_record`.
    reading (ReadOptions): The keys of text and id.
    RETURNS (CorpusRecord): The record, with a problem if it cannot be annotated.
    """
    key, id_key = reading.text_column or TEXT, reading.id_column or ID
    meta = other_keys(values, (key, id_key))
    return make_record(values.get(key), values.get(id_key), meta, source, text_key=key)


def other_keys(values: Mapping[str, Any], used: Collection[str]) -> dict[str, Any]:
    """Return a row without the keys of its text and id."""
    return {key: value for key, value in values.items() if key not in used}


def make_record(
    text: Any, own: Any, meta: Mapping[str, Any], source: str, *, text_key: str = TEXT
) -> CorpusRecord:
    """Make a record.

    text (Any): The text.
    own (Any): Its id; None or empty if it has none.
    meta (Mapping[str, Any]): Further keys. "text" and "id" become "text_column" and "id_column",
        because outputs have the text and the id of the document under these names.
    source (str): File, and line or number in it; also the id if there is none.
    text_key (str): The key of the text, for the message.
    RETURNS (CorpusRecord): The record, with a problem if it cannot be annotated.
    """
    try:
        return _make_record(text, own, _renamed(meta), source, text_key)
    except Exception as error:  # values that JSON cannot hold: nested too deeply or too large
        return CorpusRecord(source, source).without_content("broken", describe(error))


def make_doc_record(doc: Doc, meta: Mapping[str, Any], own: Any, source: str) -> CorpusRecord:
    """Make the record of a Doc.

    doc (Doc): The Doc.
    meta, own, source: See `make_record`.
    RETURNS (CorpusRecord): The record, with a problem if it cannot be annotated.
    """
    try:
        record = make_record(doc.text, own, meta, source)
        return CorpusRecord(record.id, source, doc.to_bytes(), record.meta, record.problem)
    except Exception as error:  # such as a string that is missing in the file
        return CorpusRecord(source, source).without_content("broken", describe(error))


def _renamed(meta: Mapping[str, Any]) -> dict[str, Any]:
    kept = other_keys(meta, (TEXT, ID))
    for name in (TEXT, ID):
        if name in meta:
            kept[free_key(f"{name}_column", kept)] = meta[name]
    return kept


def _make_record(
    text: Any, own: Any, meta: dict[str, Any], source: str, text_key: str
) -> CorpusRecord:
    check_depth(meta)
    name = source if own is None or own == "" else str(own)
    if problem := _problem(name, text, text_key):
        safe = name if problem[0] == "missing_text" else source
        return CorpusRecord(safe, source).without_content(*problem)
    # ASCII: a further key may hold half of a surrogate pair, which tables cannot store.
    return CorpusRecord(name, source, text, json.dumps(meta, default=str) if meta else "")


def _problem(name: str, text: Any, text_key: str) -> tuple[FailureKind, str] | None:
    try:
        check_text(name)
        if isinstance(text, str):
            check_text(text)
            return None
    except ValueError as error:
        return "not_utf8", str(error)
    missing = text is None
    found = f"there is no {text_key!r}" if missing else f"{text_key!r} is {type(text).__name__}"
    return "missing_text", found

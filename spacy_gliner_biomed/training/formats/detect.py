"""Tell the format of a file from its ending and its beginning."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import UTF8, open_text
from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.json_text import parse_json
from spacy_gliner_biomed.common.xml_elements import root_tag
from spacy_gliner_biomed.training.formats.brat import is_brat
from spacy_gliner_biomed.training.formats.conll import parse_tag
from spacy_gliner_biomed.training.json_items import read_values

HEAD = 1 << 16  # characters of the first line that are looked at
LONGEST_LINE = 1 << 20  # characters of a line of JSON that are looked at
N_RECORDS = 50  # records that are looked at if the first do not say it
# Endings of files whose content says whether they hold documents.
UNCLEAR = tuple(
    f"{ending}{packed}"
    for ending in (".json", ".xml", ".csv", ".tsv", ".tab")
    for packed in ("", ".gz")
)
XML_ROOTS = {"collection": "bioc-xml", "article": "jats", "pmc-articleset": "jats"}
XML_ROOTS |= {"PubmedArticleSet": "pubmed", "PubmedArticle": "pubmed"}
PUBTATOR_LINE = re.compile(r"[^|\t]+\|t\|")
# Keys of records, with the format that has them. The first that fit decide.
KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"tokenized_text"}), "gliner"),
    (frozenset({"denotations"}), "pubannotation"),
    (frozenset({"text", "tracks"}), "pubannotation"),
    (frozenset({"text", "sourcedb"}), "pubannotation"),
    (frozenset({"documents"}), "bioc-json"),
    (frozenset({"PubTator3"}), "bioc-json"),
    (frozenset({"data", "annotations"}), "labelstudio"),
    (frozenset({"data", "completions"}), "labelstudio"),
    (frozenset({"data", "predictions"}), "labelstudio"),
    (frozenset({"text", "spans"}), "prodigy"),
    (frozenset({"text", "answer"}), "prodigy"),
)


def detect_format(path: Path, encoding: str = UTF8) -> str | None:
    """Tell the format of a file or folder.

    path (Path): It exists.
    encoding (str): The encoding of text and JSON.
    RETURNS (str | None): A name in `table.FORMATS`, "pubmed" for PubMed's XML, or None.
    RAISES (ValueError): If the beginning of the file cannot be read.
    """
    if path.is_dir():
        return "brat" if is_brat(path) else None
    for endings, tell in _TELLERS.items():
        if ending_of(path, (*endings, *(f"{ending}.gz" for ending in endings))):
            return tell(path, encoding)
    return None


def format_of_record(record: Any) -> str | None:
    """Tell the format of a JSON record from its keys; None if they do not say it.

    record (Any): The record.
    RETURNS (str | None): A name in `table.FORMATS`.
    """
    if not isinstance(record, Mapping):
        return None
    for keys, name in KEYS:
        if keys <= record.keys():
            return name
    if "passages" in record and "text" not in record:
        return "bioc-json"
    if {"input", "output"} <= record.keys():
        return "instructions" if isinstance(record["output"], str) else "gliner2"
    if "text" not in record:
        return None
    for key in ("label", "labels", "entities"):
        first = next(iter(record[key]), None) if isinstance(record.get(key), list) else None
        if isinstance(first, list) or (isinstance(first, Mapping) and "start_offset" in first):
            return "doccano"
        if isinstance(first, Mapping):
            return "labelstudio" if "labels" in first else "jsonl"
    return None


def _tell_json(path: Path, encoding: str) -> str | None:
    records: list[Any] = []
    try:
        for _, record in islice(read_values(path, encoding), N_RECORDS):
            records.append(record)
            if found := format_of_record(record):
                return found
    except ValueError:
        if not records:
            raise
    return _format_of_records(records)


def _format_of_records(records: Iterable[Any]) -> str | None:
    record: Any = None
    for record in records:
        if found := format_of_record(record):
            return found
    if not isinstance(record, Mapping) or "text" not in record:
        return None
    # No record has an entity.
    return "doccano" if {"label", "relations"} & record.keys() else "jsonl"


def _tell_json_lines(path: Path, encoding: str) -> str | None:
    """Tell the format of JSON lines: "jsonl" if it is not clear or a line is broken, because the
    reader of "jsonl" reports what is broken.
    """
    try:
        with open_text(path, encoding=encoding) as file:
            lines = [file.readline(LONGEST_LINE) for _ in range(N_RECORDS)]
        records = [parse_json(line) for line in lines if line.strip()]
    except ValueError:
        return "jsonl"
    return _format_of_records(records) or "jsonl"


def _tell_xml(path: Path, _: str) -> str | None:
    return XML_ROOTS.get(root_tag(path) or "")


def _tell_text(path: Path, encoding: str) -> str | None:
    try:
        lines = _first_lines(path, encoding)
    except ValueError:  # the reader names what is broken
        return "text"
    if lines and PUBTATOR_LINE.match(lines[0]):
        return "pubtator"
    return "conll" if _has_tags(lines) else "text"


def _tell_table(path: Path, encoding: str) -> str | None:
    return "conll" if _has_tags(_first_lines(path, encoding)) else "csv"


def _has_tags(lines: list[str]) -> bool:
    """Return whether lines are tokens and tags, at least one of them of an entity."""
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not rows or any(len(row) < 2 for row in rows):
        return False
    try:
        tags = [parse_tag(row[-1]) for row in rows]
    except ValueError:
        return False
    return any(tags)


def _tell_archive(path: Path, _: str) -> str | None:
    return "brat" if is_brat(path) else None


def _first_lines(path: Path, encoding: str) -> list[str]:
    with open_text(path, encoding=encoding) as file:
        return file.read(HEAD).split("\n")[:N_RECORDS]


_TELLERS: dict[tuple[str, ...], Callable[[Path, str], str | None]] = {
    (".spacy",): lambda *_: "docbin",
    (".jsonl", ".ndjson"): _tell_json_lines,
    (".json",): _tell_json,
    (".xml", ".nxml", ".bioc"): _tell_xml,
    (".csv",): lambda *_: "csv",
    (".tsv", ".tab"): _tell_table,
    (".conll", ".iob", ".iob2", ".bio", ".bioes"): lambda *_: "conll",
    (".pubtator",): lambda *_: "pubtator",
    (".txt",): _tell_text,
    (".zip",): _tell_archive,
}

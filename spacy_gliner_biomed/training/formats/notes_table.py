"""Read notes from CSV and TSV files."""

import csv
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from spacy_gliner_biomed.common.delimiters import delimiter_of
from spacy_gliner_biomed.common.files import checked_lines, open_text, unpacked_limit
from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.own_keys import free_key
from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.record_checks import BLANK_ROWS, Counts, located

TEXT, ID = "text", "id"
LONGEST_FIELD = min(sys.maxsize, 2**31 - 1)  # characters; notes can be long
# Keys of a document itself. A further column of this name is kept as "text_column", for example.
RESERVED = (TEXT, ID, "entities", "relations")


def read_notes(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read a text from each row; its other columns are its metadata, see `_meta_keys`.

    path (Path): The file, with a row of column names. Columns are separated by commas, semicolons
        or tabs; a field in quotes may hold these, and line breaks.
    options (ReadOptions): The encoding, and the columns of texts and ids.
    counts (Counts): Blank rows are added.
    YIELDS (AnnotatedText): The texts, without entities.
    RAISES (ValueError): With file and line, for what cannot be read; or if there is no such column.
    """
    csv.field_size_limit(unpacked_limit(path) or LONGEST_FIELD)
    with open_text(path, newline="", encoding=options.encoding) as file:
        lines = checked_lines(path, file)
        first = next(lines, "")
        rows = csv.reader(chain([first], lines), delimiter=delimiter_of(path, first), strict=True)
        with located(path, 1):
            header = [name.strip() for name in _next(rows) or []]
        text_at = _find(header, options.text_column or TEXT, path)
        has_id = options.id_column is not None or ID in map(str.casefold, header)
        id_at = _find(header, options.id_column or ID, path) if has_id else None
        keys = _meta_keys(header)
        while True:
            line = rows.line_num + 1
            with located(path, line):
                row = _next(rows)
                if row is None:
                    return
                if not any(field.strip() for field in row):
                    counts[BLANK_ROWS] += 1
                    continue
                text = _parse(row, keys, text_at, id_at)
            yield text


def _meta_keys(header: list[str]) -> list[str]:
    """Return the columns' keys in the metadata: their names, made different from each other and
    from `RESERVED`, so that no column is lost: "note", "note_2", "text_column".
    """
    keys: list[str] = []
    for name in header:
        others = {*keys, *header} if name in [*keys, *RESERVED] else {*keys}
        keys.append(free_key(f"{name}_column" if name in RESERVED else name, others))
    return keys


def _parse(row: list[str], keys: list[str], text_at: int, id_at: int | None) -> AnnotatedText:
    """Return the text of a row.

    RAISES (ValueError): If it has another number of columns than the header.
    """
    if len(row) != len(keys):
        problem = f"found {len(row)} columns instead of {len(keys)}"
        raise ValueError(f"{problem}; texts that hold separators need quotes")
    name = "" if id_at is None else row[id_at].strip()
    values = enumerate(zip(keys, row, strict=True))
    meta = {key: value for i, (key, value) in values if i not in (text_at, id_at)}
    return AnnotatedText(check_text(row[text_at]), [], [], None, check_text(name), meta=meta)


def _find(header: list[str], name: str, path: Path) -> int:
    """Return the index of a column, by its name in any case.

    RAISES (ValueError): If it is missing.
    """
    names = header if name in header else [each.casefold() for each in header]
    wanted = name if name in header else name.casefold()
    if wanted not in names:
        raise ValueError(Errors.E204.format(column=name, path=path, found=list_names(header, 20)))
    return names.index(wanted)


def _next(rows: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error as error:
        raise ValueError(f"{error}. Check the quotes of this row") from error

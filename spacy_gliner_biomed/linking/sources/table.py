"""Reads tables of concepts: CSV and TSV."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from spacy_gliner_biomed.common.delimiters import delimiter_of
from spacy_gliner_biomed.common.files import UTF8, open_text
from spacy_gliner_biomed.common.reporting import has_code, shorten, warn
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.linking.kb.concepts import Concept, Located
from spacy_gliner_biomed.linking.sources.unread import UnreadValues

COLUMNS = ("id", "name", "aliases", "types", "definition")
SEPARATOR = "|"
# What else people write between names. Commas are also parts of names ("Neoplasms, Breast") and,
# even more often, of types.
OTHER_SEPARATORS, COMMA = re.compile(r"[;\n]"), re.compile(r",\s")
LISTS = ("aliases", "types")


@dataclass
class _Cells:
    """What a table has in its cells of several names.

    others (list[tuple[str, bool]]): Cells without `SEPARATOR` that seem to have another one, and
        whether it is a comma, which tells nothing where another cell has `SEPARATOR`.
    has_separator (bool): Whether a cell has `SEPARATOR`.
    """

    others: list[tuple[str, bool]] = field(default_factory=list)
    has_separator: bool = False

    def split(self, column: str, cell: str) -> list[str]:
        """Return the names of a cell."""
        if SEPARATOR in cell:
            self.has_separator = True
        elif OTHER_SEPARATORS.search(cell.strip()):
            self.others.append((shorten(cell), False))
        elif column == "aliases" and COMMA.search(cell.strip()):
            self.others.append((shorten(cell), True))
        return [part.strip() for part in cell.split(SEPARATOR) if part.strip()]

    def report(self, path: Path) -> None:
        """Warn once about the cells that seem to have other separators."""
        if found := [
            cell for cell, is_comma in self.others if not (is_comma and self.has_separator)
        ]:
            warn(Warnings.W405.format(path=path, n=len(found), example=found[0]))


def read_table(path: Path, encoding: str = UTF8) -> Iterator[Located]:
    """Read a table with the columns id and name; aliases, types and definition are optional.

    Several aliases or types in a cell are separated by "|". Blank rows are skipped and counted in a
    warning; others count cells that seem to have other separators, and the values of columns with
    another name.

    path (Path): The file. Columns are separated by commas, semicolons or tabs.
    encoding (str): See `files.open_text`.
    YIELDS (Located): Line numbers and concepts.
    RAISES (ValueError): With file and line, if a row cannot be read.
    """
    n_blank, names, unread = 0, _Cells(), UnreadValues(COLUMNS)
    with open_text(path, newline="", encoding=encoding) as file:
        first = file.readline()
        rows = csv.reader(chain([first], file), delimiter=delimiter_of(path, first), strict=True)
        try:
            header = _read_header(next(rows, []))
            for row in rows:
                if any(cell.strip() for cell in row):
                    cells = zip(header, row, strict=False)  # of other lengths: an error below
                    unread.add(name for name, cell in cells if cell.strip())
                    yield rows.line_num, _concept(header, row, names)
                else:
                    n_blank += 1
        except (csv.Error, ValueError) as error:
            if _is_coded(error):  # concerns the file, not a row
                raise
            line = max(1, rows.line_num)
            raise ValueError(Errors.E060.format(path=path, line=line, error=error)) from error
    if n_blank:
        warn(Warnings.W150.format(n=n_blank, path=path))
    names.report(path)
    unread.report(path)


def _read_header(cells: Sequence[str]) -> list[str]:
    """Return the columns of a table by their names here.

    RAISES (ValueError): If a required column is missing, or a column is there twice.
    """
    header = [cell.strip().lower() for cell in cells]
    if missing := [name for name in COLUMNS[:2] if name not in header]:
        raise ValueError(
            f"the header has no column {' and '.join(missing)}, but {shorten(cells)}; columns are "
            f"{', '.join(COLUMNS)}"
        )
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        raise ValueError(f"the header has the column {twice[0]} more than once")
    return header


def _is_coded(error: Exception) -> bool:
    return isinstance(error, UnicodeError) or has_code(error)


def _concept(header: Sequence[str], cells: Sequence[str], names: _Cells) -> Concept:
    if len(cells) != len(header):
        raise ValueError(f"the row has {len(cells)} cells, and the header {len(header)}")
    row = dict(zip(header, cells, strict=True))
    aliases, types = (names.split(column, row.get(column, "")) for column in LISTS)
    definition = row.get("definition", "").strip() or None
    return Concept(row["id"].strip(), row["name"].strip(), aliases, types, definition)

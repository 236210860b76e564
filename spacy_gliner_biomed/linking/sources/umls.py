"""Reads UMLS in Rich Release Format: MRCONSO.RRF, and MRSTY.RRF and MRDEF.RRF if present."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from spacy_gliner_biomed.common.files import UTF8, open_text
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.concepts import Concept, Located

# Columns of MRCONSO.RRF.
CUI, LAT, TS, STT, ISPREF, STR, SUPPRESS = 0, 1, 2, 4, 6, 14, 16
N_CONSO, N_STY, N_DEF = 18, 6, 8

NumberedRow = tuple[int, list[str]]


def read_umls(path: Path, encoding: str = UTF8) -> Iterator[Located]:
    """Read the English names that are not suppressed, by CUI, with semantic types ("T047").

    path (Path): The folder, or MRCONSO.RRF in it, sorted by CUI as released.
    encoding (str): See `files.open_text`.
    YIELDS (Located): Line numbers and concepts.
    RAISES (ValueError): With file and line, if a line is malformed.
    """
    folder = path if path.is_dir() else path.parent
    conso = folder / "MRCONSO.RRF" if path.is_dir() else path
    if not conso.exists():
        raise ValueError(Errors.E050.format(path=conso))
    types: dict[str, list[str]] = {}
    for _, row in _rows(folder / "MRSTY.RRF", N_STY, encoding):
        types.setdefault(row[0], []).append(row[1])
    definitions: dict[str, str] = {}
    for _, row in _rows(folder / "MRDEF.RRF", N_DEF, encoding):
        if row[6] == "N":
            definitions.setdefault(row[0], row[5])
    wanted = (
        (number, row)
        for number, row in _rows(conso, N_CONSO, encoding)
        if row[LAT] == "ENG" and row[SUPPRESS] == "N"
    )
    for cui, group in groupby(wanted, key=lambda pair: pair[1][CUI]):
        rows = list(group)
        names = [row[STR] for _, row in sorted(rows, key=_preference)]
        unique = list(dict.fromkeys(names))
        concept = Concept(cui, unique[0], unique[1:], types.get(cui, []), definitions.get(cui))
        yield rows[0][0], concept


def _preference(pair: NumberedRow) -> tuple[bool, bool, bool, int]:
    """Return a sort key: the preferred form of the preferred term first, others by line."""
    number, row = pair
    return row[TS] != "P", row[STT] != "PF", row[ISPREF] != "Y", number


def _rows(path: Path, n_columns: int, encoding: str) -> Iterator[NumberedRow]:
    """Read line numbers and cells; nothing if an optional file is missing."""
    if not path.exists():
        return
    with open_text(path, newline="\n", encoding=encoding) as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\r\n").split("|")[:-1]  # each cell ends in "|"
            if len(cells) != n_columns:
                error = f"{len(cells)} cells that end in '|' instead of {n_columns}"
                raise ValueError(Errors.E060.format(path=path, line=number, error=error))
            yield number, cells

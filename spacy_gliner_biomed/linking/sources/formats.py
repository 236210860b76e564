"""Reads terminologies: chooses the reader of a file; reads JSON and tables."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import open_text
from spacy_gliner_biomed.common.json_files import read_json_lines
from spacy_gliner_biomed.common.reporting import shorten, warn
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.linking.kb.concepts import Concept, Located, check_concepts
from spacy_gliner_biomed.linking.sources.mesh import read_mesh_ascii, read_mesh_xml
from spacy_gliner_biomed.linking.sources.obo import read_obo
from spacy_gliner_biomed.linking.sources.umls import read_umls
from spacy_gliner_biomed.training.json_items import read_items

COLUMNS = ("id", "name", "aliases", "types", "definition")
SEPARATOR = "|"


def read_concepts(path: Path, data_format: str | None = None) -> Iterator[Concept]:
    """Read the concepts of a terminology.

    path (Path): A file, or for UMLS the folder with MRCONSO.RRF. All but UMLS may end in .gz.
    data_format (str | None): One of `FORMATS`; None to guess by the file's name.
    RETURNS (Iterator[Concept]): The concepts.
    RAISES (ValueError): With file and line, if a line cannot be read or is wrong.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(Errors.E050.format(path=path))
    found = data_format or guess_format(path)
    if found not in FORMATS:
        listed = ", ".join(FORMATS)
        raise ValueError(Errors.E081.format(path=path, found=data_format or path.name, all=listed))
    return check_concepts(FORMATS[found](path), path)


def guess_format(path: Path) -> str | None:
    """Guess the format by a file's name; None if the name does not tell."""
    if path.is_dir() or path.suffix.lower() == ".rrf":
        return "umls"
    name = path.name.lower().removesuffix(".gz")
    endings = {
        ".jsonl": "jsonl",
        ".json": "json",
        ".obo": "obo",
        ".xml": "mesh-xml",
        ".bin": "mesh-ascii",
    }
    return {**endings, ".csv": "csv", ".tsv": "csv"}.get(Path(name).suffix)


def read_json(path: Path) -> Iterator[Located]:
    """Read scispaCy's format: objects {"concept_id", "canonical_name", ...}, one a line or in one
    array, as scispaCy reads both. Concepts of an array have the number of the item, from 1.
    """
    for number, value in _json_values(path):
        try:
            yield number, _concept(value)
        except (ValueError, KeyError, TypeError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else error
            raise ValueError(Errors.E060.format(path=path, line=number, error=what)) from error


def _json_values(path: Path) -> Iterator[tuple[int, Any]]:
    if _is_array(path):
        yield from enumerate(read_items(path), 1)
    else:
        yield from read_json_lines(path)


def _is_array(path: Path) -> bool:
    with open_text(path) as file:
        while character := file.read(1):
            if not character.isspace():
                return character == "["
    return False


def read_table(path: Path) -> Iterator[Located]:
    """Read a table with the columns id and name; aliases, types and definition are optional.

    Cells are separated by commas (.csv) or tabs (.tsv), several aliases or types by "|". Blank
    rows are skipped and counted in a warning.
    """
    delimiter = "\t" if ".tsv" in path.name.lower() else ","
    n_blank = 0
    with open_text(path, newline="") as file:
        rows = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = _read_header(next(rows, []))
            for row in rows:
                if any(cell.strip() for cell in row):
                    yield rows.line_num, _row_concept(header, row)
                else:
                    n_blank += 1
        except (csv.Error, ValueError) as error:
            if _is_coded(error):  # concerns the file, not a row
                raise
            line = max(1, rows.line_num)
            raise ValueError(Errors.E060.format(path=path, line=line, error=error)) from error
    if n_blank:
        warn(Warnings.W150.format(n=n_blank, path=path))


def _read_header(cells: list[str]) -> list[str]:
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
    return isinstance(error, UnicodeDecodeError) or str(error).startswith("[GB-")


def _concept(line: Any) -> Concept:
    if not isinstance(line, dict):
        raise ValueError(f"found {type(line).__name__} instead of an object")
    concept_id, name = line["concept_id"], line["canonical_name"]
    aliases, types = line.get("aliases") or [], line.get("types") or []
    definition = line.get("definition")
    texts = [concept_id, name, *aliases, *types, *([] if definition is None else [definition])]
    lists = isinstance(aliases, list) and isinstance(types, list)
    if not lists or not all(isinstance(text, str) for text in texts):
        raise ValueError(
            "concept_id, canonical_name and definition must be strings, aliases and types lists "
            "of strings"
        )
    return Concept(concept_id, name, aliases, types, definition)


def _row_concept(header: list[str], cells: list[str]) -> Concept:
    if len(cells) != len(header):
        raise ValueError(f"the row has {len(cells)} cells, and the header {len(header)}")
    row = dict(zip(header, cells, strict=True))

    def several(name: str) -> list[str]:
        return [part.strip() for part in row.get(name, "").split(SEPARATOR) if part.strip()]

    definition = row.get("definition", "").strip() or None
    return Concept(row["id"].strip(), row["name"], several("aliases"), several("types"), definition)


FORMATS: dict[str, Callable[[Path], Iterator[Located]]] = {
    "jsonl": read_json,
    "json": read_json,
    "csv": read_table,
    "obo": read_obo,
    "mesh-xml": read_mesh_xml,
    "mesh-ascii": read_mesh_ascii,
    "umls": read_umls,
}

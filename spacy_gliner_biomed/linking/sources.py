"""Terminologies of other formats: which reader a file needs, scispaCy's JSON lines, tables."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.concepts import Concept, Located, check_concepts
from spacy_gliner_biomed.linking.mesh import read_mesh_ascii, read_mesh_xml
from spacy_gliner_biomed.linking.obo import read_obo
from spacy_gliner_biomed.linking.umls import read_umls

COLUMNS = ("id", "name", "aliases", "types", "definition")
SEPARATOR = "|"


def read_concepts(path: Path, data_format: str | None = None) -> Iterator[Concept]:
    """Read a terminology.

    path (Path): A file, or for UMLS the folder with MRCONSO.RRF. All but UMLS may end in .gz.
    data_format (str | None): One of `FORMATS`; None goes by the file's name.
    RAISES (ValueError): With file and line, for what cannot be read or is not right.
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
    """The format that a file's name stands for; None if it does not say."""
    if path.is_dir() or path.suffix.lower() == ".rrf":
        return "umls"
    name = path.name.lower().removesuffix(".gz")
    endings = {".jsonl": "jsonl", ".obo": "obo", ".xml": "mesh-xml", ".bin": "mesh-ascii"}
    return {**endings, ".csv": "csv", ".tsv": "csv"}.get(Path(name).suffix)


def read_jsonl(path: Path) -> Iterator[Located]:
    """The form of scispaCy: one concept a line, {"concept_id", "canonical_name", ...}."""
    with _open(path) as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                yield number, _concept(json.loads(text))
            except (ValueError, KeyError, TypeError) as error:
                what = f"{error} is missing" if isinstance(error, KeyError) else error
                raise ValueError(Errors.E060.format(path=path, line=number, error=what)) from error


def read_table(path: Path) -> Iterator[Located]:
    """A table with a header: id, name and, optionally, aliases, types and definition.

    .csv has commas, .tsv tabs; several aliases or types are separated by "|".
    """
    delimiter = "\t" if ".tsv" in path.name.lower() else ","
    with _open(path) as file:
        rows = csv.DictReader(file, delimiter=delimiter, strict=True)
        missing = [name for name in COLUMNS[:2] if name not in (rows.fieldnames or ())]
        if missing:
            error = f"the header has no column {' and '.join(missing)}; columns are {COLUMNS}"
            raise ValueError(Errors.E060.format(path=path, line=1, error=error))
        try:
            for row in rows:
                yield rows.line_num, _row_concept(row)
        except (csv.Error, ValueError) as error:
            line = rows.reader.line_num
            raise ValueError(Errors.E060.format(path=path, line=line, error=error)) from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, "rt", encoding="utf8", newline=""))
    return path.open(encoding="utf8", newline="")


def _concept(line: dict[str, Any]) -> Concept:
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


def _row_concept(row: dict[str | Any, Any]) -> Concept:
    if None in row or None in row.values():
        raise ValueError("the row has more or fewer cells than the header")

    def several(name: str) -> list[str]:
        return [part.strip() for part in (row.get(name) or "").split(SEPARATOR) if part.strip()]

    definition = (row.get("definition") or "").strip() or None
    return Concept(row["id"].strip(), row["name"], several("aliases"), several("types"), definition)


FORMATS: dict[str, Callable[[Path], Iterator[Located]]] = {
    "jsonl": read_jsonl,
    "csv": read_table,
    "obo": read_obo,
    "mesh-xml": read_mesh_xml,
    "mesh-ascii": read_mesh_ascii,
    "umls": read_umls,
}

"""Reads terminologies: chooses the reader of a file; reads JSON."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import UTF8, open_text, warn_of_utf8
from spacy_gliner_biomed.common.json_files import read_json_lines
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.concepts import Concept, Located, check_concepts
from spacy_gliner_biomed.linking.sources.mesh import read_mesh_ascii, read_mesh_xml
from spacy_gliner_biomed.linking.sources.obo import read_obo
from spacy_gliner_biomed.linking.sources.table import read_table
from spacy_gliner_biomed.linking.sources.umls import read_umls
from spacy_gliner_biomed.linking.sources.unread import UnreadValues
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.json_items import read_items

MESH_XML = "mesh-xml"
KEYS = ("concept_id", "canonical_name", "aliases", "types", "definition")


def read_concepts(
    path: Path, data_format: str | None = None, encoding: str = UTF8
) -> Iterator[Concept]:
    """Read the concepts of a terminology.

    path (Path): A file, or for UMLS the folder with MRCONSO.RRF. All but UMLS may end in .gz.
    data_format (str | None): One of `FORMATS`; None to guess by the file's name.
    encoding (str): See `files.open_text`. XML files declare theirs.
    RETURNS (Iterator[Concept]): The concepts.
    RAISES (ValueError): With file and line, if a line cannot be read or is wrong; or if there is no
        such encoding.
    """
    path = Path(path)
    ReadOptions(encoding)  # checks it
    if not path.exists():
        raise ValueError(Errors.E050.format(path=path))
    found = data_format or guess_format(path)
    if found not in FORMATS:
        listed = ", ".join(FORMATS)
        raise ValueError(Errors.E081.format(path=path, found=data_format or path.name, all=listed))
    if found != MESH_XML:
        warn_of_utf8([path], encoding)
    return check_concepts(FORMATS[found](path, encoding), path)


def guess_format(path: Path) -> str | None:
    """Guess the format by a file's name; None if the name does not tell."""
    if path.is_dir() or path.suffix.lower() == ".rrf":
        return "umls"
    name = path.name.lower().removesuffix(".gz")
    endings = {
        ".jsonl": "jsonl",
        ".json": "json",
        ".obo": "obo",
        ".xml": MESH_XML,
        ".bin": "mesh-ascii",
    }
    return {**endings, ".csv": "csv", ".tsv": "csv"}.get(Path(name).suffix)


def read_json(path: Path, encoding: str = UTF8) -> Iterator[Located]:
    """Read scispaCy's format: objects {"concept_id", "canonical_name", ...}, one a line or in one
    array, as scispaCy reads both. Concepts of an array have the number of the item, from 1. A
    warning counts the values of other keys.
    """
    unread = UnreadValues(KEYS)
    for number, value in _json_values(path, encoding):
        try:
            concept = _concept(value)
        except (ValueError, KeyError, TypeError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else error
            raise ValueError(Errors.E060.format(path=path, line=number, error=what)) from error
        unread.add(key for key, found in value.items() if found not in (None, "", []))
        yield number, concept
    unread.report(path)


def _json_values(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    if _is_array(path, encoding):
        yield from enumerate(read_items(path, encoding), 1)
    else:
        yield from read_json_lines(path, encoding)


def _is_array(path: Path, encoding: str) -> bool:
    with open_text(path, encoding=encoding) as file:
        while character := file.read(1):
            if not character.isspace():
                return character == "["
    return False


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


# (path, encoding) -> concepts.
FORMATS: dict[str, Callable[[Path, str], Iterator[Located]]] = {
    "jsonl": read_json,
    "json": read_json,
    "csv": read_table,
    "obo": read_obo,
    MESH_XML: lambda path, _: read_mesh_xml(path),  # it declares its encoding
    "mesh-ascii": read_mesh_ascii,
    "umls": read_umls,
}

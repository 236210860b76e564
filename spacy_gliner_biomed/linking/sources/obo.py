"""Reads OBO ontologies with fastobo (extra `kb`)."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

from spacy_gliner_biomed.common.files import (
    UTF8,
    is_utf8,
    is_utf8_instead,
    open_bytes,
    read_lines,
    read_text,
)
from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.concepts import Concept, Located


def read_obo(path: Path, encoding: str = UTF8) -> Iterator[Located]:
    """Read the named terms of an ontology that are not obsolete, with their frame numbers.

    A term's type is its namespace. Its aliases are all synonyms, of any scope.

    path (Path): The file.
    encoding (str): See `files.open_text`. fastobo reads UTF-8; others are converted in memory.
    YIELDS (Located): Frame numbers and concepts.
    RAISES (ImportError): If fastobo is not installed.
    RAISES (ValueError): With file and line, if the file is not OBO.
    """
    hint = "A built knowledge base does not need it."
    fastobo = import_optional("fastobo", f"Reading {path}", extra="kb", hint=hint)
    try:
        with _open_utf8(path, encoding) as file:
            frames = fastobo.iter(file)
            default = [
                str(clause.namespace)
                for clause in frames.header()
                if type(clause).__name__ == "DefaultNamespaceClause"
            ]
            for number, frame in enumerate(frames, 1):
                concept = _concept(frame, default) if type(frame).__name__ == "TermFrame" else None
                if concept is not None:
                    yield number, concept
    except SyntaxError as error:
        line = error.lineno or 0
        raise ValueError(Errors.E060.format(path=path, line=line, error=error.msg)) from error
    except (OSError, TypeError, EOFError, ValueError) as error:
        # fastobo hides encoding errors; reading the lines reports them.
        for _ in read_lines(path, encoding):
            pass
        raise ValueError(Errors.E060.format(path=path, line="?", error=error)) from error


@contextmanager
def _open_utf8(path: Path, encoding: str) -> Iterator[BinaryIO]:
    """Open a file as UTF-8 without a byte order mark."""
    if not is_utf8(encoding) and not is_utf8_instead(path, encoding):
        yield BytesIO(read_text(path, encoding).encode("utf8"))
        return
    with open_bytes(path) as file:
        if cast(BufferedReader, file).peek(3).startswith(BOM_UTF8):
            file.read(len(BOM_UTF8))
        yield file


def _concept(frame: Any, default: list[str]) -> Concept | None:
    name, definition = None, None
    aliases: list[str] = []
    types: list[str] = []
    for clause in frame:
        kind = type(clause).__name__
        if kind == "IsObsoleteClause" and clause.obsolete:
            return None
        if kind == "NameClause":
            name = str(clause.name)
        elif kind == "SynonymClause":
            aliases.append(str(clause.synonym.desc))
        elif kind == "DefClause":
            definition = str(clause.definition)
        elif kind == "NamespaceClause":
            types.append(str(clause.namespace))
    if name is None:  # a reference to a term of another ontology
        return None
    return Concept(str(frame.id), name, aliases, types or default, definition)

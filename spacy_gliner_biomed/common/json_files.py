"""Read JSON files and files of JSON lines with clear errors, and write reports."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import UTF8, read_lines, read_text
from spacy_gliner_biomed.common.json_text import parse_json_object, to_json
from spacy_gliner_biomed.common.new_files import open_output
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors


def read_json_object(path: Path, message: str = Errors.E182) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    path (Path): See `files.read_text`.
    message (str): The error for a file that cannot be read; gets path and error.
    RETURNS (dict[str, Any]): The object.
    RAISES (ValueError): If the file cannot be read or holds anything else.
    """
    try:
        text = read_text(path)
    except OSError as error:
        raise ValueError(message.format(path=path, error=error)) from error
    try:
        return parse_json_object(text)
    except ValueError as error:
        raise ValueError(message.format(path=path, error=error)) from error


def read_json_lines(path: Path, encoding: str = UTF8) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a file with one JSON object per line; skip blank lines.

    path, encoding: See `files.read_lines`.
    YIELDS (tuple[int, dict[str, Any]]): The line number, from 1, and the object.
    RAISES (ValueError): With file and line, if a line is not a JSON object.
    """
    for number, line in read_lines(path, encoding):
        if not line.strip():
            continue
        try:
            values = parse_json_object(line, to_write=False)
        except ValueError as error:
            problem = shorten(error, 300)
            raise ValueError(Errors.E060.format(path=path, line=number, error=problem)) from error
        yield number, values


def write_report(path: Path, counts: Mapping[str, Any]) -> None:
    """Write the counts of a run as indented JSON.

    path (Path): See `files.open_output`.
    counts (Mapping[str, Any]): The counts.
    """
    text = to_json(counts, indent=2) + "\n"
    with open_output(path) as stream:
        # File names may hold bytes that are not valid text; their escapes are valid JSON.
        stream.write(text.encode("utf8", "backslashreplace"))

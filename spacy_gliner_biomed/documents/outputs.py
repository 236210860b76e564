"""Choose the format of each output, check that no output is an input, and open writers."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.new_files import open_output
from spacy_gliner_biomed.common.settings_dict import check_choice, nearest
from spacy_gliner_biomed.documents.formats import FORMATS, format_of, names_for
from spacy_gliner_biomed.documents.inputs import ENDINGS as INPUT_ENDINGS
from spacy_gliner_biomed.documents.writing.writer import Writer, WriterSettings
from spacy_gliner_biomed.errors import Errors

STDOUT = "-"
# The ending to suggest for an ending that is not supported.
MEANT = {".xls": ".csv", ".xlsx": ".csv"}


@dataclass(frozen=True)
class Output:
    """One output.

    path (str): The file; "-" is standard output.
    format (str): One of `FORMATS`.
    """

    path: str
    format: str


def plan_outputs(paths: Sequence[str], format_: str | None) -> list[Output]:
    """Choose the format of each output: `--format` where it fits the ending, or else the ending's.

    paths (Sequence[str]): The outputs. Without any, a table goes to standard output, unless a
        format is given.
    format_ (str | None): The option `--format`.
    RETURNS (list[Output]): The outputs with their formats.
    RAISES (ValueError): If a format is unknown or missing, or does not match the ending.
    """
    if format_ is not None:
        check_choice("format", format_, FORMATS)
    outputs = [_plan(path, format_) for path in paths or [STDOUT]]
    if len({_resolved(output.path) for output in outputs}) < len(outputs):
        raise ValueError(Errors.E056.format(path=", ".join(paths), reason="one is given twice"))
    if format_ is not None and all(output.format != format_ for output in outputs):
        reason = f"its ending does not fit --format {format_}"
        endings = FORMATS[format_].endings[:1] if len(outputs) == 1 else ()
        raise ValueError(_unclear(", ".join(paths), reason, _hint(paths[0], endings)))
    return outputs


def check_outputs(outputs: Sequence[Output], inputs: Sequence[Path], files: Sequence[Path]) -> None:
    """Check that no output is an input, or would be an input of the next run.

    outputs (Sequence[Output]): The outputs.
    inputs (Sequence[Path]): The input files and folders as the user gave them.
    files (Sequence[Path]): All input files, including those in the folders.
    RAISES (ValueError): For the first output that is an input or a folder.
    """
    folders = [path.resolve() for path in inputs if path.is_dir()]
    known = {file.resolve() for file in files}
    for path in (Path(output.path).resolve() for output in outputs if output.path != STDOUT):
        readable = ending_of(path, INPUT_ENDINGS) is not None
        inside = readable and any(map(path.is_relative_to, folders))
        if path in known or inside:
            reason = "it is among the inputs, or would be the next time. Choose another place"
        elif path.is_dir():
            reason = "it is a folder. Name a file in it"
        else:
            continue
        raise ValueError(Errors.E056.format(path=path, reason=reason))


@contextmanager
def open_writer(output: Output, settings: WriterSettings) -> Iterator[Writer]:
    """Open a writer for an output; see `open_stream`.

    output (Output): The output.
    settings (WriterSettings): Settings of the run.
    YIELDS (Writer): The writer.
    """
    with open_stream(output.path) as stream:
        writer = FORMATS[output.format].factory(stream, settings)
        yield writer
        writer.finish()


@contextmanager
def open_stream(path: str) -> Iterator[BinaryIO]:
    """Open a stream for writing: standard output for "-", otherwise see `files.open_output`."""
    if path == STDOUT:
        yield sys.stdout.buffer
    else:
        with open_output(Path(path)) as stream:
            yield stream


def _plan(path: str, format_: str | None) -> Output:
    own = format_of(path)
    if format_ is not None and (own is None or FORMATS[format_].fits(path)):
        return Output(path, format_)
    chosen = own or ("table" if path == STDOUT else None)
    if chosen is None:
        names = names_for(path)
        known = f" To keep the name, --format may be {', '.join(names)}." if names else ""
        hint = f"{_hint(path, _nearest_ending(path))}{known}"
        raise ValueError(_unclear(path, "its ending does not say it", hint))
    return Output(path, chosen)


def _unclear(path: str, reason: str, hint: str) -> str:
    endings = ", ".join(each.endings[0] for each in FORMATS.values() if each.endings)
    return Errors.E059.format(path=path, reason=reason, hint=hint, endings=endings)


def _hint(path: str, endings: Sequence[str]) -> str:
    """Return a question for each name that may be meant, after a space."""
    return "".join(f" Did you mean {Path(path).with_suffix(ending)}?" for ending in endings)


def _nearest_ending(path: str) -> list[str]:
    """Return the known ending that is most like that of a name; an empty list if none is."""
    known = [ending for each in FORMATS.values() for ending in each.endings]
    own = Path(path).suffix.lower()
    found = MEANT.get(own) or nearest(own, known)
    return [] if found is None else [found]


def _resolved(path: str) -> str:
    return path if path == STDOUT else str(Path(path).resolve())

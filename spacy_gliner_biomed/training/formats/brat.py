"""Reads BRAT's standoff: each text file with a file of annotations of the same name."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from spacy_gliner_biomed.common.files import BOM, open_bytes, read_lines, read_text
from spacy_gliner_biomed.common.folders import ending_of, find_files, warn_unread
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.record_checks import (
    NO_ENTITIES,
    Counts,
    check_mention,
    cover,
    located,
    make_span,
)

ENDINGS = (".ann", ".txt")
CONFIGURATION = (".conf",)  # BRAT's own, in which there is no document
# What a line of another kind begins with: relation, event, attribute, normalisation, note.
OTHER_LINE = re.compile(r"[REAMN#*]")


def read_brat(folder: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read BRAT's standoff. A discontinuous entity is read as the span that covers it.

    folder (Path): With files .txt and .ann of the same names, or folders of these.
    options (ReadOptions): The encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read, and for a file alone.
    """
    for path, annotations in _pairs(folder):
        text, spans = _read_document(path, annotations, options.encoding, counts)
        yield AnnotatedText(text, spans, [], None, path.stem)


def is_brat(folder: Path) -> bool:
    """Return whether a folder, or a folder in it, has files .ann."""
    return any(path.suffix.lower() == ".ann" for path in folder.rglob("*"))


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Return text and annotations of each document; endings may be in upper or lower case."""
    files, unread = find_files(folder, (*ENDINGS, *CONFIGURATION))
    warn_unread(unread, ENDINGS)
    found: dict[str | None, dict[Path, Path]] = {
        ending: {} for ending in (*ENDINGS, *CONFIGURATION)
    }
    for file in files:
        found[ending_of(file, found)][file.with_suffix("")] = file  # type: ignore[arg-type]
    texts, annotations = found[".txt"], found[".ann"]
    for name in sorted(texts.keys() ^ annotations.keys()):
        missing = ".ann" if name in texts else ".txt"
        raise ValueError(Errors.E050.format(path=f"{name}{missing}"))
    return [(texts[name], annotations[name]) for name in texts]


def _read_document(
    path: Path, annotations: Path, encoding: str, counts: Counts
) -> tuple[str, list[GoldSpan]]:
    """Return text and entities of a document.

    BRAT counts a byte order mark as a character, other programs do not: the offsets are taken
    as what the entities' own texts agree with.
    """
    text, own = read_text(path, encoding), Counts()
    lines = list(read_lines(annotations, encoding))
    if _has_mark(path):
        with suppress(ValueError):
            spans = _read_spans(annotations, lines, text, own, shift=1)
            counts.update(own)
            return text, spans
    return text, _read_spans(annotations, lines, text, counts)


def _has_mark(path: Path) -> bool:
    with open_bytes(path) as file:
        return file.read(3) == BOM.encode()


def _read_spans(
    annotations: Path, lines: Iterable[tuple[int, str]], text: str, counts: Counts, shift: int = 0
) -> list[GoldSpan]:
    spans = []
    for number, line in lines:
        with located(annotations, number):
            if line.startswith("T"):
                spans.append(_parse_entity(line, text, counts, shift))
            elif OTHER_LINE.match(line):
                counts[NO_ENTITIES] += 1
            elif line.strip():
                raise ValueError(f"found {line[:60]!r}; an entity is 'T1', tab, label and offsets")
    return list(dict.fromkeys(spans))


def _parse_entity(line: str, text: str, counts: Counts, shift: int) -> GoldSpan:
    """Parse the entity of a line.

    line (str): As read.
    text (str): The document's text.
    counts (Counts): Changes are added.
    shift (int): By how much the offsets are larger than those of the text.
    RETURNS (GoldSpan): The entity.
    RAISES (ValueError): If the line is not an entity of the text.
    """
    try:
        _, where, mention = line.split("\t", 2)
        label, offsets = where.split(" ", 1)
        pairs = [part.split() for part in offsets.split(";")]
        fragments = [(int(start) - shift, int(end) - shift) for start, end in pairs]
    except ValueError as error:
        raise ValueError(f"cannot read {line[:60]!r}: {error}") from error
    start, end = cover(fragments, text, counts)
    pieces = [text[start:end] for start, end in fragments]
    if " ".join(pieces).split() != mention.split():  # or in the order of the text
        pieces = [text[start:end] for start, end in sorted(fragments)]
    check_mention(" ".join(pieces), mention, text)
    return make_span(text, start, end, label, counts)

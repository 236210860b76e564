"""Reads BRAT's standoff: each text file with a file of annotations of the same name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from spacy_gliner_biomed.common.archives import open_archive
from spacy_gliner_biomed.common.files import BOM, open_bytes, read_lines, read_text, warn_of_utf8
from spacy_gliner_biomed.common.folders import ending_of, find_files, kind_of, warn_unread
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.records import Entities
from spacy_gliner_biomed.training.record_checks import (
    NO_ENTITIES,
    Counts,
    check_mention,
    cover,
    located,
)

ENDINGS = (".ann", ".txt")
CONFIGURATION = (".conf",)  # BRAT's own, in which there is no document
# What a line of another kind begins with: attribute, normalisation, note, and relations and events
# that are not like `RELATION` and `EVENT`.
OTHER_LINE = re.compile(r"[REAMN#*]")
RELATION = re.compile(r"R\S*\t(\S+) [^\s:]+:(\S+) [^\s:]+:(\S+)\s*$")
EVENT = re.compile(r"(E\S*)\t[^\s:]+:(\S+)((?: [^\s:]+:\S+)*)\s*$")
ROLE_NUMBER = re.compile(r"\d+$")  # of "Theme2", a second theme
REFERENCE = re.compile(r"N\S*\tReference (\S+) (\S+)")
NO_DATABASE = "KB:"


def read_brat(source: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read BRAT's standoff. A discontinuous entity is read as the span that covers it.

    Normalisations ("N" lines) are concepts. Relations ("R" lines) are read with their two ends in
    order; an event ("E" line) as relations from its trigger to its arguments, with their roles.

    source (Path): A folder or a ZIP archive with files .txt and .ann of the same names, which are
        the ids. In an archive they are quoted as in a URL, as `annotate` writes them.
    options (ReadOptions): The encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, if something cannot be read; or if a .txt or .ann file
        has no partner.
    """
    is_folder = source.is_dir()
    with _open(source) as files:
        warn_of_utf8(files.values(), options.encoding)
        for name, path, annotations in _pairs(source, files):
            found = _read_document(path, annotations, options.encoding, counts)
            yield found.annotated(name if is_folder else unquote(name))


def is_brat(source: Path) -> bool:
    """Return whether a folder, a folder in it, or a ZIP archive has files .ann.

    RAISES (ValueError): If it is a file, but no ZIP archive.
    """
    if source.is_dir():
        return any(path.suffix.lower() == ".ann" for path in source.rglob("*"))
    with open_archive(source) as members:
        return any(member.suffix.lower() == ".ann" for member in members)


@contextmanager
def _open(source: Path) -> Iterator[dict[Path, Path]]:
    """Yield the files by the path to show; warn about those of other formats."""
    known = (*ENDINGS, *CONFIGURATION)
    if source.is_dir():
        found, unread = find_files(source, known)
        warn_unread(unread, ENDINGS)
        yield {path: path for path in found}
        return
    with open_archive(source) as members:
        # A member has the methods of a path that are used here.
        files = {source / member.name: cast(Path, member) for member in members}
        others = [path for path in files if ending_of(path, known) is None]
        warn_unread([(kind_of(path), path.name) for path in others], ENDINGS)
        yield {path: file for path, file in files.items() if path not in others}


def _pairs(source: Path, files: Mapping[Path, Path]) -> list[tuple[str, Path, Path]]:
    """Return name, text and annotations of each document. Names include the folders in `source`,
    because documents of several folders often have the same; endings may be in capitals.
    """
    found: dict[str | None, dict[Path, Path]] = {
        ending: {} for ending in (*ENDINGS, *CONFIGURATION)
    }
    for path, file in files.items():
        found[ending_of(path, found)][path.with_suffix("")] = file  # type: ignore[arg-type]
    texts, annotations = found[".txt"], found[".ann"]
    for name in sorted(texts.keys() ^ annotations.keys()):
        path = texts.get(name) or annotations[name]
        missing = name.name + (".ann" if name in texts else ".txt")
        raise ValueError(Errors.E207.format(path=path, missing=missing))
    return [(name.relative_to(source).as_posix(), texts[name], annotations[name]) for name in texts]


def _read_document(path: Path, annotations: Path, encoding: str, counts: Counts) -> Entities:
    """Return text and entities of a document.

    BRAT counts a byte order mark as a character, other programs do not: the count with which the
    offsets fit the entities' own texts is used.
    """
    text, own = read_text(path, encoding), Counts()
    lines = list(read_lines(annotations, encoding))
    if _has_mark(path):
        with suppress(ValueError):
            found = _read_entities(annotations, lines, Entities(text, own), shift=1)
            counts.update(own)
            found.counts = counts
            return found
    return _read_entities(annotations, lines, Entities(text, counts))


def _has_mark(path: Path) -> bool:
    with open_bytes(path) as file:
        return file.read(3) == BOM.encode()


def _read_entities(
    annotations: Path, lines: Sequence[tuple[int, str]], found: Entities, shift: int = 0
) -> Entities:
    concepts = _concepts(line for _, line in lines)
    for number, line in lines:
        with located(annotations, number):
            if line.startswith("T"):
                _add_entity(line, concepts, found, shift)
            elif any(kind.match(line) for kind in (REFERENCE, RELATION, EVENT)):
                continue
            elif OTHER_LINE.match(line):
                found.counts[NO_ENTITIES] += 1
            elif line.strip():
                raise ValueError(f"found {line[:60]!r}; an entity is 'T1', tab, label and offsets")
    _add_relations([line for _, line in lines], found)
    return found


def _add_relations(lines: Sequence[str], found: Entities) -> None:
    """Add the relations and events of a document. As an end, an event stands for its trigger.

    lines (Sequence[str]): Its annotations.
    found (Entities): Its entities; changed.
    """
    events = [match for match in map(EVENT.match, lines) if match]
    triggers = {match[1]: match[2] for match in events}
    for match in filter(None, map(RELATION.match, lines)):
        head, tail = (triggers.get(end, end) for end in match.groups()[1:])
        found.relate(head, tail, match[1])
    for match in events:
        for argument in match[3].split():
            role, _, end = argument.partition(":")
            found.relate(match[2], triggers.get(end, end), ROLE_NUMBER.sub("", role) or role)


def _concepts(lines: Iterable[str]) -> dict[str, str]:
    """Return the concepts of each entity, by its number such as "T1"; several are joined by ",".

    "KB:" stands for a concept without a database.
    """
    concepts: dict[str, list[str]] = {}
    for match in filter(None, map(REFERENCE.match, lines)):
        concepts.setdefault(match[1], []).append(match[2].removeprefix(NO_DATABASE))
    return {name: ",".join(ids) for name, ids in concepts.items()}


def _add_entity(line: str, concepts: Mapping[str, str], found: Entities, shift: int) -> None:
    """Add the entity of a line.

    line (str): As read.
    concepts (Mapping[str, str]): See `_concepts`.
    found (Entities): Changed.
    shift (int): What is subtracted from the offsets.
    RAISES (ValueError): If the line is not an entity of the text.
    """
    text = found.text
    try:
        name, where, mention = line.split("\t", 2)
        label, offsets = where.split(" ", 1)
        pairs = [part.split() for part in offsets.split(";")]
        fragments = [(int(start) - shift, int(end) - shift) for start, end in pairs]
    except ValueError as error:
        raise ValueError(f"cannot read {line[:60]!r}: {error}") from error
    start, end = cover(fragments, text, found.counts)
    pieces = [text[start:end] for start, end in fragments]
    if " ".join(pieces).split() != mention.split():  # or in the order of the text
        pieces = [text[start:end] for start, end in sorted(fragments)]
    check_mention(" ".join(pieces), mention, text)
    found.add(start, end, label, concept=concepts.get(name), name=name)

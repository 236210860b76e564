"""Read CoNLL files: a token and its tag in each line, as IOB1, IOB2, BIOES or BILOU."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path

from spacy_gliner_biomed.common.files import read_lines
from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.record_checks import (
    REPAIRED,
    Counts,
    check_label,
    located,
    make_span,
)

BEGINS, ENDS = "BSU", "ESLU"
TAG = re.compile(r"([BIESLUM])[-_](.+)", re.DOTALL)
OUTSIDE = ("O", "_")
# A word in an entity may look like the beginning of a document.
NEW_DOCUMENT = re.compile(r"-DOCSTART-(?!\t(.*\t)?[BIESLUM][-_]\S)|# ?newdoc\b")
DOCUMENT_ID = re.compile(r"# ?newdoc(?: id)? ?= ?(.+)|-DOCSTART-\s+\((.+)\)(?:\s|$)")
COMMENT = re.compile(r"# ?\w+( \w+)* ?= ?[^\t]*$")


@dataclass
class _TaggedDocument:
    """Tokens and tags of sentences."""

    name: str = ""
    sentences: list[list[tuple[str, str]]] = field(default_factory=lambda: [[]])

    def __bool__(self) -> bool:
        return any(self.sentences)


@dataclass
class _Beginnings:
    """The number of entities that begin with B-, S- or U- (`marked`), and with another tag."""

    marked: int = 0
    unmarked: int = 0


def read_conll(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read columns separated by tabs or spaces: the token first, its tag in `options.column`.

    Blank lines end sentences. "-DOCSTART-" and "# newdoc" lines begin documents; in a file without
    them, each sentence is a document. Tokens are joined by spaces, and sentences by line breaks.

    path (Path): The file.
    options (ReadOptions): The encoding, and the column of the tags.
    counts (Counts): Entities that do not begin with B-, S- or U-, where others do, are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    beginnings = _Beginnings()
    for document in _documents(path, options):
        with located(path, f"document {document.name!r}"):
            text = _annotated(document, counts, beginnings)
        yield text
    if beginnings.marked:  # in IOB1, entities begin with I-
        counts[REPAIRED] += beginnings.unmarked


def parse_tag(tag: str) -> tuple[str, str] | None:
    """Return the prefix and label of a tag, such as "B-drug"; None outside of entities.

    RAISES (ValueError): If it is no tag.
    """
    if tag in OUTSIDE:
        return None
    found = TAG.fullmatch(tag)
    if found is None:
        raise ValueError(
            f"{shorten(tag)!r} is not a tag such as 'B-drug', 'I-drug' or 'O'. Name the column of "
            f"the tags with --column"
        )
    return found[1], check_label(found[2])


def _documents(path: Path, options: ReadOptions) -> Iterator[_TaggedDocument]:
    """Yield the documents; in a file without borders of documents, each sentence."""
    document, has_borders = _TaggedDocument(), False
    for number, line in read_lines(path, options.encoding):
        with located(path, number):
            if NEW_DOCUMENT.match(line):
                if document or document.name:
                    yield document
                found = DOCUMENT_ID.match(line)
                name = (found[1] or found[2]).strip() if found else ""
                document, has_borders = _TaggedDocument(name), True
            elif not line.strip():
                if document and not has_borders:
                    yield document
                    document = _TaggedDocument()
                elif document.sentences[-1]:
                    document.sentences.append([])
            elif not COMMENT.match(line):
                document.sentences[-1].append(_token(line, options.column))
    if document or document.name:
        yield document


def _token(line: str, column: int | None) -> tuple[str, str]:
    """Return token and tag of a line.

    RAISES (ValueError): If there is no such column, or no tag in it.
    """
    columns = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
    index = -1 if column is None else column - (column > 0)
    if len(columns) < 2 or not -len(columns) <= index < len(columns):
        raise ValueError(f"there is no tag in column {column or -1}: found {shorten(line)!r}")
    token, tag = columns[0], columns[index].strip()
    if not token.strip():
        raise ValueError(f"the token is blank: {shorten(line)!r}")
    parse_tag(tag)
    return check_text(" ".join(token.split())), tag


def _annotated(document: _TaggedDocument, counts: Counts, beginnings: _Beginnings) -> AnnotatedText:
    lines, spans, sentences = [], [], []
    start = 0
    for tokens in filter(None, document.sentences):
        lines.append(" ".join(token for token, _ in tokens))
        ends = [*accumulate((len(token) + 1 for token, _ in tokens), initial=start)]
        offsets = [(begin, end - 1) for begin, end in pairwise(ends)]
        sentences.append((start, ends[-1] - 1))
        start = ends[-1]
        tags = [tag for _, tag in tokens]
        spans += [
            (offsets[first][0], offsets[last][1], label)
            for first, last, label in _entities(tags, beginnings)
        ]
    text = "\n".join(lines)
    found: list[GoldSpan] = [make_span(text, *span, counts) for span in spans]
    many = sentences if len(sentences) > 1 else []
    return AnnotatedText(text, found, many, None, document.name)


def _entities(tags: Sequence[str], beginnings: _Beginnings) -> Iterator[tuple[int, int, str]]:
    """Yield first and last token, and label, of each entity."""
    first, label = 0, ""  # of the entity that the token before is in
    for i, tag in enumerate([*tags, "O"]):
        found = parse_tag(tag)
        prefix, this = found or ("O", "")
        ended = i > 0 and tags[i - 1][0] in ENDS
        begins = prefix in BEGINS or this != label or ended
        if label and begins:
            yield first, i - 1, label
        if found and begins:
            first = i
            beginnings.marked += prefix in BEGINS
            beginnings.unmarked += prefix not in BEGINS
        label = this

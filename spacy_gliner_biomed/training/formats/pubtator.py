"""Reads PubTator: lines of title and abstract, then entities as columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy_gliner_biomed.common.files import read_lines
from spacy_gliner_biomed.training.corpora import AnnotatedText, Passage
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.passages import PassageText
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.gold_relations import ConceptRelation, pair_mentions
from spacy_gliner_biomed.training.record_checks import (
    WITHOUT_ENDS,
    Counts,
    check_label,
    located,
    make_span,
)

ARGUMENT = re.compile(r"^Arg\d:")  # before the ends of relations in some corpora


def read_pubtator(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read PubTator: `id|t|title`, `id|a|abstract`, then tab-separated entities and relations.

    A relation is between two concepts of a document: it is read as one between all their mentions.

    path (Path): One file.
    options (ReadOptions): The encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    for found in _documents(path, options.encoding, counts):
        relations, n_lost = pair_mentions(found.relations, found.concepts)
        counts[WITHOUT_ENDS] += n_lost
        yield AnnotatedText(
            found.text,
            list(dict.fromkeys(found.spans)),
            [],
            None,
            found.name,
            concepts=found.concepts,
            passages=_passages(found.text),
            relations=relations,
        )


def _passages(text: str) -> list[Passage]:
    title, break_, abstract = text.partition("\n")
    made = PassageText()
    made.add(title, {"type": "title"})
    if break_:
        made.add(abstract, {"type": "abstract"})
    return made.passages


@dataclass
class _Document:
    """What was read of a document."""

    name: str
    text: str
    spans: list[GoldSpan] = field(default_factory=list)
    concepts: list[tuple[int, int, str, str]] = field(default_factory=list)
    relations: list[ConceptRelation] = field(default_factory=list)


def _documents(path: Path, encoding: str, counts: Counts) -> Iterator[_Document]:
    """Yield the documents, whose lines are consecutive."""
    document = _Document("", "")
    for number, line in read_lines(path, encoding):
        parts = line.split("|", 2)
        with located(path, number):
            if len(parts) != 3 or parts[1] not in ("t", "a") or "\t" in parts[0]:
                _parse_line(line, document, counts)
                continue
            if not parts[0].strip():
                raise ValueError("a title or abstract needs the id of its document before it")
        if parts[1] == "a" and parts[0] == document.name:
            document.text = f"{document.text}\n{parts[2]}"
            continue
        if document.name:
            yield document
        document = _Document(parts[0], parts[2])
    if document.name:
        yield document


def _parse_line(line: str, document: _Document, counts: Counts) -> None:
    """Add the entity or the relation of a line, which may be blank.

    RAISES (ValueError): If the line is something else.
    """
    fields = line.split("\t")
    if not line.strip():
        return
    if len(fields) >= 4 and fields[0] != document.name:
        problem = f"a line of document {fields[0]!r} stands below the text of {document.name!r}"
        raise ValueError(problem)
    if _is_relation(fields, document.text):
        label, head, tail = (ARGUMENT.sub("", field.strip()) for field in fields[1:4])
        document.relations.append((head, tail, check_label(label)))
        return
    try:
        _, start, end, mention, label = fields[:5]
        offsets = int(start), int(end)
    except ValueError as error:
        problem = f"cannot read {line[:60]!r}: an entity is id, start, end, mention, type, concept"
        raise ValueError(problem) from error
    span = make_span(document.text, *offsets, label, counts, mention)
    document.spans.append(span)
    if ids := _concept_ids(line):
        document.concepts.append((*span, ids))


def _concept_ids(line: str) -> str:
    """Return the concept ids of an entity's line; empty if it has none."""
    ids = "".join(line.split("\t")[5:6]).strip()
    return "" if ids == "-" else ids


def _is_relation(fields: list[str], text: str) -> bool:
    """Return whether a line is a relation, as "7 CID D1 D2" or "7 Association 51 D2 New".

    An entity whose first offset begins with a letter by mistake is not: it has a mention and more
    columns.
    """
    if len(fields) not in (4, 5) or not fields[1][:1].isalpha():
        return False
    return len(fields) == 4 or not (fields[2].isdigit() and fields[3] in text)

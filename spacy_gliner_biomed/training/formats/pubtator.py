"""Reads PubTator: lines of title and abstract, then entities as columns."""

from collections.abc import Iterator
from pathlib import Path

from spacy_gliner_biomed.common.files import read_lines
from spacy_gliner_biomed.training.corpora import AnnotatedText, Passage
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.passages import PassageText
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.record_checks import (
    NO_ENTITIES,
    Counts,
    located,
    make_span,
)

Concept = tuple[int, int, str, str]


def read_pubtator(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read PubTator: `id|t|title`, `id|a|abstract`, then tab-separated entities and relations.

    path (Path): One file.
    options (ReadOptions): The encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    for name, text, spans, concepts in _documents(path, options.encoding, counts):
        passages = _passages(text)
        yield AnnotatedText(
            text, list(dict.fromkeys(spans)), [], None, name, concepts=concepts, passages=passages
        )


def _passages(text: str) -> list[Passage]:
    title, break_, abstract = text.partition("\n")
    made = PassageText()
    made.add(title, {"type": "title"})
    if break_:
        made.add(abstract, {"type": "abstract"})
    return made.passages


def _documents(
    path: Path, encoding: str, counts: Counts
) -> Iterator[tuple[str, str, list[GoldSpan], list[Concept]]]:
    """Yield name, text, entities and concepts of each document, whose lines are consecutive."""
    name, text = "", ""
    spans: list[GoldSpan] = []
    concepts: list[Concept] = []
    for number, line in read_lines(path, encoding):
        parts = line.split("|", 2)
        with located(path, number):
            if len(parts) != 3 or parts[1] not in ("t", "a") or "\t" in parts[0]:
                found = _parse_line(line, name, text, counts)
                spans += found
                concepts += [(*span, ids) for span in found if (ids := _concept_ids(line))]
                continue
            if not parts[0].strip():
                raise ValueError("a title or abstract needs the id of its document before it")
        if parts[1] == "a" and parts[0] == name:
            text = f"{text}\n{parts[2]}"
            continue
        if name:
            yield name, text, spans, concepts
        name, text, spans, concepts = parts[0], parts[2], [], []
    if name:
        yield name, text, spans, concepts


def _parse_line(line: str, name: str, text: str, counts: Counts) -> list[GoldSpan]:
    """Return the entity of a line; none for a relation or a blank line.

    RAISES (ValueError): If the line is neither.
    """
    fields = line.split("\t")
    if not line.strip():
        return []
    if len(fields) >= 4 and fields[0] != name:
        problem = f"a line of document {fields[0]!r} stands below the text of {name!r}"
        raise ValueError(problem)
    if _is_relation(fields, text):
        counts[NO_ENTITIES] += 1
        return []
    try:
        _, start, end, mention, label = fields[:5]
        offsets = int(start), int(end)
    except ValueError as error:
        problem = f"cannot read {line[:60]!r}: an entity is id, start, end, mention, type, concept"
        raise ValueError(problem) from error
    return [make_span(text, *offsets, label, counts, mention)]


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

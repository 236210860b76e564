"""Reads annotated texts from common formats. GLiNER's JSON is read here."""

from collections.abc import Callable, Iterator
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.brat import read_brat
from spacy_gliner_biomed.training.corpora import AnnotatedText, read_jsonl
from spacy_gliner_biomed.training.exchange import read_instructions
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.json_items import read_items
from spacy_gliner_biomed.training.pubtator import read_pubtator
from spacy_gliner_biomed.training.record_checks import (
    Counts,
    check_keys,
    check_label,
    labels_of,
    located,
    make_span,
    report_changes,
)

Reader = Callable[[Path], Iterator[AnnotatedText]]

FORMATS = ("jsonl", "gliner", "brat", "pubtator", "instructions")


def read_format(path: Path, name: str) -> Iterator[AnnotatedText]:
    """Read annotated texts one after the other. The labels found in all of them count as annotated,
    so everything is read twice, and errors are raised before the first text is returned.

    path (Path): A file, or for "brat" a folder.
    name (str): One of `FORMATS`: JSON lines (see `read_jsonl`), GLiNER's JSON, BRAT's .txt and .ann
        files, PubTator, BioSelectTune's instructions.
    RETURNS (Iterator[AnnotatedText]): At least one text.
    RAISES (ValueError): With file and line, for what cannot be read; or if there is no text.
    """
    readers: dict[str, Reader] = {
        "jsonl": lambda path: read_jsonl(path, None),
        "gliner": read_gliner_json,
        "brat": read_brat,
        "pubtator": read_pubtator,
        "instructions": read_instructions,
    }
    if name not in readers:
        allowed = "one of " + ", ".join(map(repr, FORMATS))
        raise ValueError(Errors.E030.format(name="format", allowed=allowed, found=name))
    path = Path(path)
    if not path.exists():
        raise ValueError(Errors.E050.format(path=path))
    if path.is_dir() and name != "brat":
        raise ValueError(Errors.E164.format(path=path, format=name))
    texts = readers[name](path)
    first = next(texts, None)
    if first is None:
        raise ValueError(Errors.E062.format(path=path, format=name))
    return chain([first], texts)


def read_gliner_json(path: Path) -> Iterator[AnnotatedText]:
    """Read GLiNER's training data: a list of {"tokenized_text": words, "ner": [[first, last,
    label]]}.

    Words are joined by single spaces. "ner_labels" of an item, if present, says what is annotated.

    path (Path): The file.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and item, for what cannot be read.
    """
    found = labels_of(spans for _, spans, _ in _gliner_items(path, Counts()))
    counts = Counts()
    for number, (text, spans, annotated) in enumerate(_gliner_items(path, counts), 1):
        yield AnnotatedText(text, spans, [], annotated or found, str(number))
    report_changes(counts, path)


def _gliner_items(path: Path, counts: Counts) -> Iterator[tuple[str, list[GoldSpan], list[str]]]:
    """Yield text, entities and annotated labels of each item."""
    for number, item in enumerate(read_items(path), 1):
        with located(path, f"item {number}"):
            check_keys(item, ("tokenized_text", "ner"))
            parsed = _parse_gliner(item["tokenized_text"], item["ner"], counts)
            annotated = item.get("ner_labels") or []
            if not isinstance(annotated, list):
                raise ValueError(f"'ner_labels' must be a list of labels; found {annotated!r}")
            labels = sorted(map(check_label, annotated))
        yield *parsed, labels


def _parse_gliner(words: Any, ner: Any, counts: Counts) -> tuple[str, list[GoldSpan]]:
    """Return text and entities of an item.

    RAISES (ValueError): If its words or entities are not as they must be.
    """
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("words ('tokenized_text') must be strings in a list")
    text = check_text(" ".join(words))
    ends = list(accumulate(len(word) + 1 for word in words))
    spans: dict[GoldSpan, None] = {}
    for entity in ner if isinstance(ner, list) else [ner]:
        kinds = [type(part) for part in entity] if isinstance(entity, list) else []
        if kinds != [int, int, str]:
            raise ValueError(f"entities ('ner') must be [first, last, label]; found {entity!r}")
        first, last, label = entity
        if not 0 <= first <= last < len(words):
            raise ValueError(f"entity {first}..{last} is outside of {len(words)} words")
        start, end = ends[first] - len(words[first]) - 1, ends[last] - 1
        spans[make_span(text, start, end, label, counts)] = None
    return text, list(spans)

"""Annotated texts from JSON lines, as Docs whose tokens fit their gold entities."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.tokenization.alignment import cut_points
from spacy_gliner_biomed.training.gold import Gold, GoldSpan, write_gold


@dataclass(frozen=True)
class AnnotatedText:
    """A text with its entities.

    text (str): The text.
    spans (Sequence[GoldSpan]): Entities.
    sentences (Sequence[tuple[int, int]]): Characters of its sentences; empty if not known.
    annotated (Sequence[str]): The labels that its corpus annotates.
        None if that is not known.
    name (str): Its id.
    corpus (str): The name of its corpus.
    """

    text: str
    spans: Sequence[GoldSpan]
    sentences: Sequence[tuple[int, int]]
    annotated: Sequence[str] | None
    name: str = ""
    corpus: str = ""


def read_jsonl(
    path: Path,
    labels: dict[str, str] | None,
    *,
    merge_into: str | None = None,
    corpus: str = "",
) -> Iterator[AnnotatedText]:
    """Read texts with entities, one JSON object a line.

    path (Path): .jsonl or .jsonl.gz. Each line has "text", "entities" (each with "start",
        "end" and "label") and, optionally, "id" and "sents".
    labels (dict[str, str] | None): From the file's labels to those that are used; it also says
        what is annotated. None takes the labels of the file.
    merge_into (str | None): One label that stands for all.
    corpus (str): The name of the corpus.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    if labels is None:
        labels = {label: label for label in sorted(_labels(path))}
    names = {key: merge_into or label for key, label in labels.items()}
    annotated = sorted(set(names.values()))
    for number, line in _lines(path):
        spans = dict.fromkeys(
            _span(entity, line["text"], names, path, number) for entity in line["entities"]
        )
        sentences = [tuple(sentence) for sentence in line.get("sents") or []]
        name = str(line.get("id", number))
        yield AnnotatedText(line["text"], list(spans), sentences, annotated, name, corpus)


def gold_doc(nlp: Language, example: AnnotatedText, spans_key: str) -> Doc:
    """A Doc with the tokenizer's tokens, cut where a gold entity begins or ends inside one."""
    doc = nlp.make_doc(example.text)
    starts = [token.idx for token in doc]
    ends = [token.idx + len(token) for token in doc]
    cuts = cut_points(starts, ends, [span[:2] for span in example.spans])
    if cuts:
        words: list[str] = []
        spaces: list[bool] = []
        for token in doc:
            borders = [starts[token.i], *cuts.get(token.i, []), ends[token.i]]
            words += [example.text[a:b] for a, b in pairwise(borders)]
            spaces += [False] * (len(borders) - 2) + [bool(token.whitespace_)]
        doc = Doc(nlp.vocab, words=words, spaces=spaces)
    write_gold(doc, Gold(example.spans, example.annotated, example.corpus), spans_key)
    return doc


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf8") as file:
            for number, text in enumerate(file, 1):
                line = json.loads(text)
                if not isinstance(line["text"], str) or not isinstance(line["entities"], list):
                    raise ValueError("'text' must be a string and 'entities' a list")
                yield number, line
    except UnicodeDecodeError as error:  # of the line after those that were read, or a later one
        raise ValueError(Errors.E060.format(path=path, line=number + 1, error=error)) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        problem = f"the compressed file is damaged ({error})"
        raise ValueError(Errors.E060.format(path=path, line=number + 1, error=problem)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(Errors.E060.format(path=path, line=number, error=error)) from error


def _labels(path: Path) -> set[str]:
    """All labels of a file, which is read once more rather than kept."""
    found: set[str] = set()
    for number, line in _lines(path):
        try:
            found.update(str(entity["label"]) for entity in line["entities"])
        except (KeyError, TypeError) as error:
            raise ValueError(Errors.E060.format(path=path, line=number, error=error)) from error
    return found


def _span(
    entity: dict[str, Any], text: str, names: dict[str, str], path: Path, number: int
) -> GoldSpan:
    try:
        start, end, label = entity["start"], entity["end"], entity["label"]
        if not (type(start) is type(end) is int and isinstance(label, str) and label.strip()):
            raise ValueError("'start' and 'end' must be whole numbers, and 'label' a string")
        if not 0 <= start < end <= len(text):
            raise ValueError(f"entity {start}..{end} is outside the text of {len(text)} characters")
        if label not in names:
            raise ValueError(f"unknown label {label!r}; known are {', '.join(names)}")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(Errors.E060.format(path=path, line=number, error=error)) from error
    return start, end, names[label]

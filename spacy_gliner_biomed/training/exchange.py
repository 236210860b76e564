"""Training data in other formats: GLiNER's JSON, and instructions for language models.

The second is the format of BioSelectTune (arXiv 2512.22738): a list of {"instruction", "input",
"output"}, where the output is a JSON list of {"entity": label, "name": mention}.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from spacy_gliner_biomed.common.json_text import check_text, dump_json, parse_json
from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import GoldSpan, word_spans
from spacy_gliner_biomed.training.json_items import read_items, write_items
from spacy_gliner_biomed.training.record_checks import (
    Counts,
    check_keys,
    check_label,
    located,
    make_span,
    report_changes,
)

INSTRUCTION = (
    "Find all entities of these types in the text: {labels}. Answer with a JSON list of objects "
    'with "entity", the type, and "name", the mention.'
)
NO_LIMIT = 10**9


def entities_as_json(text: AnnotatedText) -> str:
    """Return a text's entities as a language model answers, in the order of the text."""
    entities = [{"entity": label, "name": text.text[a:b]} for a, b, label in sorted(text.spans)]
    return dump_json(entities).decode("utf8")


def instruction_of(text: AnnotatedText) -> str:
    """Return the instruction for a text: its annotated labels, or those of its entities."""
    labels = text.annotated or dict.fromkeys(label for *_, label in text.spans)
    return INSTRUCTION.format(labels=", ".join(labels))


def write_instructions(texts: Iterable[AnnotatedText], stream: BinaryIO) -> int:
    """Write the format of BioSelectTune.

    texts (Iterable[AnnotatedText]): The texts.
    stream (BinaryIO): The file.
    RETURNS (int): Entities that the format cannot express: always 0.
    """
    write_items(
        (
            {
                "instruction": instruction_of(text),
                "input": text.text,
                "output": entities_as_json(text),
            }
            for text in texts
        ),
        stream,
    )
    return 0


def read_instructions(path: Path) -> Iterator[AnnotatedText]:
    """Read the format of BioSelectTune. A mention is marked wherever it occurs as whole words; a
    warning counts those that do not occur in the text.

    path (Path): The file.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and item, for what cannot be read.
    """
    annotated = sorted({label for _, answer in _answers(path) for label, _ in answer})
    lost, counts = 0, Counts()
    for number, (text, answer) in enumerate(_answers(path), 1):
        spans: dict[GoldSpan, None] = {}
        for label, name in answer:
            found = [make_span(text, a, b, label, counts) for a, b in occurrences(name, text)]
            lost += not found
            spans.update(dict.fromkeys(found))
        yield AnnotatedText(text, sorted(spans), [], annotated, str(number))
    if lost:
        warn(Warnings.W011.format(n=lost, path=path))
    report_changes(counts, path)


def write_gliner_json(texts: Iterable[AnnotatedText], stream: BinaryIO) -> int:
    """Write GLiNER's training data, in the words of its own splitter.

    texts (Iterable[AnnotatedText]): The texts.
    stream (BinaryIO): The file.
    RETURNS (int): Entities that begin or end inside such a word, which the format cannot express.
    """
    lost = 0

    def items() -> Iterator[dict[str, Any]]:
        nonlocal lost
        for text in texts:
            words = split_words(text.text, "whitespace")
            spans, inside = word_spans(text.spans, words, NO_LIMIT)
            lost += len(inside)
            pieces = [text.text[a:b] for a, b in zip(words.starts, words.ends, strict=True)]
            ner = [[start, end - 1, label] for start, end, label in spans]
            annotated = {} if text.annotated is None else {"ner_labels": list(text.annotated)}
            yield {"tokenized_text": pieces, "ner": ner, **annotated}

    write_items(items(), stream)
    return lost


def occurrences(name: str, text: str) -> list[tuple[int, int]]:
    """Return where a mention occurs as whole words: exactly, or else in another case."""
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    for flags in (0, re.IGNORECASE):
        found = [match.span() for match in re.finditer(pattern, text, flags)]
        if found:
            return found
    return []


def _answers(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the text of each item, and label and mention of its entities."""
    for number, item in enumerate(read_items(path), 1):
        with located(path, f"item {number}"):
            check_keys(item, ("input", "output"))
            if not isinstance(item["input"], str) or not isinstance(item["output"], str):
                raise ValueError("'input' and 'output' must be strings")
            text = check_text(item["input"])
            answer = _parse_answer(item["output"])
        yield text, answer


def _parse_answer(output: str) -> list[tuple[str, str]]:
    """Return label and mention of each entity.

    RAISES (ValueError): If an answer is not a JSON list of entities.
    """
    answer = parse_json(output)
    if not isinstance(answer, list):
        raise ValueError(f"'output' must be a JSON list; found {type(answer).__name__}")
    for entity in answer:
        check_keys(entity, ("entity", "name"))
        if not isinstance(entity["name"], str) or not entity["name"].strip():
            raise ValueError(f"a name must be a string that is not blank; found {entity['name']!r}")
    return [(check_label(entity["entity"]), check_text(entity["name"])) for entity in answer]

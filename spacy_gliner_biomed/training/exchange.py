"""Training data for others and from them: GLiNER's JSON, and instructions for language models.

The second is BioSelectTune's form (arXiv 2512.22738): a list of {"instruction", "input",
"output"}, where the output is a JSON list of {"entity": label, "name": mention}.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.reporting import warn
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import GoldSpan, word_spans
from spacy_gliner_biomed.training.json_items import read_items, write_items

INSTRUCTION = (
    "Find all entities of these types in the text: {labels}. Answer with a JSON list of objects "
    'with "entity", the type, and "name", the mention.'
)
NO_LIMIT = 10**9


def entities_as_json(text: AnnotatedText) -> str:
    """The entities of a text as a language model answers, in the order of the text."""
    entities = [{"entity": label, "name": text.text[a:b]} for a, b, label in sorted(text.spans)]
    return json.dumps(entities, ensure_ascii=False)


def instruction_of(text: AnnotatedText) -> str:
    """The instruction for a text: its annotated labels, or else those of its entities."""
    labels = text.annotated or dict.fromkeys(label for *_, label in text.spans)
    return INSTRUCTION.format(labels=", ".join(labels))


def write_instructions(texts: Iterable[AnnotatedText], stream: BinaryIO) -> int:
    """Write BioSelectTune's form.

    RETURNS (int): Entities that it has no place for: none.
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
    """Read BioSelectTune's form. A mention is marked wherever it stands as whole words; those
    that are nowhere in the text are counted and said.

    RAISES (ValueError): With file and item, for what cannot be read.
    """
    annotated = sorted({label for _, answer in _answers(path) for label, _ in answer})
    lost = 0
    for number, (text, answer) in enumerate(_answers(path), 1):
        spans: dict[GoldSpan, None] = {}
        for label, name in answer:
            found = [(a, b, label) for a, b in occurrences(name, text)]
            lost += not found
            spans.update(dict.fromkeys(found))
        yield AnnotatedText(text, sorted(spans), [], annotated, str(number))
    if lost:
        warn(Warnings.W011.format(n=lost, path=path))


def write_gliner_json(texts: Iterable[AnnotatedText], stream: BinaryIO) -> int:
    """Write GLiNER's training data, in words as its own splitter gives them.

    RETURNS (int): Entities that begin or end inside such a word, which it has no place for.
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
    """Where a mention stands as whole words: as it is, or else in another case."""
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    for flags in (0, re.IGNORECASE):
        found = [match.span() for match in re.finditer(pattern, text, flags)]
        if found:
            return found
    return []


def _answers(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Text, and label and mention of each entity, of each item."""
    for number, item in enumerate(read_items(path), 1):
        answer = _answer(item, path, number)
        yield item["input"], answer


def _answer(item: Any, path: Path, number: int) -> list[tuple[str, str]]:
    """Label and mention of each entity of an item."""
    try:
        if not isinstance(item["input"], str):
            raise ValueError("'input' must be a string")
        answer = json.loads(item["output"])
        pairs = [(entity["entity"], entity["name"]) for entity in answer]
        if not all(isinstance(part, str) and part.strip() for pair in pairs for part in pair):
            raise ValueError("'entity' and 'name' must be strings that are not blank")
    except (ValueError, KeyError, TypeError) as error:
        problem = f"needs 'input' and, in 'output', a JSON list of entities: {error!r}"
        raise ValueError(
            Errors.E060.format(path=path, line=f"item {number}", error=problem)
        ) from error
    return pairs

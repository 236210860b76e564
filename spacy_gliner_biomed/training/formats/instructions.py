"""Read instructions for language models and GLiNER2's data: mentions without offsets."""

import re
from collections.abc import Iterable
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text, parse_json
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.records import reads_records
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.record_checks import (
    NO_ENTITIES,
    NOT_FOUND,
    Counts,
    check_keys,
    check_label,
    check_list,
    check_string,
    make_span,
)


@reads_records
def read_instructions(item: Any, options: ReadOptions, counts: Counts) -> AnnotatedText:
    """Read the format of BioSelectTune: {"instruction", "input", "output"}, where the output is a
    JSON list of {"entity": label, "name": mention}.

    A mention is marked wherever it occurs as whole words; those that do not occur are counted.
    """
    text = check_string(item, "input")
    spans = find_mentions(_parse_answer(check_string(item, "output")), text, counts)
    return AnnotatedText(text, spans, [], None)


@reads_records
def read_gliner2(item: Any, options: ReadOptions, counts: Counts) -> AnnotatedText:
    """Read GLiNER2's training data: {"input": text, "output": {"entities": {label: mentions}}}.

    Mentions are marked as in `read_instructions`. A text annotates the labels that it lists.
    Outputs of other tasks, such as classification, are counted.
    """
    text, output = check_string(item, "input"), item.get("output")
    check_keys(output, ())
    counts[NO_ENTITIES] += len(output.keys() - {"entities", "entity_descriptions"})
    entities = output.get("entities") or {}
    check_keys(entities, ())
    labels = sorted(map(check_label, entities))
    answer = [(x, _check_name(m)) for x in entities for m in check_list(entities, x)]
    spans = find_mentions(answer, text, counts)
    return AnnotatedText(text, spans, [], labels if "entities" in output else None)


def find_mentions(answer: Iterable[tuple[str, str]], text: str, counts: Counts) -> list[GoldSpan]:
    """Return where mentions occur in a text, in order.

    answer (Iterable[tuple[str, str]]): Labels and mentions.
    text (str): The text.
    counts (Counts): Mentions that do not occur are added.
    RETURNS (list[GoldSpan]): The entities.
    """
    spans: set[GoldSpan] = set()
    for label, name in answer:
        found = [make_span(text, a, b, label, counts) for a, b in occurrences(name, text)]
        counts[NOT_FOUND] += not found
        spans.update(found)
    return sorted(spans)


def occurrences(name: str, text: str) -> list[tuple[int, int]]:
    """Return where a mention occurs as whole words: exactly, or else in another case."""
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    for flags in (0, re.IGNORECASE):
        found = [match.span() for match in re.finditer(pattern, text, flags)]
        if found:
            return found
    return []


def _parse_answer(output: str) -> list[tuple[str, str]]:
    """Return label and mention of each entity.

    RAISES (ValueError): If an answer is not a JSON list of entities.
    """
    answer = parse_json(output)
    if not isinstance(answer, list):
        raise ValueError(f"'output' must be a JSON list; found {type(answer).__name__}")
    for entity in answer:
        check_keys(entity, ("entity", "name"))
    return [(check_label(entity["entity"]), _check_name(entity["name"])) for entity in answer]


def _check_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"a name must be a string that is not blank; found {name!r}")
    return check_text(name)

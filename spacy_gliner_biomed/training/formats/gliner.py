"""Read the training data of GLiNER, as a JSON array or JSON lines."""

from itertools import accumulate
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.records import reads_records
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.record_checks import (
    Counts,
    check_keys,
    check_label,
    check_list,
    make_span,
)


@reads_records
def read_gliner(item: Any, options: ReadOptions, counts: Counts) -> AnnotatedText:
    """Read {"tokenized_text": words, "ner": [[first, last, label]]}.

    Words are joined by single spaces. "ner_labels" of an item, if present, says what is annotated.
    """
    check_keys(item, ("tokenized_text", "ner"))
    text, spans = _parse(item["tokenized_text"], item["ner"], counts)
    labels = sorted(map(check_label, check_list(item, "ner_labels")))
    return AnnotatedText(text, spans, [], labels or None)


def _parse(words: Any, ner: Any, counts: Counts) -> tuple[str, list[GoldSpan]]:
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

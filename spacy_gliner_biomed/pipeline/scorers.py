"""Scores of predicted against gold Docs: strict F1 of spans and entities, and overlap F1."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from spacy.scorer import PRFScore
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.pipeline.gold_label_checks import report_missed_labels
from spacy_gliner_biomed.pipeline.label_scores import (
    count_matches,
    count_strict,
    label_scores,
    overlap,
)
from spacy_gliner_biomed.pipeline.labels import parse_labels
from spacy_gliner_biomed.pipeline.relation_scorer import score_relations
from spacy_gliner_biomed.training.gold import annotated_labels, missing_characters, read_gold

# An entity as characters that are not white space, so that texts may differ in white space.
Offsets = tuple[int, int]
CountMatches = Callable[[PRFScore, list[Offsets], list[Offsets]], None]
Getter = Callable[[Doc], Sequence[Span]]


def make_ner_scorer() -> Callable[..., dict[str, Any]]:
    """Return the default scorer, registered as `spacy-gliner-biomed.ner_scorer.v1`."""
    return score_ner


def score_ner(
    examples: Iterable[Example],
    *,
    spans_key: str = "sc",
    labels: Sequence[str | Mapping[str, Any]] | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """Score the span group and the entities. Warn if nothing can be scored, or if gold entities
    have labels that the component is not asked for.

    Strict scores have spaCy's names, `spans_{key}_p/r/f/per_type` and `ents_p/r/f/per_type`;
    overlap scores are `spans_{key}_overlap_p/r/f/per_type` and `ents_overlap_p/r/f/per_type`. Gold
    Docs without the span group are scored by their entities. Predictions of labels that a gold Doc
    does not annotate (`training.gold`), or in tokens whose annotation is missing (`token.ent_iob`
    0), are ignored. Relations are scored by `score_relations`, if a gold Doc has some.

    examples (Iterable[Example]): Predicted and gold Docs.
    spans_key (str): The span group.
    labels (Sequence | None): The component's setting, for the warning; None for no warning.
    kwargs: Ignored; spaCy passes them.
    RETURNS (dict[str, Any]): The scores; None where nothing could be scored.
    """
    examples = list(examples)
    with_ents = [eg for eg in examples if _has_ents(eg.reference)]
    with_spans = [
        eg for eg in examples if spans_key in eg.reference.spans or _has_ents(eg.reference)
    ]
    of_relations = score_relations(examples)
    if not examples:
        warn(Warnings.W413)
    elif not with_spans and not of_relations:
        warn(Warnings.W414.format(n=len(examples), key=spans_key))
    if labels is not None:
        missed = (read_gold(eg.reference, spans_key) for eg in with_spans)
        report_missed_labels(missed, parse_labels(list(labels)))
    scored = _ScoredSpans(examples, spans_key)
    return {
        **score_spans(with_spans, f"spans_{spans_key}", scored.spans, count_strict),
        **score_spans(with_ents, "ents", scored.ents, count_strict),
        **score_spans(with_spans, f"spans_{spans_key}_overlap", scored.spans, count_overlap),
        **score_spans(with_ents, "ents_overlap", scored.ents, count_overlap),
        **of_relations,
    }


class _ScoredSpans:
    """Gets the spans of Docs that count: predicted ones only where the gold Doc is annotated.

    examples (Iterable[Example]): Predicted and gold Docs.
    spans_key (str): The span group.
    """

    def __init__(self, examples: Iterable[Example], spans_key: str) -> None:
        self.golds = {id(eg.predicted): eg.reference for eg in examples}
        self.spans_key = spans_key

    def spans(self, doc: Doc) -> Sequence[Span]:
        """Return the spans of the group, or the entities of a gold Doc without it."""
        gold = self.golds.get(id(doc))
        spans = self._of_annotated_labels(gold, doc.spans.get(self.spans_key, doc.ents))
        if gold is None or self.spans_key in gold.spans:
            return spans
        return _without_missing(spans, gold)

    def ents(self, doc: Doc) -> Sequence[Span]:
        """Return the entities."""
        gold = self.golds.get(id(doc))
        spans = self._of_annotated_labels(gold, doc.ents)
        return spans if gold is None else _without_missing(spans, gold)

    def _of_annotated_labels(self, gold: Doc | None, spans: Iterable[Span]) -> list[Span]:
        labels = None if gold is None else annotated_labels(gold, self.spans_key)
        return [span for span in spans if labels is None or span.label_ in labels]


def score_spans(
    examples: Iterable[Example], name: str, getter: Getter, count: CountMatches
) -> dict[str, Any]:
    """Compute precision, recall and F1, over all labels and for each label.

    Spans are compared by characters and not by tokens, because Docs may be tokenized differently:
    aligning tokens could turn a wrong span into a right one.

    examples (Iterable[Example]): Predicted and gold Docs of the same text.
    name (str): Prefix of the scores.
    getter (Getter): Returns the spans of a Doc.
    count (CountMatches): `label_scores.count_strict` or `count_overlap`.
    RETURNS (dict[str, Any]): `{name}_p`, `_r`, `_f` and `_per_type`.
    """
    pairs = ((_offsets(eg.reference, getter), _offsets(eg.predicted, getter)) for eg in examples)
    return label_scores(pairs, name, count)


def count_overlap(score: PRFScore, gold: list[Offsets], found: list[Offsets]) -> None:
    """Count predictions that share a character with a gold span that no earlier one has taken.

    The metric of GLiNER-BioMed (arXiv 2504.00676; ds4dh/GLiNER-biomed,
    evaluation/gliner_evaluator.py, `span_based`), there on words.
    """
    count_matches(score, gold, found, overlap)


def _offsets(doc: Doc, getter: Getter) -> dict[str, list[Offsets]]:
    """Return the spans of each label."""
    spans = getter(doc)
    before = _dense_positions(doc.text) if spans else []
    offsets: dict[str, list[Offsets]] = {}
    for span in spans:
        borders = (before[span.start_char], before[span.end_char])
        offsets.setdefault(span.label_, []).append(borders)
    return offsets


def _without_missing(spans: Sequence[Span], gold: Doc) -> Sequence[Span]:
    """Return the spans that have no character in tokens whose annotation is missing."""
    missing = missing_characters(gold)
    if not missing or not spans:
        return spans
    in_gold, before = _dense_positions(gold.text), _dense_positions(spans[0].doc.text)
    hidden = np.zeros(in_gold[-1] + 1, dtype=np.bool_)
    for start, end in missing:
        hidden[in_gold[start] : in_gold[end]] = True
    return [s for s in spans if not hidden[before[s.start_char] : before[s.end_char]].any()]


def _dense_positions(text: str) -> list[int]:
    """Return, for each border between characters, how many before it are not white space."""
    return [0, *accumulate(not character.isspace() for character in text)]


def _has_ents(doc: Doc) -> bool:
    return bool(doc.has_annotation("ENT_IOB"))

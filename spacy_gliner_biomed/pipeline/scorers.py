"""Scores of predicted against gold Docs: strict F1 of spans and entities, and overlap F1."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.scorer import PRFScore, Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example


def make_ner_scorer() -> Callable[..., dict[str, Any]]:
    """The default scorer, registered as `spacy-gliner-biomed.ner_scorer.v1`."""
    return score_ner


def score_ner(
    examples: Iterable[Example], *, spans_key: str = "sc", **kwargs: Any
) -> dict[str, Any]:
    """Score span group and entities.

    Strict scores are spaCy's: `spans_{key}_p/r/f/per_type` and `ents_p/r/f/per_type`. Overlap
    scores (see `score_overlap`) are `spans_{key}_overlap_p/r/f/per_type` and
    `ents_overlap_p/r/f/per_type`. Gold Docs without the span group are scored by their entities.

    examples (Iterable[Example]): Predicted and gold Docs.
    spans_key (str): The span group.
    RETURNS (dict[str, Any]): The scores; None where nothing could be scored.
    """
    examples = list(examples)
    attr = f"spans_{spans_key}"

    def spans_of(doc: Doc, _: str = "") -> Sequence[Span]:
        return list(doc.spans[spans_key]) if spans_key in doc.spans else list(doc.ents)

    def has_spans(doc: Doc) -> bool:
        return spans_key in doc.spans or _has_ents(doc)

    with_spans = [example for example in examples if has_spans(example.reference)]
    with_ents = [example for example in examples if _has_ents(example.reference)]
    return {
        **Scorer.score_spans(with_spans, attr, getter=spans_of, allow_overlap=True),
        **Scorer.score_spans(with_ents, "ents"),
        **score_overlap(with_spans, f"{attr}_overlap", spans_of),
        **score_overlap(with_ents, "ents_overlap", lambda doc: list(doc.ents)),
    }


def score_overlap(
    examples: Iterable[Example], name: str, getter: Callable[[Doc], Sequence[Span]]
) -> dict[str, Any]:
    """Precision, recall and F1 where a found span is right if it overlaps a gold span of its
    label that no earlier one has taken.

    The metric of GLiNER-BioMed (arXiv 2504.00676; ds4dh/GLiNER-biomed,
    evaluation/gliner_evaluator.py, `span_based`), here on characters.

    examples (Iterable[Example]): Predicted and gold Docs of the same text.
    name (str): Prefix of the scores.
    getter (Callable): The spans of a Doc.
    RETURNS (dict[str, Any]): `{name}_p`, `_r`, `_f` over all labels, and `_per_type`.
    """
    per_type: dict[str, PRFScore] = {}
    for example in examples:
        gold, found = getter(example.reference), getter(example.predicted)
        for label in {span.label_ for span in (*gold, *found)}:
            score = per_type.setdefault(label, PRFScore())
            _count_overlaps(score, _offsets(gold, label), _offsets(found, label))
    total = sum(per_type.values(), PRFScore())
    if not len(total):
        return {f"{name}_{key}": None for key in ("p", "r", "f", "per_type")}
    return {
        f"{name}_p": total.precision,
        f"{name}_r": total.recall,
        f"{name}_f": total.fscore,
        f"{name}_per_type": {label: score.to_dict() for label, score in per_type.items()},
    }


def _count_overlaps(
    score: PRFScore, gold: list[tuple[int, int]], found: list[tuple[int, int]]
) -> None:
    free = list(gold)
    for start, end in found:
        match = next((span for span in free if span[0] < end and start < span[1]), None)
        if match is None:
            score.fp += 1
        else:
            free.remove(match)
            score.tp += 1
    score.fn += len(free)


def _offsets(spans: Iterable[Span], label: str) -> list[tuple[int, int]]:
    return [(span.start_char, span.end_char) for span in spans if span.label_ == label]


def _has_ents(doc: Doc) -> bool:
    return bool(doc.has_annotation("ENT_IOB"))

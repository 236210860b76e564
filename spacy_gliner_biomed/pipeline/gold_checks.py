"""Checks of training data for `initialize`: what cannot be learned, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.counting import count
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.pipeline.reports import Reports
from spacy_gliner_biomed.training.gold import Gold, count_lost, has_gold

# The text of the only example that `nlp.initialize` makes if it is given none.
DUMMY = ["x", "y", "z"]


def is_dummy(docs: Sequence[Doc]) -> bool:
    """Return whether the Docs are only spaCy's example for `nlp.initialize()` without data."""
    return [[token.text for token in doc] for doc in docs] == [DUMMY] and not (
        docs[0].spans or docs[0].has_annotation("ENT_IOB")
    )


def check_gold(
    docs: Sequence[Doc],
    golds: Sequence[Gold],
    component: str,
    spans_key: str,
    reports: Reports,
) -> None:
    """Check that there is something to learn; warn about Docs without gold.

    docs (Sequence[Doc]): The gold Docs.
    golds (Sequence[Gold]): The gold that was read from them.
    component, spans_key (str): The component's name, and the group that it learns from.
    reports (Reports): The component's.
    RAISES (ValueError): If there is no Doc, or none says which entities it has.
    """
    if not docs:
        raise ValueError(Errors.E411.format(component=component))
    n_without = sum(not has_gold(doc, spans_key) for doc in docs)
    values = {"component": component, "key": spans_key, "groups": _list_groups(docs)}
    if n_without == len(docs):
        raise ValueError(Errors.E145.format(n=len(docs), **values))
    if not any(gold.spans for gold in golds):
        warn(Warnings.W141.format(n=len(docs), **values))
    if n_without:
        reports.warn_once("without_gold", Warnings.W142.format(n=n_without, **values))


def check_score_weights(nlp: Language, spans_key: str) -> None:
    """Warn if no score of the component's entities decides which model is the best.

    nlp (Language): The pipeline, whose `[training.score_weights]` decide.
    spans_key (str): The group that the component writes.
    """
    weights: Mapping[str, Any] = nlp.config["training"]["score_weights"]
    used = [name for name, weight in weights.items() if weight]
    if not any(name.startswith((f"spans_{spans_key}_", "ents_")) for name in used):
        warn(Warnings.W008.format(found=spans_key, weights=list_names(used)))


def describe_lost(golds: Iterable[tuple[str, Gold]], splitter: str, max_width: int) -> str | None:
    """Describe which gold entities cannot be learned, by corpus.

    golds, splitter, max_width: See `training.gold.count_lost`.
    RETURNS (str | None): None if all can be learned.
    """
    counts = count_lost(golds, splitter, max_width)
    found = [f"{name} {n} of {of}".lstrip() for name, (n, of) in counts.items() if n]
    return Warnings.W010.format(found=", ".join(found), width=max_width) if found else None


def _list_groups(docs: Iterable[Doc]) -> str:
    counts = Counter(key for doc in docs for key in doc.spans)
    return list_names(f"{key!r} (in {count(n, 'document')})" for key, n in counts.items())

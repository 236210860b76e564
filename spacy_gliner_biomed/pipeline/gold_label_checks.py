"""Checks that the labels of gold entities are those of the component, to the letter."""

from collections import Counter
from collections.abc import Iterable, Sequence

from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.common.settings_dict import nearest
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.models.catalogue import normalize
from spacy_gliner_biomed.pipeline.reports import Reports
from spacy_gliner_biomed.training.gold import Gold, gold_labels
from spacy_gliner_biomed.types import LabelSpec

HINTS = 3  # maximum number of labels that were probably meant


def check_labels(
    golds: Sequence[Gold],
    specs: Sequence[LabelSpec],
    component: str,
    reports: Reports,
    *,
    is_sample: bool = False,
) -> None:
    """Check that the training data has the component's labels; warn about those in only one.

    golds (Sequence[Gold]): The gold of the training documents.
    specs (Sequence[LabelSpec]): The component's labels.
    component (str): The component's name.
    reports (Reports): The component's.
    is_sample (bool): Whether these are the first documents of a stream. Other labels may follow.
    RAISES (ValueError): If there are gold entities, but no label of the component is among theirs.
    """
    found = {*gold_labels(golds), *(label for gold in golds for label in gold.partial)}
    labels = list(dict.fromkeys(spec.label for spec in specs))
    if not any(gold.spans for gold in golds):
        return
    if not is_sample and found.isdisjoint(labels):
        names = {"found": list_names(map(repr, found)), "labels": list_names(map(repr, labels))}
        hint = _hint(Counter(found), specs)
        raise ValueError(Errors.E410.format(n=len(golds), component=component, hint=hint, **names))
    report_other_labels(golds, specs, component, reports, all_labels=not is_sample)
    without = [label for label in labels if label not in found]
    if without and not is_sample:
        names = {"component": component, "found": list_names(map(repr, without))}
        message = Warnings.W411.format(n=len(without), of=len(golds), **names)
        reports.warn_once("labels_without_gold", message)


def report_other_labels(
    golds: Sequence[Gold],
    specs: Sequence[LabelSpec],
    component: str,
    reports: Reports,
    *,
    all_labels: bool = False,
) -> int:
    """Warn once about gold entities with labels that the component does not have.

    Mixed corpora teach many labels, of which the component may have a few. So labels of Docs that
    say which labels they annotate are only reported if they differ from the component's in case,
    number or form.

    golds, specs, component, reports: See `check_labels`.
    all_labels (bool): Report all labels.
    RETURNS (int): The number of all these entities.
    """
    other = _count_other_labels(golds, specs)
    if other and "gold_other_labels" not in reports.given:
        known = {normalize(text) for spec in specs for text in (spec.prompt, spec.label)}
        silent = _count_other_labels((x for x in golds if x.annotated is None), specs)
        doubtful = {x: n for x, n in other.items() if x in silent or normalize(x) in known}
        reported = other if all_labels else Counter(doubtful)
        if reported and reports.is_first("gold_other_labels"):
            warn(Warnings.W410.format(component=component, **_describe(reported, specs)))
    return other.total()


def report_missed_labels(golds: Iterable[Gold], specs: Sequence[LabelSpec]) -> None:
    """Warn about gold entities that cannot be found, when they are scored.

    golds (Iterable[Gold]): The gold of the documents.
    specs (Sequence[LabelSpec]): The component's labels.
    """
    other = _count_other_labels(golds, specs)
    if other:
        warn(Warnings.W412.format(**_describe(other, specs)))


def _count_other_labels(golds: Iterable[Gold], specs: Sequence[LabelSpec]) -> Counter[str]:
    """Count the gold entities whose labels the component does not have, by label."""
    known = {spec.label for spec in specs}
    return Counter(label for gold in golds for *_, label in gold.spans if label not in known)


def _describe(other: Counter[str], specs: Sequence[LabelSpec]) -> dict[str, object]:
    """Return the values of a message."""
    found = list_names(f"{label!r} ({n:,})" for label, n in other.items())
    return {"n": other.total(), "found": found, "hint": _hint(other, specs)}


def _hint(other: Counter[str], specs: Sequence[LabelSpec]) -> str:
    """Return a sentence with the labels of the component that were probably meant, such as those
    in another case, with another spelling, or with the gold label as their prompt.
    """
    names = {normalize(text): spec.label for spec in specs for text in (spec.prompt, spec.label)}
    similar = [(label, nearest(normalize(label), names)) for label in sorted(other)]
    pairs = [f"{names[name]!r} for {label!r}" for label, name in similar if name]
    return f" Did you mean {', '.join(pairs[:HINTS])}?" if pairs else ""

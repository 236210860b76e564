"""Warnings of labels and relations that are not found, or not as well as others."""

from spacy_gliner_biomed.common.reporting import list_names, shorten, warn
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.models.catalogue import Catalogue
from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.pipeline.label_groups import with_shared_prompts
from spacy_gliner_biomed.pipeline.reports import Reports
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.types import LabelSpec

NAMES = 8  # maximum labels in a warning


def report_labels(reports: Reports, settings: Settings, checkpoint: Checkpoint) -> None:
    """Warn once about each label and relation that may find less than expected.

    reports (Reports): Of the component.
    settings (Settings): The labels and relations of a call.
    checkpoint (Checkpoint): The checkpoint.
    """
    settings = with_shared_prompts(settings, checkpoint)
    if checkpoint.catalogue.labels:
        _report_unfamiliar(reports, settings, checkpoint.catalogue)
    for spec in hidden_labels(settings):
        names = {"label": shorten(spec.label), "prompt": shorten(spec.prompt)}
        reports.warn_once(f"hidden {spec.label}", Warnings.W390.format(**names))
    _report_missing_ends(reports, settings)


def hidden_labels(settings: Settings) -> list[LabelSpec]:
    """Return the labels that never win against an earlier label with the same prompt.

    settings (Settings): The labels, their thresholds and `multi_label`.
    RETURNS (list[LabelSpec]): In order.
    """
    if settings.multi_label:
        return []
    hidden, first = [], dict[str, tuple[LabelSpec, float]]()
    thresholds = settings.thresholds(settings.labels).tolist()
    for spec, threshold in zip(settings.labels, thresholds, strict=True):
        other, least = first.setdefault(spec.prompt, (spec, threshold))
        if other.label != spec.label and threshold >= least:
            hidden.append(spec)
    return hidden


def _report_unfamiliar(reports: Reports, settings: Settings, catalogue: Catalogue) -> None:
    """Warn about all unfamiliar labels in one warning, and about each label only once."""
    unfamiliar = [x for x in settings.labels if catalogue.familiar(x.prompt) is None]
    new = [spec for spec in unfamiliar if reports.is_first(f"unfamiliar {spec.prompt}")]
    if new:
        found = [_with_nearest(spec, catalogue) for spec in new[:NAMES]]
        more = f" and {len(new) - NAMES} more" if len(new) > NAMES else ""
        warn(Warnings.W180.format(labels=", ".join(found) + more))


def _with_nearest(spec: LabelSpec, catalogue: Catalogue) -> str:
    nearest = ", ".join(map(repr, catalogue.nearest(spec.prompt)))
    return f"{shorten(spec.label)!r} ({f'similar: {nearest}' if nearest else 'none is similar'})"


def _report_missing_ends(reports: Reports, settings: Settings) -> None:
    """Warn about relations whose ends may only have labels that are not asked for."""
    known = {spec.label for spec in settings.labels}
    for spec in settings.relations:
        missing = [x for x in dict.fromkeys(spec.heads + spec.tails) if x not in known]
        if missing:
            found = list_names(map(repr, missing))
            message = Warnings.W282.format(relation=shorten(spec.label), missing=found)
            reports.warn_once(f"ends of {spec.label}", message)

"""What the service reports about labels: the catalogue, defaults, and single labels in it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from spacy_gliner_biomed.documents.colors import label_color
from spacy_gliner_biomed.service.service import Service


def catalogue_answer(service: Service) -> dict[str, Any]:
    """Return the trained labels, and what a request without settings gets."""
    annotator, limits = service.annotator, service.limits
    cfg = annotator.component.cfg
    rows = [
        {"threshold": annotator.threshold, **asdict(row), "color": label_color(row.label)}
        for row in annotator.catalogue.labels
    ]
    return {
        "pipeline": {
            "source": service.source,
            "name": service.name,
            "lang": annotator.nlp.lang,
            "component": annotator.component.name,
            "spans_key": cfg["spans_key"],
        },
        "labels": rows,
        "finds_relations": annotator.finds_relations,
        "defaults": {
            "labels": list(cfg["labels"]),
            "relations": list(cfg["relations"]),
            "threshold": annotator.threshold,
            **{name: cfg[name] for name in ("overlap", "multi_label", "alignment")},
        },
        "limits": {
            "max_characters": limits.max_characters,
            "max_texts": limits.max_texts,
            "max_labels": limits.max_labels,
            "max_bytes": limits.max_bytes,
            "timeout": limits.timeout,
        },
    }


def lookup_answer(service: Service, labels: Sequence[str]) -> dict[str, Any]:
    """Look up labels in the catalogue.

    service (Service): The service.
    labels (Sequence[str]): Any labels.
    RETURNS (dict[str, Any]): For each, the trained label it stands for, similar ones, its colour.
    """
    catalogue = service.annotator.catalogue
    found = []
    for label in labels:
        trained = catalogue.familiar(label)
        nearest = [] if trained is not None else catalogue.nearest(label)
        color = label_color(label)
        found.append({"label": label, "trained": trained, "nearest": nearest, "color": color})
    return {"labels": found}

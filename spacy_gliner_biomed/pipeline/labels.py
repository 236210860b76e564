"""The component's `labels` setting as checked values."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.types import LabelSpec

# What `add_pipe` asks for if nobody names labels. A list: a dict in `default_config` would
# merge with the user's.
DEFAULT_LABELS = [
    "disease",
    "symptom",
    "drug",
    "chemical",
    "gene or protein",
    "genetic variant",
    "species",
    "cell type",
    "cell line",
    "anatomical structure",
    "diagnostic procedure",
    "therapeutic procedure",
]

KEYS = {"label", "prompt", "threshold"}


def parse_labels(labels: Sequence[str | Mapping[str, Any]]) -> list[LabelSpec]:
    """Read the setting.

    labels: Strings, or dicts with "label" and, optionally, "prompt" (default: the label) and
        "threshold". Several prompts may share a label.
    RETURNS (list[LabelSpec]): In order, each once.
    RAISES (ValueError): For anything else, a blank string, or a threshold outside 0..1.
    """
    if isinstance(labels, str):  # a string is a sequence, of one-letter labels
        raise ValueError(Errors.E030.format(name="labels", allowed="a list", found=labels))
    specs = [_parse(entry) for entry in labels]
    unique = list(dict.fromkeys(specs))
    if len(unique) < len(specs):
        repeated = sorted({spec.label for spec in specs if specs.count(spec) > 1})
        warnings.warn(Warnings.W007.format(found=repeated), stacklevel=2)
    return unique


def check_threshold(value: Any, name: str = "threshold") -> float:
    """A threshold as a float.

    RAISES (ValueError): If it is not a number from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(Errors.E030.format(name=name, allowed="from 0 to 1", found=value))
    return float(value)


def _parse(entry: str | Mapping[str, Any]) -> LabelSpec:
    values = {"label": entry} if isinstance(entry, str) else entry
    if not isinstance(values, Mapping) or "label" not in values or set(values) - KEYS:
        raise ValueError(Errors.E023.format(found=entry))
    label, prompt = values["label"], values.get("prompt")
    prompt = label if prompt is None else prompt
    if not all(isinstance(text, str) and text.strip() for text in (label, prompt)):
        raise ValueError(Errors.E023.format(found=entry))
    threshold = values.get("threshold")
    if threshold is not None:
        threshold = check_threshold(threshold, f"threshold of {label}")
    return LabelSpec(label, prompt, threshold)

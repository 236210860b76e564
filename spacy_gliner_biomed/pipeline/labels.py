"""The component's `labels` setting as checked values."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.reporting import shorten, warn
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.types import LabelSpec

# What `add_pipe` asks for if nobody names labels. A list: a dict in `default_config` would
# merge with the user's.
DEFAULT_LABELS = [
    "disease",
    "symptom",
    "drug",
    "dosage",
    "gene or protein",
    "species",
    "cell type",
    "anatomical structure",
    "diagnostic procedure",
    "therapeutic procedure",
    "lab test",
    "measurement value",
]

KEYS = {"label", "prompt", "threshold"}


def unique_labels(labels: Any) -> list[str | dict[str, Any]]:
    """Check the setting and remove repeated labels, with a warning.

    labels: See `parse_labels`.
    RETURNS (list): Copies of the entries, with Python's own numbers, which can be saved.
    RAISES (ValueError): As `parse_labels`.
    """
    parse_labels(labels)
    unique: dict[LabelSpec, str | dict[str, Any]] = {}
    repeated: set[str] = set()
    for entry in labels:
        spec = _parse(entry)
        if spec in unique:
            repeated.add(spec.label)
        unique.setdefault(spec, _plain(entry))
    if repeated:
        warn(Warnings.W007.format(found=sorted(repeated)))
    return list(unique.values())


def keep_prompts(labels: Any, known: Sequence[Any], key: str = "label") -> Any:
    """Return new labels with the entries of known ones for strings that name them, so that
    `[*component.labels, "symptom"]` loses no prompt and no threshold.

    labels: The new labels, see `parse_labels`, or relations; anything else is returned as it is.
    known (Sequence): The current entries.
    key (str): The key of the name: "label" or "relation".
    """
    if not isinstance(labels, list | tuple):
        return labels
    entries: list[Any] = []
    for entry in labels:
        same = [x for x in known if isinstance(x, Mapping) and x[key] == entry]
        entries += same if isinstance(entry, str) and same and entry not in known else [entry]
    return entries


def parse_labels(labels: Any) -> list[LabelSpec]:
    """Read the setting.

    labels: A list of strings, or of dicts with "label" and, optionally, "prompt" (default: the
        label) and "threshold". Several prompts may share a label.
    RETURNS (list[LabelSpec]): In order, each once.
    RAISES (ValueError): For anything else, a blank string, a threshold outside 0..1, or one
        label and prompt with two thresholds.
    """
    # A string is a sequence of one-letter labels, a dict would lose its values, a set its order.
    if not isinstance(labels, list | tuple):
        raise ValueError(Errors.E030.format(name="labels", allowed="a list", found=labels))
    specs = list(dict.fromkeys(_parse(entry) for entry in labels))
    thresholds: dict[tuple[str, str], float | None] = {}
    for spec in specs:
        other = thresholds.setdefault((spec.label, spec.prompt), spec.threshold)
        if other != spec.threshold:
            raise ValueError(Errors.E025.format(label=spec.label, found=(other, spec.threshold)))
    return specs


def check_threshold(value: Any, name: str = "threshold") -> float:
    """Return a threshold as a float.

    value (Any): The threshold.
    name (str): Its name, for the message.
    RETURNS (float): The threshold.
    RAISES (ValueError): If it is not a number from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise ValueError(Errors.E030.format(name=name, allowed="from 0 to 1", found=value))
    return float(value)


def check_storable(*texts: str) -> None:
    """Check that a file can hold labels and prompts.

    texts (str): The labels and prompts.
    RAISES (ValueError): If one holds half of a surrogate pair, or "${".
    """
    for text in texts:
        if "${" in text:
            raise ValueError(Errors.E418.format(found=shorten(text)))
        try:
            check_text(text)
        except ValueError:
            raise ValueError(Errors.E390.format(found=shorten(text))) from None


def _plain(entry: Any) -> str | dict[str, Any]:
    if isinstance(entry, str):
        return entry
    return {key: float(v) if isinstance(v, Real) else v for key, v in entry.items()}


def _parse(entry: Any) -> LabelSpec:
    values = {"label": entry} if isinstance(entry, str) else entry
    if not isinstance(values, Mapping) or "label" not in values or set(values) - KEYS:
        raise ValueError(Errors.E023.format(found=entry))
    label, prompt = values["label"], values.get("prompt")
    prompt = label if prompt is None else prompt
    if not all(isinstance(text, str) and text.strip() for text in (label, prompt)):
        raise ValueError(Errors.E023.format(found=entry))
    check_storable(label, prompt)
    threshold = values.get("threshold")
    if threshold is not None:
        threshold = check_threshold(threshold, f"threshold of {label}")
    return LabelSpec(label, prompt, threshold)

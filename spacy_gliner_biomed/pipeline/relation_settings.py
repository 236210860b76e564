"""The component's `relations` setting as checked values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.pipeline.labels import check_storable, check_threshold

KEYS = {"relation", "prompt", "threshold", "head", "tail"}


@dataclass(frozen=True)
class RelationSpec:
    """One relation.

    label (str): The label of the found relations.
    prompt (str): The words that the model reads.
    threshold (float | None): Overrides the component's threshold for this relation.
    heads, tails (tuple[str, ...]): The labels that its ends may have; empty for any.
    """

    label: str
    prompt: str
    threshold: float | None = None
    heads: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()


def parse_relations(relations: Any) -> list[RelationSpec]:
    """Read the setting.

    relations: A list of strings, or of dicts with "relation" and, optionally, "prompt" (default:
        the relation), "threshold", and "head" and "tail" (labels that its ends may have). Several
        entries may share a relation or a prompt.
    RETURNS (list[RelationSpec]): In order, each once.
    RAISES (ValueError): For anything else, a blank string, or a threshold that is not from 0 to 1.
    """
    if not isinstance(relations, list | tuple):
        raise ValueError(Errors.E030.format(name="relations", allowed="a list", found=relations))
    return list(dict.fromkeys(map(_parse, relations)))


def plain_relations(relations: Any) -> list[str | dict[str, Any]]:
    """Check the setting, and return copies of its entries with Python's own values."""
    parse_relations(relations)
    return [entry if isinstance(entry, str) else _plain(entry) for entry in relations]


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, Real):
            plain[key] = float(value)
        else:
            plain[key] = list(value) if isinstance(value, list | tuple) else value
    return plain


def _parse(entry: Any) -> RelationSpec:
    values = {"relation": entry} if isinstance(entry, str) else entry
    if not isinstance(values, Mapping) or "relation" not in values or set(values) - KEYS:
        raise _refused(entry)
    label, prompt = values["relation"], values.get("prompt")
    prompt = label if prompt is None else prompt
    ends = [_labels(values.get(name)) for name in ("head", "tail")]
    if not all(isinstance(text, str) and text.strip() for text in (label, prompt, *sum(ends, ()))):
        raise _refused(entry)
    check_storable(label, prompt, *sum(ends, ()))
    threshold = values.get("threshold")
    if threshold is not None:
        threshold = check_threshold(threshold, f"threshold of {label}")
    return RelationSpec(label, prompt, threshold, *ends)


def _labels(value: Any) -> tuple[Any, ...]:
    """Return the labels of an end: none, one or several."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _refused(entry: Any) -> ValueError:
    return ValueError(Errors.E282.format(found=shorten(str(entry))))

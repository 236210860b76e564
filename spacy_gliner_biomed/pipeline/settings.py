"""The component's settings, checked as one value each time they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, get_args

import numpy as np

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.common.settings_dict import check_choice, hint_at
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.calibration import DEFAULT_THRESHOLD
from spacy_gliner_biomed.pipeline.decoding import Overlap
from spacy_gliner_biomed.pipeline.labels import (
    check_threshold,
    keep_prompts,
    parse_labels,
    unique_labels,
)
from spacy_gliner_biomed.pipeline.relation_settings import (
    RelationSpec,
    parse_relations,
    plain_relations,
)
from spacy_gliner_biomed.tokenization.alignment import Alignment
from spacy_gliner_biomed.types import FloatArray, LabelSpec, Precision

# What `nlp.pipe(..., component_cfg={"gliner_biomed": {...}})` may change for one call.
CALL_OPTIONS = ("labels", "threshold", "overlap", "multi_label", "alignment", "relations")


@dataclass(frozen=True)
class Settings:
    """The checked settings of the component.

    labels (Sequence[LabelSpec]): In the config, strings, or dicts with "label" (written on the Doc)
        and, optionally, "prompt" (read by the model; default: the label) and "threshold" (for this
        label).
    threshold (float | None): Spans whose probability is greater than this are found; from 0 to 1.
        None for the checkpoint's own threshold (0.5 for published checkpoints).
    spans_key (str): The group in `doc.spans`; its `attrs["scores"]` are the probabilities.
    annotate_ents (bool): Whether to set `doc.ents`, too. If spans overlap, the best score wins.
    overwrite (bool): Whether to replace entities, blocked tokens and spans that are already on the
        Doc instead of keeping them.
    overlap (str): "flat" for spans that do not overlap, or "nested" if spans may contain others.
    multi_label (bool): Whether a span can have several labels.
    alignment (str): For spans that begin or end inside a token: "expand" or "contract" them to
        token borders, "split" the token, or leave the span out ("strict").
    window, stride (int | None): Number of words in a window of a long text, and between the starts
        of two windows. None for the checkpoint's values.
    batch_subtokens (int): Maximum number of subtokens in a forward pass, including padding. On a
        CPU, prediction uses at most `prediction.CPU_SUBTOKENS`.
    device (str | None): "cpu", "cuda", "cuda:1" or "mps"; None follows thinc.
    precision (str): "float32" is exact. "bfloat16" and "float16" are approximate; they are faster
        on machines with instructions for them, and computed in float32 on others. "auto" is
        bfloat16 where it is faster, and otherwise float32.
    relations (Sequence[RelationSpec]): Relations between the entities, for a checkpoint that finds
        relations. In the config, strings, or dicts with "relation" and, optionally, "prompt",
        "threshold", "head" and "tail" (labels).
    """

    labels: Sequence[LabelSpec]
    threshold: float | None
    spans_key: str
    annotate_ents: bool
    overwrite: bool
    overlap: Overlap
    multi_label: bool
    alignment: Alignment
    window: int | None
    stride: int | None
    batch_subtokens: int
    device: str | None
    precision: Precision
    relations: Sequence[RelationSpec] = ()

    @classmethod
    def from_cfg(cls, cfg: Mapping[str, Any], **options: Any) -> "Settings":
        """Check the component's `cfg`, with some values changed for one call.

        cfg (Mapping[str, Any]): The component's `cfg`.
        options: See `CALL_OPTIONS`; None keeps the value of `cfg`.
        RETURNS (Settings): The settings.
        RAISES (ValueError): If an option is unknown, or a value is not allowed.
        """
        unknown = sorted(set(options) - set(CALL_OPTIONS))
        if unknown:
            names = {"found": list_names(unknown), "allowed": ", ".join(CALL_OPTIONS)}
            names["component"] = getattr(cfg, "component", "gliner_biomed")
            raise ValueError(Errors.E031.format(hint=hint_at(unknown, CALL_OPTIONS), **names))
        given = {key: value for key, value in options.items() if value is not None}
        if "labels" in given:
            # The entries of `cfg` were checked when they were set.
            given["labels"] = unique_labels(keep_prompts(given["labels"], cfg["labels"]))
        if "relations" in given:
            known = cfg["relations"]
            given["relations"] = keep_prompts(given["relations"], known, "relation")
        values = {**{key: cfg[key] for key in cls.__dataclass_fields__}, **given}
        values["labels"] = parse_labels(values["labels"])
        values["relations"] = parse_relations(values["relations"])
        if values["threshold"] is not None:
            values["threshold"] = check_threshold(values["threshold"])
        for name, kind in (
            ("overlap", Overlap),
            ("alignment", Alignment),
            ("precision", Precision),
        ):
            check_choice(name, values[name], get_args(kind))
        for name in ("annotate_ents", "overwrite", "multi_label"):
            check_choice(name, values[name], (True, False))
        for name in ("window", "stride", "batch_subtokens"):
            _check_positive(name, values[name], optional=name != "batch_subtokens")
        _check_text("spans_key", values["spans_key"], optional=False)
        _check_text("device", values["device"], optional=True)
        return cls(**values)

    def thresholds(self, specs: Sequence[LabelSpec]) -> FloatArray:  # (C,)
        """Return the threshold of each label."""
        default = DEFAULT_THRESHOLD if self.threshold is None else self.threshold
        values = [default if s.threshold is None else s.threshold for s in specs]
        return np.array(values, dtype=np.float32)


def check_cfg(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check all settings of a component, at each change.

    values (Mapping[str, Any]): The component's `cfg`.
    RETURNS (dict[str, Any]): Without repeated labels, and with Python's own numbers.
    RAISES (ValueError): If a value is not allowed.
    """
    checked = {**values, "labels": unique_labels(values["labels"])}
    checked["relations"] = plain_relations(values["relations"])
    Settings.from_cfg(checked)
    checked["threshold"] = None if checked["threshold"] is None else float(checked["threshold"])
    for name in ("window", "stride", "batch_subtokens"):
        checked[name] = None if checked[name] is None else int(checked[name])
    return checked


def _check_positive(name: str, value: Any, *, optional: bool) -> None:
    if optional and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        allowed = "a whole number of at least 1" + (", or null" if optional else "")
        raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=value))


def _check_text(name: str, value: Any, *, optional: bool) -> None:
    if optional and value is None:
        return
    if not isinstance(value, str) or not value:
        allowed = "a string that is not empty" + (", or null" if optional else "")
        raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=value))

"""`Doc._.relations`: relations between spans of a Doc.

They are kept in `Doc.user_data` as plain data with characters, so that they outlive saving,
pickling, and tokens that are cut or merged.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.pipeline.annotation import add_strings, token_offsets
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.tokenization.alignment import align_span
from spacy_gliner_biomed.training.gold import labelled_offsets
from spacy_gliner_biomed.training.gold_relations import RELATIONS_KEY, fitting_entries
from spacy_gliner_biomed.types import ScoredRelation, ScoredSpan


class Relation(NamedTuple):
    """A relation between two spans of a Doc.

    head, tail (Span): Its ends, with their labels.
    label (str): Its label.
    score (float): Its probability; 1 if somebody was sure of it.
    """

    head: Span
    tail: Span
    label: str
    score: float = 1.0


def add_relations_extension() -> None:
    """Register `Doc._.relations`, unless another package already has."""
    if not Doc.has_extension("relations"):
        Doc.set_extension("relations", getter=read_relations, setter=set_relations)


def read_relations(doc: Doc) -> list[Relation]:
    """Return the relations of a Doc, as `Doc._.relations` has them.

    doc (Doc): Any Doc.
    RETURNS (list[Relation]): In order of their ends. An end that is no longer on borders of tokens
        is expanded to them. Relations whose ends are not in this text, such as those that
        `Span.as_doc` copies, are left out.
    """

    def span(start: int, end: int, label: str) -> Span:
        found = doc.char_span(start, end, label=label, alignment_mode="expand")
        assert found is not None
        return found

    return [
        Relation(span(*entry["head"]), span(*entry["tail"]), entry["label"], entry["score"])
        for entry in fitting_entries(doc)
    ]


def set_relations(doc: Doc, relations: Iterable[Relation]) -> None:
    """Replace the relations of a Doc, as an assignment to `Doc._.relations` does.

    doc (Doc): Changed in place.
    relations (Iterable[Relation]): Heads, tails, labels and scores.
    RAISES (ValueError): If an entry is no relation between spans of the Doc.
    """
    entries: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in relations:
        try:
            head, tail, label, score = each if isinstance(each, Relation) else Relation(*each)
            ends = {"head": _end(doc, head), "tail": _end(doc, tail)}
            if ends["head"] == ends["tail"] or not str(label).strip() or not isfinite(score):
                raise ValueError(each)
            entry = {**ends, "label": str(label), "score": float(score)}
            entry["texts"] = [head.text, tail.text]
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(Errors.E283.format(found=shorten(repr(each)))) from error
        key = (*ends["head"], *ends["tail"], entry["label"])
        entries.setdefault(key, entry)
    doc.user_data[RELATIONS_KEY] = [entries[key] for key in sorted(entries)]


def annotate_relations(
    doc: Doc, found: Sequence[ScoredRelation], settings: Settings
) -> dict[str, int]:
    """Write relations on a Doc whose entities were written before.

    doc (Doc): Changed in place.
    found (Sequence[ScoredRelation]): Relations in its text.
    settings (Settings): Checked settings. With `overwrite`, earlier relations are removed.
    RETURNS (dict[str, int]): The number of relations that are left out, because an end is not among
        the Doc's spans, or both ends are one span now, see `alignment`.
    """
    starts, ends = token_offsets(doc)
    blank = doc.to_array("IS_SPACE").astype(bool).tolist()
    known: dict[tuple[int, int], list[Span]] = {}
    for span in doc.spans[settings.spans_key]:
        known.setdefault((span.start, span.end), []).append(span)

    def end(scored: ScoredSpan) -> Span | None:
        borders = align_span(
            starts, ends, scored.start, scored.end, alignment=settings.alignment, blank=blank
        )
        several = known.get(borders, []) if borders else []
        same = [span for span in several if span.label_ == scored.label]
        return next(iter(same or several), None)

    kept = []
    for each in found:
        head, tail = end(each.head), end(each.tail)
        if head is not None and tail is not None and head != tail:
            kept.append(Relation(head, tail, each.label, each.score))
    add_strings(doc.vocab, dict.fromkeys(relation.label for relation in kept))
    earlier = [] if settings.overwrite else read_relations(doc)
    set_relations(doc, [*earlier, *kept])  # of equal ones, the first stays
    return {"relations_left_out": len(found) - len(kept)}


def replaces_relations(model: GlinerModel, settings: Settings) -> bool:
    """Return whether earlier relations are removed though none are asked for. A component whose
    checkpoint finds no relations leaves those of others.

    model (GlinerModel): The component's.
    settings (Settings): Checked settings.
    """
    if not (settings.overwrite and settings.labels):
        return False
    return bool(network_shim(model).checkpoint.config.relations_layer)


def _end(doc: Doc, span: Span) -> list[Any]:
    if span.doc is not doc:
        raise ValueError(span)
    return list(labelled_offsets(span))

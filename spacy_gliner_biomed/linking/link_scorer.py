"""Scores links: accuracy on gold mentions, and end-to-end precision, recall and F1."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from spacy.scorer import PRFScore, Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_gliner_biomed.linking.entities import gold_ids, gold_spans, spans_of
from spacy_gliner_biomed.training.entity_values import candidates_of

AT = 5
NO_LINK = ("", "NIL")  # what this component writes, and what spaCy's does


@dataclass(frozen=True)
class EntityLink:
    """An entity with its ids.

    start, end (int): Offsets, counted without white space.
    label (str): The label.
    ids (Sequence[str]): All ids of a gold entity, any of which is right; or the candidates of a
        predicted entity, best first.
    link (str): The id that a predicted entity is linked to; "" for none.
    """

    start: int
    end: int
    label: str
    ids: Sequence[str]
    link: str = ""

    def is_at(self, other: "EntityLink", slack: int) -> bool:
        """Return whether the labels are equal and each boundary differs by `slack` or less."""
        return (
            self.label == other.label
            and abs(self.start - other.start) <= slack
            and abs(self.end - other.end) <= slack
        )


def make_link_scorer() -> Callable[..., dict[str, Any]]:
    """Return the default scorer, registered as `spacy-gliner-biomed.link_scorer.v1`."""
    return score_links


def score_links(
    examples: Iterable[Example], *, spans_key: str | None = None, **kwargs: Any
) -> dict[str, Any]:
    """Score links; gold entities without an id are not counted.

    `link_acc1` and `link_acc5` are accuracies on the gold entities that the predicted Doc has with
    the same characters and label: the share with a right id as the first candidate, or among the
    first five. To count all gold entities, give them to the predicted Docs (see the reader
    `spacy-gliner-biomed.LinkedCorpus.v1`). `link_p/r/f/per_type` are end-to-end: a link is right if
    characters, label and any of the gold ids are (as in HunFlair2, arXiv 2402.12372);
    `link_near_p/r/f` allow each border to differ by one character. `nel_micro_p/r/f`,
    `nel_macro_p/r/f`, `nel_score` and `nel_f_per_type` are spaCy's own scores of links, on
    `doc.ents` that both Docs have; they take a gold `kb_id_` as one id.

    examples (Iterable[Example]): Predicted and gold Docs.
    spans_key (str | None): The span group, the component's; None for `doc.ents`.
    RETURNS (dict[str, Any]): The scores; None where nothing could be scored.
    """
    examples = list(examples)
    pairs = [
        (_gold_links(eg.reference, spans_key), _found_links(eg.predicted, spans_key))
        for eg in examples
    ]
    strict, near = _count(pairs, 0), _count(pairs, 1)
    return {
        **_accuracies(pairs),
        **_prf("link", strict),
        "link_per_type": {label: prf.to_dict() for label, prf in strict.items()} or None,
        **_prf("link_near", near),
        **_nel_scores(examples),
    }


def _nel_scores(examples: Sequence[Example]) -> dict[str, Any]:
    """Return spaCy's scores of links, without the text "nel_score_desc"; None if no entity has a
    gold or a predicted link.
    """
    docs = [doc for example in examples for doc in (example.reference, example.predicted)]
    scores = Scorer.score_links(examples, negative_labels=NO_LINK)
    del scores["nel_score_desc"]
    has_links = any(entity.kb_id_ not in NO_LINK for doc in docs for entity in doc.ents)
    return scores if has_links else dict.fromkeys(scores)


def _accuracies(
    pairs: Sequence[tuple[list[EntityLink], list[EntityLink]]],
) -> dict[str, float | None]:
    total = at_1 = at_5 = 0
    for gold, found in pairs:
        by_span = {(link.start, link.end, link.label): link for link in found}
        for link in gold:
            match = by_span.get((link.start, link.end, link.label))
            if match is not None:
                total += 1
                at_1 += not set(link.ids).isdisjoint(match.ids[:1])
                at_5 += not set(link.ids).isdisjoint(match.ids[:AT])
    return {
        "link_acc1": at_1 / total if total else None,
        "link_acc5": at_5 / total if total else None,
    }


def _count(
    pairs: Iterable[tuple[list[EntityLink], list[EntityLink]]], slack: int
) -> dict[str, PRFScore]:
    """Count right and wrong links by label; each gold entity counts once."""
    scores: dict[str, PRFScore] = {}
    for gold, found in pairs:
        free = list(gold)
        for link in found:
            if not link.link:
                continue
            score = scores.setdefault(link.label, PRFScore())
            match = next((g for g in free if link.link in g.ids and link.is_at(g, slack)), None)
            if match is None:
                score.fp += 1
            else:
                free.remove(match)
                score.tp += 1
        for link in free:
            scores.setdefault(link.label, PRFScore()).fn += 1
    return scores


def _prf(name: str, scores: dict[str, PRFScore]) -> dict[str, float | None]:
    total = sum(scores.values(), PRFScore())
    if not len(total):
        return {f"{name}_{key}": None for key in ("p", "r", "f")}
    values = (("p", total.precision), ("r", total.recall), ("f", total.fscore))
    return {f"{name}_{key}": value for key, value in values}


def _gold_links(doc: Doc, spans_key: str | None) -> list[EntityLink]:
    spans = gold_spans(doc, spans_key)
    links = _links(doc, spans, [gold_ids(span) for span in spans])
    return [link for link in dict.fromkeys(links) if link.ids]


def _found_links(doc: Doc, spans_key: str | None) -> list[EntityLink]:
    spans = spans_of(doc, spans_key)
    candidates = candidates_of(spans, None if spans_key is None else doc.spans.get(spans_key))
    ids = [
        [found[0] for found in ranked] or [span.kb_id_] * bool(span.kb_id_)
        for span, ranked in zip(spans, candidates, strict=True)
    ]
    return _links(doc, spans, ids)


def _links(doc: Doc, spans: Sequence[Span], ids: Sequence[Sequence[str]]) -> list[EntityLink]:
    before = [0, *accumulate(not character.isspace() for character in doc.text if spans)]
    return [
        EntityLink(
            before[span.start_char],
            before[span.end_char],
            span.label_,
            tuple(found),
            span.kb_id_,
        )
        for span, found in zip(spans, ids, strict=True)
    ]

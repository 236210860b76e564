"""Reads the entities of a Doc as mentions, and writes links on them."""

import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.linking.abbreviations import by_apposition, expand, find_abbreviations
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import words
from spacy_gliner_biomed.linking.linker import Mention, Ranked
from spacy_gliner_biomed.linking.linker_settings import LinkerSettings
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.pipeline.span_scores import identity
from spacy_gliner_biomed.training.entity_values import CANDIDATES, candidates_of


def has_group(doc: Doc, spans_key: str | None) -> bool:
    """Return whether the Doc has the span group to link, or is empty."""
    return spans_key is None or spans_key in doc.spans or not len(doc)


def spans_of(doc: Doc, spans_key: str | None) -> list[Span]:
    """Return the entities to link."""
    return list(doc.ents if spans_key is None else doc.spans.get(spans_key, ()))


@dataclass(frozen=True)
class LinkWriter:
    """Writes links, and leaves those that others made.

    An entity whose label is not linked stays as it is. A link, or candidates, of another component
    stay where none is found. An earlier link of the same linker is replaced: it is the first of
    the entity's candidates, and the linker has its id.

    threshold (float): Minimum score of a link.
    links_label (Callable[[str], bool]): Whether entities of a label are linked.
    has_id (Callable[[str], bool]): Whether an id is one of the linker's.
    """

    threshold: float = 0.0
    links_label: Callable[[str], bool] = field(default=lambda label: True)
    has_id: Callable[[str], bool] = field(default=lambda concept_id: True)

    def write(self, doc: Doc, candidates: Sequence[Ranked], spans_key: str | None) -> None:
        """Write candidates on the entities; the best one becomes the link if its score is enough.

        Equal spans of `doc.ents` get the links of a span group. `Span._.kb_ents` is stored by
        character offsets: of several spans with the same offsets, it has the candidates of the
        last. The group's `attrs["kb_ents"]` has the candidates of each span.

        doc (Doc): Changed in place.
        candidates (Sequence[Ranked]): The ranked candidates of each entity.
        spans_key (str | None): The span group; None for `doc.ents`.
        """
        spans = spans_of(doc, spans_key)
        earlier = candidates_of(spans, None if spans_key is None else doc.spans.get(spans_key))
        found = list(zip(candidates, earlier, strict=True))
        links = [self._choose(span, *each) for span, each in zip(spans, found, strict=True)]
        for span, (_, ranked) in zip(spans, links, strict=True):
            span._.kb_ents = ranked
        if spans_key is None:
            _link_entities(spans, [link for link, _ in links])
        elif spans_key in doc.spans:
            by_span = dict(zip(map(identity, spans), found, strict=True))
            _link_group(doc, spans_key, links)
            same = [entity for entity in doc.ents if identity(entity) in by_span]
            _link_entities(same, [self._choose(x, *by_span[identity(x)])[0] for x in same])

    def _choose(self, span: Span, found: Ranked, earlier: Ranked) -> tuple[str, Ranked]:
        """Choose the link and the candidates of an entity."""
        old, best = span.kb_id_, found[0] if found else None
        if not self.links_label(span.label_):
            return old, earlier
        if best is not None and best[1] >= self.threshold:
            return best[0], list(found)
        first = earlier[0][0] if earlier else ""
        if old and not (old == first and self.has_id(old)):
            return old, earlier
        return "", earlier if first and not found and not self.has_id(first) else list(found)


def _link_entities(entities: Sequence[Span], links: Sequence[str]) -> None:
    for entity, link in zip(entities, links, strict=True):
        for token in entity:
            token.ent_kb_id_ = link


def _link_group(doc: Doc, spans_key: str, links: Sequence[tuple[str, Ranked]]) -> None:
    group = doc.spans[spans_key]
    linked = [
        Span(doc, span.start, span.end, label=span.label, kb_id=link, span_id=span.id)
        for span, (link, _) in zip(group, links, strict=True)
    ]
    attrs = {**group.attrs, CANDIDATES: [ranked for _, ranked in links]}
    doc.spans[spans_key] = SpanGroup(doc, name=group.name, attrs=attrs, spans=linked)


SEPARATORS = re.compile(r"[|;,+]")
# What corpora write for an entity without a concept.
NIL = re.compile(r"(?:.*:)?(?:-1?|NIL|CUI-?less|None)?", re.IGNORECASE)


def split_ids(kb_id: str) -> list[str]:
    """Split the ids of a gold mention, any of which is right.

    "MESH:D1|MESH:D2" has two ids; "", "-1" and "MESH:-1" have none.
    """
    parts = (part.strip() for part in SEPARATORS.split(kb_id))
    return [part for part in parts if not NIL.fullmatch(part)]


def gold_ids(span: Span) -> list[str]:
    """Return the ids of a gold span."""
    return split_ids(span.kb_id_)


def gold_spans(doc: Doc, spans_key: str | None) -> list[Span]:
    """Return the gold spans of a Doc: the span group if it exists, otherwise `doc.ents`."""
    return spans_of(doc, spans_key if spans_key in doc.spans else None)


def remember(
    memory: MentionMemory, doc: Doc, settings: LinkerSettings, kbs: Sequence[KnowledgeBase]
) -> list[str]:
    """Add the gold mentions of a Doc to a memory, if a knowledge base has their ids.

    memory (MentionMemory): Changed in place.
    doc (Doc): A gold Doc.
    settings (LinkerSettings): `spans_key` and `abbreviations` are used.
    kbs (Sequence[KnowledgeBase]): The knowledge bases.
    RETURNS (list[str]): The gold ids that no knowledge base has.
    """
    unknown: list[str] = []
    spans = gold_spans(doc, settings.spans_key)
    mentions = read_mentions(doc, spans, abbreviations=settings.abbreviations)
    for span, mention in zip(spans, mentions, strict=True):
        gold = gold_ids(span)
        ids = [id_ for id_ in gold if any(id_ in kb for kb in kbs)]
        unknown += [id_ for id_ in gold if id_ not in ids]
        if ids:
            memory.add(mention.label, mention.text, mention.long_form, ids)
    return unknown


class TextWords:
    """The words of a text, computed at the first lookup, since few mentions need them.

    text (str): The text.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __contains__(self, word: object) -> bool:
        return word in self._words

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(words(self.text))


def read_mentions(doc: Doc, spans: Sequence[Span], *, abbreviations: bool = True) -> list[Mention]:
    """Read the mentions of a Doc, one for each span; equal mentions are one object.

    doc (Doc): The Doc.
    spans (Sequence[Span]): Its entities.
    abbreviations (bool): Find long forms of abbreviations, in the text and, if scispaCy's
        detector has run, in `doc._.abbreviations`.
    RETURNS (list[Mention]): The mentions.
    """
    text = doc.text  # made anew each time
    offsets = [(span.start_char, span.end_char) for span in spans]
    known = document_abbreviations(text, sorted(set(offsets))) if abbreviations else {}
    known.update(_detected(doc) if abbreviations else {})
    context = TextWords(text)
    keys = [(text[a:b], span.label_) for (a, b), span in zip(offsets, spans, strict=True)]
    made = {key: make_mention(*key, known, context) for key in dict.fromkeys(keys)}
    return [made[key] for key in keys]


def document_abbreviations(text: str, mentions: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Find the abbreviations that a text defines, with their long forms.

    text (str): The text.
    mentions (Sequence[tuple[int, int]]): Offsets of the entities, sorted.
    RETURNS (dict[str, str]): Long forms by short form.
    """
    return {**by_apposition(text, mentions), **find_abbreviations(text)}


def make_mention(
    text: str, label: str, abbreviations: dict[str, str], context: Container[str] = frozenset()
) -> Mention:
    """Make a mention.

    text, label (str): Its text and label.
    abbreviations (dict[str, str]): Long forms that its document defines, by short form.
    context (Container[str]): The words of the document.
    RETURNS (Mention): The mention, with its long form and its expanded text.
    """
    return Mention(
        text=text,
        label=label,
        long_form=" ".join(abbreviations.get(text.strip(), "").split()) or None,
        expanded=expand(text, abbreviations),
        context=context,
    )


def _detected(doc: Doc) -> dict[str, str]:
    """Return the results of scispaCy's abbreviation detector, in either of its formats."""
    if not Doc.has_extension("abbreviations"):
        return {}
    return dict(map(_pair, _as_list(doc._.abbreviations)))


def _pair(found: Any) -> tuple[str, str]:
    if isinstance(found, dict):  # make_serializable=True
        return found["short_text"], found["long_text"]
    long_form = found._.long_form
    return found.text, long_form if isinstance(long_form, str) else long_form.text


def _as_list(found: Iterable[Any] | None) -> list[Any]:
    return list(found or ())

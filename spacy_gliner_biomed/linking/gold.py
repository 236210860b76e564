"""Gold links of a Doc: `kb_id_` of its spans, of which one may hold several ids."""

import re
from collections.abc import Sequence

from spacy.tokens import Doc, Span

from spacy_gliner_biomed.linking.annotation import spans_of
from spacy_gliner_biomed.linking.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.linking.mentions import read_mentions
from spacy_gliner_biomed.linking.settings import LinkerSettings

SEPARATORS = re.compile(r"[|;,+]")
# What corpora write where there is no concept.
NIL = re.compile(r"(?:.*:)?(?:-1?|NIL|CUI-?less|None)?", re.IGNORECASE)


def split_ids(kb_id: str) -> list[str]:
    """The ids of a gold mention: "MESH:D1|MESH:D2" has two, "", "-1" and "MESH:-1" none.

    Any of them is right.
    """
    parts = (part.strip() for part in SEPARATORS.split(kb_id))
    return [part for part in parts if not NIL.fullmatch(part)]


def gold_ids(span: Span) -> list[str]:
    """The ids of a gold span."""
    return split_ids(span.kb_id_)


def gold_spans(doc: Doc, spans_key: str | None) -> list[Span]:
    """The gold spans of a Doc: of the span group if it has it, otherwise of `doc.ents`."""
    return spans_of(doc, spans_key if spans_key in doc.spans else None)


def remember(
    memory: MentionMemory, doc: Doc, settings: LinkerSettings, kbs: Sequence[KnowledgeBase]
) -> None:
    """Add the gold mentions of a Doc whose ids are in a terminology to a memory."""
    spans = gold_spans(doc, settings.spans_key)
    mentions = read_mentions(doc, spans, abbreviations=settings.abbreviations)
    for span, mention in zip(spans, mentions, strict=True):
        ids = [id_ for id_ in gold_ids(span) if any(id_ in kb for kb in kbs)]
        if ids:
            memory.add(mention.label, mention.text, mention.long_form, ids)

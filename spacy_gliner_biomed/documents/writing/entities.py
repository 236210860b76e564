"""Read the entities of annotated Docs, with concepts and custom attributes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.documents.writing.attributes import plain_value
from spacy_gliner_biomed.pipeline.components import find_components
from spacy_gliner_biomed.pipeline.span_scores import known_scores
from spacy_gliner_biomed.training.entity_values import CANDIDATES, candidates_of
from spacy_gliner_biomed.training.gold import labelled_offsets

DIGITS = 6  # of scores: further digits depend on the order of additions
OWN_LINKER = "gliner_biomed_linker"
LINKERS = (OWN_LINKER, "gliner_biomed_scispacy_linker", "scispacy_linker", "entity_linker")
NAMES = 100_000  # names of concepts that are remembered

NameOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Entity:
    """An entity of a Doc, as writers need it.

    start, end (int): Characters of the text, end exclusive.
    label (str): Its label.
    score (float | None): Its probability; None if the pipeline has no `gliner_biomed`.
    text (str): Its text.
    concept_id, concept_name (str | None): The concept that a linker chose, and its preferred name.
    concept_score (float | None): The score of the link.
    attributes (Mapping[str, Any]): Custom attributes as plain data.
    """

    start: int
    end: int
    label: str
    score: float | None
    text: str = ""
    concept_id: str | None = None
    concept_name: str | None = None
    concept_score: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


class EntityReader:
    """Reads the entities that a pipeline has written on its Docs.

    nlp (Language): The pipeline.
    attributes (Iterable[str]): The custom attributes to read, see `attributes.attribute_kinds`.
    """

    def __init__(self, nlp: Language, attributes: Iterable[str] = ()) -> None:
        found = find_components(nlp)
        self.gliner = found[0] if found else None
        self.attributes = tuple(attributes)
        factories = {name: nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
        self.own_linker = OWN_LINKER in factories.values()
        linkers = [nlp.get_pipe(name) for name, made_by in factories.items() if made_by in LINKERS]
        self.linked = bool(linkers)
        self.name_of = lru_cache(NAMES)(lambda concept: _find_name(linkers, concept))

    def __call__(self, doc: Doc) -> list[Entity]:
        """Read the entities of a Doc: its span group, or `doc.ents` without `gliner_biomed`.

        doc (Doc): The annotated Doc.
        RETURNS (list[Entity]): The entities, in the order of the group.
        RAISES (ValueError): If a concept id is not valid text; spaCy checks all other strings.
        """
        spans_key = self.gliner.cfg["spans_key"] if self.gliner is not None else None
        return read_entities(
            doc,
            spans_key,
            own_linker=self.own_linker,
            name_of=self.name_of,
            attributes=self.attributes,
        )


def read_entities(
    doc: Doc,
    spans_key: str | None,
    *,
    own_linker: bool = True,
    name_of: NameOf = lambda concept: None,
    attributes: Sequence[str] = (),
) -> list[Entity]:
    """Read the entities of a Doc.

    doc (Doc): The annotated Doc.
    spans_key (str | None): The component's span group; None takes `doc.ents`, without scores.
    own_linker (bool): Whether the pipeline's linker writes `Span.kb_id_`, so that an empty id means
        that no candidate was good enough. scispaCy's linkers write `Span._.kb_ents` only. Linkers
        that write candidates on the group, in this run or an earlier one, also write the id.
    name_of (NameOf): Returns the preferred name of a concept.
    attributes (Sequence[str]): Custom attributes to read.
    RETURNS (list[Entity]): The entities.
    RAISES (ValueError): If a concept id is not valid text.
    """
    group = doc.spans[spans_key] if spans_key is not None else None
    spans = list(doc.ents if group is None else group)
    user_data = dict(doc.user_data)
    # In a group, components of others may have put spans without scores and candidates.
    scores = [None] * len(spans) if group is None else known_scores(group)
    candidates = candidates_of(spans, group)
    has_candidates_only = not own_linker and (group is None or CANDIDATES not in group.attrs)
    links = {labelled_offsets(ent): ent.kb_id_ for ent in doc.ents if ent.kb_id_}
    entities = []
    for span, score, ranked in zip(spans, scores, candidates, strict=True):
        concept = span.kb_id_ or links.get(labelled_offsets(span))
        if not concept and ranked and has_candidates_only:
            concept = ranked[0][0]
        entities.append(
            Entity(
                start=span.start_char,
                end=span.end_char,
                label=span.label_,
                score=_round(score),
                text=span.text,
                concept_id=check_text(concept) if concept else None,
                concept_name=name_of(concept) if concept else None,
                concept_score=_round(dict(ranked).get(concept)) if concept else None,
                attributes={name: plain_value(span._.get(name)) for name in attributes},
            )
        )
    doc.user_data = user_data  # reading `Span._` has added defaults to it
    return entities


def _find_name(linkers: Sequence[Any], concept: str) -> str | None:
    """Look a concept up in the knowledge bases of linkers: our own, and scispaCy's."""
    for linker in linkers:
        inner = getattr(linker, "linker", linker)  # ours loads its knowledge bases here
        for kb in getattr(linker, "kbs", ()):
            if concept in kb:
                return str(kb[concept].canonical_name)
        known = getattr(getattr(inner, "kb", None), "cui_to_entity", {})
        if concept in known:
            return str(known[concept].canonical_name)
    return None


def _round(score: float | None) -> float | None:
    return None if score is None else round(float(score), DIGITS)

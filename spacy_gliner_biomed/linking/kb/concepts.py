"""The concept, as all readers of terminologies yield it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.errors import Errors


@dataclass(frozen=True)
class Concept:
    """A concept, in the shape of scispaCy's `Entity`.

    concept_id (str): Id, with the terminology's prefix if it has one: "MESH:D008113".
    canonical_name (str): The preferred name.
    aliases (Sequence[str]): Other names.
    types (Sequence[str]): Types such as "Diseases", or UMLS semantic types.
    definition (str | None): Its definition.
    """

    concept_id: str
    canonical_name: str
    aliases: Sequence[str] = ()
    types: Sequence[str] = ()
    definition: str | None = None

    @property
    def names(self) -> list[str]:
        """Canonical name and aliases, without duplicates."""
        return list(dict.fromkeys([self.canonical_name, *self.aliases]))


# A concept and where it was read: the line, or the number of the record.
Located = tuple[int, Concept]


def check_concepts(concepts: Iterable[Located], path: object) -> Iterator[Concept]:
    """Check the concepts of one file.

    concepts (Iterable[Located]): Concepts with their lines or record numbers.
    path (object): The file, for messages.
    YIELDS (Concept): The concepts, unchanged.
    RAISES (ValueError): With file and line, for a duplicate id, an empty id or name, or text that
        holds half of a surrogate pair; and if there is no concept at all.
    """
    seen: dict[str, int] = {}
    for line, concept in concepts:
        problem = _problem(concept, seen)
        if problem:
            raise ValueError(Errors.E060.format(path=path, line=line, error=problem))
        seen[concept.concept_id] = line
        yield concept
    if not seen:
        raise ValueError(Errors.E080.format(path=path))


def _problem(concept: Concept, seen: dict[str, int]) -> str | None:
    if not concept.concept_id.strip():
        return "the concept has an empty id"
    if concept.concept_id in seen:
        return f"the id {concept.concept_id!r} is already in line {seen[concept.concept_id]}"
    if not all(name.strip() for name in (concept.canonical_name, *concept.aliases)):
        return f"the concept {concept.concept_id!r} has an empty name"
    texts = (concept.concept_id, *concept.names, *concept.types, concept.definition or "")
    broken = next((text for text in texts if not _is_text(text)), None)
    if broken is not None:
        return f"{broken[:60]!r} holds half of a surrogate pair, which cannot be stored"
    return None


def _is_text(text: str) -> bool:
    try:
        check_text(text)
    except ValueError:
        return False
    return True

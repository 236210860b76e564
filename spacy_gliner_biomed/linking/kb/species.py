"""Words for people, mice and rats that mean a species, but in NCBI's taxonomy are no names, or
names of a genus ("mice" is Mus).

Annotators of species link "patients" and "women" to Homo sapiens (tmVar3) and "mice" to Mus
musculus (LINNAEUS, tmVar3; CRAFT has the genus, Mus). The rules hold for knowledge bases with ids
of NCBI's taxonomy only: MeSH, for one, has concepts of its own for patients and children.
"""

from collections.abc import Sequence

from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import DETERMINERS, FUNCTION_WORDS, words

HUMAN, MOUSE, RAT = "9606", "10090", "10116"
# As OBO, BioPortal and identifiers.org write ids of the taxonomy.
PREFIXES = ("NCBITaxon:", "NCBITaxonomy:", "Taxonomy:", "taxonomy:", "taxid:")
NAMES = {
    HUMAN: (
        "patient inpatient outpatient man men woman women person people child children boy girl "
        "infant baby toddler adolescent teenager participant volunteer"
    ),
    MOUSE: "mouse mice murine",
    RAT: "rat",
}
# Words that may stand before or beside them: "healthy human volunteers", "adult women".
BESIDE = frozenset(words("human adult young elderly male female healthy"))
SMALL = FUNCTION_WORDS | DETERMINERS | {"a"}
SPECIES = {word: number for number, names in NAMES.items() for word in words(names)}


def species_of(kb: KnowledgeBase, name: Sequence[str]) -> int | None:
    """Find the species that a name means by these rules.

    kb (KnowledgeBase): The knowledge base.
    name (Sequence[str]): The name as `words` splits it.
    RETURNS (int | None): The number of the concept; None if no rule applies.
    """
    content = [word for word in name if word not in SMALL]
    if not content or content[-1] not in SPECIES:
        return None
    if not BESIDE.issuperset(content[:-1]):
        return None
    ids = (prefix + SPECIES[content[-1]] for prefix in PREFIXES)
    return next((number for id_ in ids if (number := kb.number(id_)) is not None), None)


def is_taxon(concept_id: str) -> bool:
    """Return whether an id is one of NCBI's taxonomy."""
    return concept_id.startswith(PREFIXES)

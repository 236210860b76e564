import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.names import words
from spacy_gliner_biomed.linking.kb.species import species_of
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
from spacy_gliner_biomed.linking.linker_settings import LabelRule


def taxonomy(prefix: str) -> KnowledgeBase:
    concepts = [
        Concept(f"{prefix}9606", "Homo sapiens", ["human"], ["species"]),
        Concept(f"{prefix}10090", "Mus musculus", ["mouse", "house mouse"], ["species"]),
        Concept(f"{prefix}10088", "Mus", ["mice", "mouse"], ["genus"]),
        Concept(f"{prefix}10116", "Rattus norvegicus", ["rat"], ["species"]),
    ]
    return KnowledgeBase.build(concepts, name="taxonomy")


HUMAN = ["patient", "Patients", "the woman", "women", "man", "men", "child", "children"]


@pytest.mark.parametrize("prefix", ["NCBITaxon:", "Taxonomy:", "taxid:"])
@pytest.mark.parametrize(
    ("name", "number"),
    [
        *((name, "9606") for name in HUMAN),
        ("healthy volunteers", "9606"),
        ("adult human patients", "9606"),
        ("mice", "10090"),
        ("Murine", "10090"),
        ("mouse", "10090"),
        ("male rats", "10116"),
    ],
)
def test_words_for_people_and_mice_are_species(prefix: str, name: str, number: str) -> None:
    linker = ConceptLinker([taxonomy(prefix)])
    (concept_id, score), *others = linker.rank(Mention(name, "species"))
    assert concept_id == prefix + number
    assert score >= 0.98 > max((other for _, other in others), default=0.0)


@pytest.mark.parametrize("name", ["", "the", "patient safety", "adult", "healthy", "mice x"])
def test_other_words_are_not(name: str) -> None:
    assert species_of(taxonomy("NCBITaxon:"), words(name)) is None


def test_a_terminology_with_other_ids_has_no_rule() -> None:
    concepts = [Concept("MESH:D006801", "Humans"), Concept("MESH:D010361", "Patients")]
    mesh = KnowledgeBase.build(concepts, name="mesh")
    assert species_of(mesh, words("women")) is None
    assert ConceptLinker([mesh]).rank(Mention("women", "species")) == []


def test_a_name_of_the_terminology_goes_first_and_scopes_hold() -> None:
    own = Concept("NCBITaxon:9606", "Homo sapiens", [], ["species"])
    kb = KnowledgeBase.build([own, Concept("X:1", "Patient", [], ["role"])], name="both")
    assert ConceptLinker([kb]).rank(Mention("patient", ""))[0][0] == "X:1"
    roles = ConceptLinker([kb], [LabelRule("", frozenset({"role"}))])
    assert [concept_id for concept_id, _ in roles.rank(Mention("women", ""))] == []

"""Default rules on the real files of MeSH and NCBI's taxonomy, where they are."""

from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.label_types import default_rules, parse_links
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
from spacy_gliner_biomed.linking.linker_settings import LabelRule
from spacy_gliner_biomed.linking.loading import load_knowledge_base


def load(shared: Path, name: str) -> KnowledgeBase:
    path = shared / "ontologies" / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"needs {name} in ../shared/ontologies")
    return load_knowledge_base(path)


@pytest.mark.slow
def test_psychiatry_is_linked_to_mesh(shared: Path) -> None:
    mesh = load(shared, "mesh_descriptors")
    names = {"schizophrenia": "MESH:D012559", "delirium": "MESH:D003693", "gout": "MESH:D006073"}
    for rules in (default_rules(["disease"], [mesh]), parse_links(["disease=C,F03"], [mesh])):
        linker = ConceptLinker([mesh], [LabelRule.parse(rule) for rule in rules])
        for name, concept_id in names.items():
            (best, score), *others = linker.rank(Mention(name, "disease"))
            assert (best, score > 0.99) == (concept_id, True)
            assert others
    only_c = ConceptLinker([mesh], [LabelRule("disease", frozenset({"C"}))])
    found = {id_ for id_, score in only_c.rank(Mention("schizophrenia", "disease")) if score > 0.9}
    assert found == set()


@pytest.mark.slow
def test_people_and_mice_are_species(shared: Path) -> None:
    taxa = load(shared, "ncbitaxon_slim")
    linker = ConceptLinker([taxa])
    names = {"patients": "9606", "women": "9606", "mice": "10090", "rats": "10116"}
    for name, number in names.items():
        assert linker.rank(Mention(name, "species"))[0][0] == f"NCBITaxon:{number}"

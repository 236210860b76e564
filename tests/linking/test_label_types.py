from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.label_types import (
    default_rules,
    expand_types,
    mesh_trees,
    parse_links,
)
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
from spacy_gliner_biomed.linking.linker_settings import LabelRule
from spacy_gliner_biomed.linking.loading import load_knowledge_base

PSYCHIATRY = "Psychiatry and Psychology"
EQUIPMENT = "Analytical, Diagnostic and Therapeutic Techniques and Equipment"


@pytest.fixture
def trees() -> KnowledgeBase:
    """MeSH as a file that has the names of the trees only."""
    concepts = [
        Concept("MESH:D1", "Asthma", [], ["Diseases"]),
        Concept("MESH:D2", "Schizophrenia", [], [PSYCHIATRY]),
        Concept("MESH:D3", "Aspirin", [], ["Chemicals and Drugs"]),
        Concept("MESH:D4", "Radiography", ["X-ray"], [EQUIPMENT]),
        Concept("MESH:C5", "New substance", [], []),
    ]
    return KnowledgeBase.build(concepts, name="mesh")


@pytest.fixture
def branches(tmp_path: Path) -> KnowledgeBase:
    """MeSH as it is released, whose branches the reader keeps."""
    names = {"Asthma": "C08.127", "Schizophrenia": "F03.700.750", "Thinking": "F02.463.785"}
    records = "".join(
        f"*NEWRECORD\nMH = {name}\nMN = {number}\nUI = D{i}\n\n"
        for i, (name, number) in enumerate(names.items())
    )
    (tmp_path / "d2026.bin").write_text(records)
    return load_knowledge_base(tmp_path / "d2026.bin")


@pytest.fixture
def other() -> KnowledgeBase:
    concepts = [Concept("T:1", "Mus musculus", [], ["species or taxon"])]
    return KnowledgeBase.build(concepts, name="taxa")


def linked(kbs: list[KnowledgeBase], rules: list[dict[str, object]], name: str, label: str) -> str:
    linker = ConceptLinker(kbs, [LabelRule.parse(rule) for rule in rules])
    found = [id_ for id_, score in linker.rank(Mention(name, label)) if score > 0.9]
    return found[0] if found else ""


def test_tree_numbers_stand_for_the_types_of_the_file(
    trees: KnowledgeBase, branches: KnowledgeBase, other: KnowledgeBase
) -> None:
    assert expand_types(["C", "F03", "", "x"], trees) == {"Diseases", PSYCHIATRY, "", "x"}
    assert expand_types(["C", "F03", "F"], branches) == {"Diseases", "F03", PSYCHIATRY}
    assert expand_types(["F01"], branches) == {"F01"}  # no concept there, so not the whole tree
    assert expand_types(["C", "F03"], other) == {"C", "F03"}


@pytest.mark.parametrize("label", ["disease", "Diseases", "DISORDER", "medical condition"])
def test_schizophrenia_is_a_disease(
    trees: KnowledgeBase, branches: KnowledgeBase, label: str
) -> None:
    assert mesh_trees(label) == ["C", "F03"]
    assert linked([trees], default_rules([label], [trees]), "schizophrenia", label) == "MESH:D2"
    rules = default_rules([label], [branches])
    assert linked([branches], rules, "schizophrenia", label) == "MESH:D1"
    assert linked([branches], rules, "thinking", label) == ""  # F02 is psychology


def test_labels_keep_to_their_trees_and_other_labels_are_free(trees: KnowledgeBase) -> None:
    rules = default_rules(["disease", "drug", "dosage"], [trees])
    assert linked([trees], rules, "aspirin", "drug") == "MESH:D3"
    assert linked([trees], rules, "aspirin", "disease") == ""
    assert linked([trees], rules, "new substance", "drug") == "MESH:C5"  # without a type
    assert linked([trees], rules, "aspirin", "dosage") == "MESH:D3"
    assert [rule["label"] for rule in rules] == ["disease", "drug", "*"]


def test_without_mesh_there_is_no_rule_and_beside_it_other_types_are_allowed(
    trees: KnowledgeBase, other: KnowledgeBase
) -> None:
    assert default_rules(["disease"], [other]) == []
    rules = default_rules(["species"], [trees, other])
    assert rules[0] == {"label": "species", "types": ["", "species or taxon"]}
    assert linked([trees, other], rules, "mus musculus", "species") == "T:1"


def test_links_of_the_command_line_become_rules(trees: KnowledgeBase, other: KnowledgeBase) -> None:
    values = [f"test={EQUIPMENT},Diseases", "disease = C , F03", "species=taxa", "drug", "*=mesh"]
    assert parse_links(values, [trees, other]) == [
        {"label": "test", "types": [EQUIPMENT, "Diseases"]},
        {"label": "disease", "types": ["C", "F03"]},
        {"label": "species", "sources": ["taxa"]},
        {"label": "drug", "types": ["", "Chemicals and Drugs", "species or taxon"]},
        {"label": "*", "sources": ["mesh"]},
    ]
    assert parse_links(["disease"], [other]) == [{"label": "disease"}]


@pytest.mark.parametrize("values", [["=C"], ["disease="], [""], ["a=C", "a=D"], [" = "]])
def test_links_of_another_form_are_refused(trees: KnowledgeBase, values: list[str]) -> None:
    with pytest.raises(ValueError, match=r"GB-E301.*LABEL=TYPE"):
        parse_links(values, [trees])


def test_tree_numbers_that_no_concept_has_are_refused(
    trees: KnowledgeBase, other: KnowledgeBase
) -> None:
    with pytest.raises(ValueError, match=r"GB-E085.*\['B'\].*Diseases"):
        linked([trees, other], [{"label": "x", "types": ["C", "B"]}], "asthma", "x")
    both: list[dict[str, object]] = [{"label": "x", "types": ["C", "species or taxon"]}]
    assert linked([trees, other], both, "asthma", "x") == "MESH:D1"

"""Knowledge bases as scispaCy's users expect them, compared with scispaCy's own classes."""

from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.view import ConceptEntity, KnowledgeBaseView
from tests.linking.conftest import CONCEPTS


@pytest.fixture
def view(kb: KnowledgeBase) -> KnowledgeBaseView:
    other = KnowledgeBase.build([Concept("G:1", "WD protein", ["wd"], ["T116"])], name="other")
    return KnowledgeBaseView([kb, other])


def test_entities_are_read_by_id(view: KnowledgeBaseView) -> None:
    entities = view.cui_to_entity
    expected = ConceptEntity(
        "D:1", "Breast Neoplasms", ["Breast Tumors", "Tumor, Breast"], ["disease"]
    )
    assert entities["D:1"] == expected._replace(definition="A lump.")
    assert entities["G:1"].types == ["T116"]
    assert (len(entities), "D:99" in entities, list(entities)[-1]) == (10, False, "G:1")
    assert entities.get("D:99") is None
    with pytest.raises(KeyError):
        entities["D:99"]


def test_names_have_the_ids_of_all_their_concepts(view: KnowledgeBaseView) -> None:
    names = view.alias_to_cuis
    assert names["WD protein"] == {"C:3", "G:1"}
    assert names["Wilson Disease"] == {"D:4"}
    assert "wilson disease" not in names  # exactly as written, as scispaCy has it
    assert len(names) == len(set(names)) == 21


def test_an_entity_prints_and_compares_as_scispacys(view: KnowledgeBaseView) -> None:
    utils = pytest.importorskip("scispacy.linking_utils", reason="needs scispaCy")
    many = ConceptEntity("C:9", "x", [f"name {i}" for i in range(12)], ["T047", "T048"], None)
    for ours in [*view.cui_to_entity.values(), many]:
        theirs = utils.Entity(*ours)
        assert ours == theirs
        assert repr(ours) == repr(theirs)


def test_both_mappings_are_those_of_scispacys_knowledge_base(kb: KnowledgeBase) -> None:
    utils = pytest.importorskip("scispacy.linking_utils", reason="needs scispaCy")
    entities = [
        utils.Entity(c.concept_id, c.canonical_name, list(c.aliases), list(c.types), c.definition)
        for c in CONCEPTS
    ]
    theirs, ours = utils.KnowledgeBase(entities), KnowledgeBaseView([kb])
    assert dict(ours.cui_to_entity) == theirs.cui_to_entity
    assert dict(ours.alias_to_cuis) == theirs.alias_to_cuis


def test_the_types_of_umls_are_a_tree(view: KnowledgeBaseView) -> None:
    tree = view.semantic_type_tree
    assert tree.get_canonical_name("T047") == "Disease or Syndrome"
    parent = tree.get_parent(tree.get_node_from_id("T047"))
    assert parent is not None
    assert parent.full_name == "Pathologic Function"
    assert {node.full_name for node in tree.get_nodes_at_depth(1)} == {"Entity", "Event"}
    assert len(tree.flat_nodes) == 128  # and the root
    assert tree.get_collapsed_type_id_map_at_level(2)["T191"] == "T067"


def test_other_types_have_no_tree(kb: KnowledgeBase) -> None:
    with pytest.raises(AttributeError, match=r"GB-E300.*small.*disease"):
        KnowledgeBaseView([kb]).semantic_type_tree  # noqa: B018


# scispaCy leaves the file open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_tree_answers_as_scispacys(view: KnowledgeBaseView, tmp_path: Path) -> None:
    module = pytest.importorskip("scispacy.umls_semantic_type_tree", reason="needs scispaCy")
    ours = view.semantic_type_tree
    rows = [ours.root, *ours.get_children(ours.root)]
    path = tmp_path / "tree.tsv"
    path.write_text("".join(f"{node.full_name}\t{node.type_id}\t{node.level}\n" for node in rows))
    theirs: Any = module.construct_umls_tree_from_tsv(str(path))
    assert ours.flat_nodes == theirs.flat_nodes
    assert ours.depth == theirs.depth
    for level in range(ours.depth + 1):
        collapsed = theirs.get_collapsed_type_id_map_at_level(level)
        assert ours.get_collapsed_type_id_map_at_level(level) == collapsed
    for node in ours.flat_nodes:
        assert ours.get_parent(node) == theirs.get_parent(node)
        assert ours.get_children(node) == theirs.get_children(node)

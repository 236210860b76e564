from typing import Any

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
from spacy_gliner_biomed.linking.linker_settings import LabelRule
from spacy_gliner_biomed.linking.memory import MentionMemory


@pytest.fixture
def genes() -> KnowledgeBase:
    return KnowledgeBase.build([Concept("G:1", "ATP7B", ["WD"], ["gene"])], name="genes")


def rules(*items: dict[str, Any]) -> list[LabelRule]:
    return [LabelRule.parse(item) for item in items]


def ids(linker: ConceptLinker, text: str, label: str = "disease", **more: Any) -> list[str]:
    return [concept_id for concept_id, _ in linker.rank(Mention(text, label, **more))]


def test_several_terminologies_are_ranked_together(kb: KnowledgeBase, genes: KnowledgeBase) -> None:
    linker = ConceptLinker([kb, genes])
    assert set(ids(linker, "ATP7B")) == {"G:1", "C:3"}
    assert ids(linker, "Wilson disease")[0] == "D:4"


def test_a_label_is_linked_within_its_types_and_sources(
    kb: KnowledgeBase, genes: KnowledgeBase
) -> None:
    linker = ConceptLinker(
        [kb, genes],
        rules(
            {"label": "disease", "types": ["disease"]},
            {"label": "gene", "sources": ["genes"]},
            {"label": "protein", "types": [""], "sources": ["small"]},
        ),
    )
    assert ids(linker, "WD", "gene") == ["G:1"]
    assert ids(linker, "ATP7B", "disease") == []
    assert ids(linker, "ATP7B", "protein") == ["C:3"]
    assert ids(linker, "penicillamine", "drug") == []  # has no rule


def test_a_rule_for_all_other_labels(kb: KnowledgeBase) -> None:
    linker = ConceptLinker([kb], rules({"label": "*"}, {"label": "disease", "types": ["disease"]}))
    assert ids(linker, "penicillamine", "anything") == ["C:1"]
    assert ids(linker, "penicillamine", "disease") == []


def test_bad_rules_are_refused(kb: KnowledgeBase, genes: KnowledgeBase) -> None:
    with pytest.raises(ValueError, match=r"GB-E085.*\['organ'\].*disease, drug, finding"):
        ConceptLinker([kb], rules({"label": "disease", "types": ["organ"]}))
    with pytest.raises(ValueError, match=r"GB-E085.*'genes'.*\['disease'\]"):
        ConceptLinker(
            [kb, genes], rules({"label": "x", "types": ["disease"], "sources": ["genes"]})
        )
    with pytest.raises(ValueError, match=r"GB-E087.*\['mesh'\].*genes, small"):
        ConceptLinker([kb, genes], rules({"label": "disease", "sources": ["mesh"]}))


@pytest.mark.parametrize(
    "rule", [{}, {"label": 1}, {"label": "a", "types": "x"}, {"label": "a", "kinds": []}]
)
def test_a_rule_of_another_form_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="GB-E086"):
        LabelRule.parse(rule)


def test_terminologies_must_differ_in_names_and_ids(kb: KnowledgeBase) -> None:
    with pytest.raises(ValueError, match=r"GB-E091.*'small'"):
        ConceptLinker([kb, kb])
    other = KnowledgeBase.build([Concept("D:4", "Wilson")], name="other")
    with pytest.raises(ValueError, match=r"GB-E089.*D:4.*'small' and 'other'"):
        ConceptLinker([kb, other])


def test_the_long_form_counts_more_than_the_short_one(
    kb: KnowledgeBase, genes: KnowledgeBase
) -> None:
    linker = ConceptLinker([kb, genes], only_best=True)
    assert ids(linker, "WD")[0] == "G:1"
    assert ids(linker, "WD", long_form="Wilson disease")[:2] == ["D:4", "G:1"]


def test_short_forms_in_a_name_are_written_out(kb: KnowledgeBase) -> None:
    mention = Mention("severe WD", "disease", expanded="Wilson disease")
    assert ConceptLinker([kb]).rank(mention)[0][0] == "D:4"


def test_undefined_short_forms_are_linked_by_initials(kb: KnowledgeBase) -> None:
    context = frozenset({"duchenne", "dystrophy", "muscular"})
    assert ids(ConceptLinker([kb]), "DMD", context=context)[0] == "D:5"


def test_memory_adds_what_the_terminology_does_not_know(kb: KnowledgeBase) -> None:
    memory = MentionMemory()
    memory.add("disease", "WND", None, ["D:4"])
    memory.add("disease", "cirrhotic disease", None, ["X:unknown"])
    assert ids(ConceptLinker([kb], memory=memory), "WND") == ["D:4"]
    assert ids(ConceptLinker([kb], memory=memory, memory_weight=0), "WND") == []
    assert "X:unknown" not in ids(ConceptLinker([kb], memory=memory), "cirrhotic disease")


def test_memory_keeps_to_the_scope_of_the_label(kb: KnowledgeBase) -> None:
    memory = MentionMemory()
    memory.add("disease", "copper drug", None, ["C:1"])
    linker = ConceptLinker([kb], rules({"label": "disease", "types": ["disease"]}), memory)
    assert "C:1" not in ids(linker, "copper drug")


def test_scores_are_from_0_to_1_and_descend(kb: KnowledgeBase) -> None:
    memory = MentionMemory()
    memory.add("disease", "breast tumor", None, ["D:1"])
    ranked = ConceptLinker([kb], memory=memory).rank(Mention("tumors", "disease"))
    scores = [score for _, score in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_an_ambiguous_name_shows_its_other_candidates_after_the_equal_one(
    kb: KnowledgeBase,
) -> None:
    found = ids(ConceptLinker([kb]), "Liver Neoplasms")
    assert found[0] == "D:3"
    assert {"D:1", "D:2"} <= set(found[1:])
    assert ids(ConceptLinker([kb], only_best=True), "Liver Neoplasms") == ["D:3"]


def test_similar_names_do_not_add_to_votes_where_another_name_is_equal(kb: KnowledgeBase) -> None:
    # Annotators chose D:3 and D:2 for this name once each; the similar names must not decide.
    memory = MentionMemory()
    memory.add("disease", "Liver Neoplasms", None, ["D:3", "D:2"])
    both = ConceptLinker([kb], memory=memory)
    one = ConceptLinker([kb], memory=memory, only_best=True)
    mention = Mention("Liver Neoplasms", "disease")
    assert both.rank(mention)[:2] == one.rank(mention)[:2]
    assert [concept_id for concept_id, _ in one.rank(mention)[:2]] == ["D:3", "D:2"]

"""Gold relations of Docs, and of concepts."""

import spacy

from spacy_gliner_biomed.pipeline.relation_annotation import Relation, set_relations
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.gold import read_gold
from spacy_gliner_biomed.training.gold_relations import pair_mentions, with_relations

NLP = spacy.blank("en")
TEXT = "aspirin treats fever"
ASPIRIN, FEVER = (0, 7, "drug"), (15, 20, "disease")
TREATS = (ASPIRIN, FEVER, "treats")


def test_a_doc_without_relations_says_nothing_about_them() -> None:
    doc = gold_doc(NLP, AnnotatedText(TEXT, [ASPIRIN], [], ["drug"]), "sc")
    gold = with_relations(read_gold(doc, "sc"), doc)
    assert (gold.relations, gold.annotated_relations) == (None, None)


def test_relations_and_what_is_annotated_are_read_as_they_were_written() -> None:
    text = AnnotatedText(TEXT, [ASPIRIN, FEVER], [], None, relations=[TREATS])
    doc = gold_doc(NLP, text, "sc")
    gold = with_relations(read_gold(doc, "sc"), doc)
    assert (gold.relations, gold.annotated_relations) == ([TREATS], None)
    none = AnnotatedText(
        TEXT, [ASPIRIN], [], None, relations=[], annotated_relations=["treats", "causes"]
    )
    doc = gold_doc(NLP, none, "sc")
    gold = with_relations(read_gold(doc, "sc"), doc)
    assert (gold.relations, list(gold.annotated_relations or ())) == ([], ["causes", "treats"])


def test_relations_that_a_user_sets_are_gold_and_their_ends_are_trimmed() -> None:
    doc = NLP("aspirin   treats fever")
    head, tail = doc.char_span(0, 10, label="drug"), doc.char_span(17, 22, label="disease")
    set_relations(doc, [Relation(head, tail, "treats")])
    gold = with_relations(read_gold(doc, "sc"), doc)
    assert gold.relations == [((0, 7, "drug"), (17, 22, "disease"), "treats")]


def test_relations_of_concepts_are_between_all_their_mentions() -> None:
    again = (30, 35, "disease")
    concepts = [(*ASPIRIN, "D1"), (*FEVER, "D2|D3"), (*again, "D3"), (40, 45, "drug", "D4+D1")]
    relations = [("D1", "D3", "treats"), ("D9", "D1", "x"), ("D1", "D1", "like")]
    found, n_lost = pair_mentions(relations, concepts)
    other = (40, 45, "drug")
    assert n_lost == 1
    assert found == [
        TREATS,
        (ASPIRIN, again, "treats"),
        (other, FEVER, "treats"),
        (other, again, "treats"),
        (ASPIRIN, other, "like"),
        (other, ASPIRIN, "like"),
    ]
    assert pair_mentions([("D2|D3", "D1", "x")], concepts)[0][0] == (FEVER, ASPIRIN, "x")

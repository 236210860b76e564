"""Annotated texts become Docs and entities without a loss; the command `convert` tests the rest."""

import spacy
from spacy.tokens import Doc, SpanGroup

from spacy_gliner_biomed.documents.writing.gold_texts import LeftOut, full_doc, gold_entities
from spacy_gliner_biomed.training.corpora import AnnotatedText

NLP = spacy.blank("en")


def test_a_doc_whose_tokens_do_not_fit_is_made_anew() -> None:
    own = Doc(NLP.vocab, ["ab", "c"], [True, False])
    text = AnnotatedText("ab c", [(0, 1, "x")], [], ["x"], doc=own)
    doc = full_doc(NLP, text, "sc")
    assert [token.text for token in doc] == ["a", "b", "c"]
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [("a", "x")]


def test_a_doc_with_entities_only_gets_the_group() -> None:
    own = Doc(NLP.vocab, ["ab", "c"], [True, False], ents=["B-x", "O"])
    text = AnnotatedText("ab c", [(0, 2, "x")], [], ["x"], concepts=[(0, 2, "x", "D1")], doc=own)
    doc = full_doc(NLP, text, "mine")
    assert doc is own
    assert [(span.text, span.kb_id_) for span in doc.spans["mine"]] == [("ab", "D1")]


def test_values_of_a_wrong_type_stay_as_they_are() -> None:
    values = {"score": "high", "concept_name": 3, "concept_score": True, "by": "A"}
    text = AnnotatedText("ab", [(0, 2, "x")], [], None, entity_values={(0, 2, "x"): values})
    (entity,) = gold_entities(text, with_values=True)
    assert (entity.score, entity.concept_name, entity.concept_score) == (None, None, None)
    assert entity.attributes == values
    (entity,) = gold_entities(text, with_values=False)
    assert entity.attributes == {}


def test_what_is_left_out_depends_on_the_format() -> None:
    own = NLP("ab")
    own.spans["other"] = SpanGroup(own)
    values = {(0, 2, "x"): {"score": 0.5, "by": "A"}}
    text = AnnotatedText("ab", [(0, 2, "x")], [], None, entity_values=values, doc=own)
    for target, names, n_docs in (
        ("docbin", set(), 0),
        ("jsonl", set(), 1),
        ("bioc-xml", {"by"}, 1),
        ("conll", {"score", "by"}, 1),
    ):
        left_out = LeftOut(target)
        left_out.add(text)
        assert (set(left_out.values), left_out.n_docs) == (names, n_docs)

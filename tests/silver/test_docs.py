import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.silver.docs import write_annotation
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.training.gold import read_gold
from spacy_gliner_biomed.training.gold_relations import with_relations

TEXT = "cocaine-induced pain"
FOUND = Annotation({(16, 20, "symptom"): None, (0, 7, "drug"): None, (0, 4, "odd"): None})


def test_spans_have_exact_characters_and_say_what_was_asked() -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc(TEXT)
    write_annotation(doc, FOUND, spans_key="sc", annotated=["drug", "odd"])
    gold = read_gold(doc, "sc")
    assert gold.spans == [(0, 4, "odd"), (0, 7, "drug"), (16, 20, "symptom")]
    assert (gold.annotated, gold.corpus) == (["drug", "odd"], "silver")
    assert with_relations(gold, doc).relations is None


def test_relations_and_what_was_on_the_doc_survive_a_docbin() -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc(TEXT)
    doc.ents = [doc.char_span(16, 20, label="KEPT")]
    relation = ((0, 7, "drug"), (16, 20, "symptom"), "causes")
    found = Annotation(FOUND.entities, {relation: None})
    write_annotation(doc, found, spans_key="silver", annotated=None)
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab)
    gold = read_gold(again, "silver")
    assert with_relations(gold, again).relations == [relation]
    assert gold.annotated is None
    assert [ent.label_ for ent in again.ents] == ["KEPT"]

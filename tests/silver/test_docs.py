import json

import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.silver.docs import RELATIONS, write_annotation
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.training.gold import read_gold

TEXT = "cocaine-induced pain"
FOUND = Annotation({(16, 20, "symptom"): None, (0, 7, "drug"): None, (0, 4, "odd"): None})


def test_spans_have_exact_characters_and_say_what_was_asked() -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc(TEXT)
    write_annotation(doc, FOUND, spans_key="sc", annotated=["drug", "odd"])
    gold = read_gold(doc, "sc")
    assert gold.spans == [(0, 4, "odd"), (0, 7, "drug"), (16, 20, "symptom")]
    assert (gold.annotated, gold.corpus) == (["drug", "odd"], "silver")
    assert RELATIONS not in doc.user_data


def test_relations_and_what_was_on_the_doc_survive_a_docbin() -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc(TEXT)
    doc.ents = [doc.char_span(16, 20, label="KEPT")]
    relations = [{"type": "causes", "head": {"spans": [[0, 7]]}, "tail": {"spans": [[16, 20]]}}]
    found = Annotation(FOUND.entities, relations)
    write_annotation(doc, found, spans_key="silver", annotated=None)
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab)
    # a DocBin turns lists into tuples
    assert json.loads(json.dumps(again.user_data[RELATIONS])) == relations
    assert read_gold(again, "silver").annotated is None
    assert [ent.label_ for ent in again.ents] == ["KEPT"]

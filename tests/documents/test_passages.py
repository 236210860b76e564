import spacy
from spacy.tokens import Doc

from spacy_gliner_biomed.documents.passages import with_passages


def test_a_doc_gets_the_passages_of_its_record() -> None:
    nlp = spacy.blank("en")
    passages = [{"start": 0, "end": 4, "infons": {"type": "title"}}]
    doc = with_passages(nlp, "Zinc works", {"passages": passages})
    assert isinstance(doc, Doc)
    assert doc.user_data["passages"] == passages
    for wrong in (None, [], ["x"], [{**passages[0], "end": 99}], [{"start": 0, "end": 4}]):
        assert with_passages(nlp, "Zinc works", {"passages": wrong}) == "Zinc works"

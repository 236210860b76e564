from collections.abc import Callable

from spacy.language import Language

from spacy_gliner_biomed.distributed.document_counts import COUNTS_KEY, add_document_counter

TEXTS = ["aspirin", "", "the patient " * 60, "cell cancer of the drug"]


def test_each_doc_has_its_own_counts(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(threshold=0.3)
    nlp.rename_pipe("gliner_biomed", "finder")
    component = nlp.get_pipe("finder")
    add_document_counter(nlp, component)  # type: ignore[arg-type]
    nlp.add_pipe("sentencizer")
    counts = [doc.user_data[COUNTS_KEY] for doc in nlp.pipe(TEXTS, batch_size=3)]
    assert [count["docs"] for count in counts] == [1] * 4
    assert [count["words"] for count in counts] == [1, 0, 120, 5]
    assert [count["windowed_docs"] for count in counts] == [0, 0, 1, 0]
    assert sum(counts[1:], counts[0]) == component.stats  # type: ignore[attr-defined]

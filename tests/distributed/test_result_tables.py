import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.distributed.result_tables import (
    COLUMNS,
    Results,
    document_row,
    entity_rows,
)
from spacy_gliner_biomed.linking.entities import annotate

ITEM = CorpusRecord("d1", "in.jsonl:1", "aspirin for pain", meta='{"ward": 3}')


@pytest.fixture
def doc() -> Doc:
    """Two spans with scores, of which one is an entity."""
    if not Span.has_extension("kb_ents"):
        Span.set_extension("kb_ents", default=[])
    doc = spacy.blank("en")("aspirin for pain")
    spans = [Span(doc, 0, 1, label="DRUG"), Span(doc, 2, 3, label="DISEASE")]
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs={"scores": [0.75, 0.5000004]}, spans=spans)
    doc.ents = spans[:1]
    return doc


def concepts(doc: Doc, spans_key: str | None = "sc", own_linker: bool = True) -> list[object]:
    rows = entity_rows(ITEM, doc, spans_key, own_linker=own_linker)
    return [(row["concept_id"], row["concept_score"]) for row in rows]


def test_row_of_an_entity_has_characters_text_label_and_score(doc: Doc) -> None:
    first, second = entity_rows(ITEM, doc, "sc", own_linker=False)
    assert first == {
        "document": "d1",
        "start": 0,
        "end": 7,
        "text": "aspirin",
        "label": "DRUG",
        "score": 0.75,
        "concept_id": None,
        "concept_score": None,
    }
    assert (second["start"], second["end"], second["text"], second["score"]) == (
        12,
        16,
        "pain",
        0.5,
    )
    assert list(first) == list(COLUMNS["entities"])


def test_without_the_component_the_rows_are_the_entities_of_the_doc(doc: Doc) -> None:
    [row] = entity_rows(ITEM, doc, None, own_linker=False)
    assert (row["text"], row["label"], row["score"]) == ("aspirin", "DRUG", None)


@pytest.mark.parametrize("linked", ["sc", None])
def test_concepts_are_those_that_our_linker_wrote(doc: Doc, linked: str | None) -> None:
    candidates = [[("D1", 0.9), ("D2", 0.4)], [("D3", 0.3)]]
    annotate(doc, candidates[: 2 if linked else 1], linked, threshold=0.5)
    assert concepts(doc) == [("D1", 0.9), (None, None)]  # D3 is below the threshold
    assert concepts(doc, spans_key=None) == [("D1", 0.9)]


def test_concepts_of_scispacy_are_the_best_candidates(doc: Doc) -> None:
    doc.ents[0]._.kb_ents = [("C1", 0.8), ("C2", 0.7)]
    assert concepts(doc, own_linker=False) == [("C1", 0.8), (None, None)]


def test_row_of_a_document_has_counts_and_further_keys(doc: Doc) -> None:
    row = document_row(ITEM, doc, 2, {"words": 3, "windows": 1})
    assert list(row) == list(COLUMNS["documents"])
    assert (row["id"], row["source"], row["characters"], row["entities"]) == (
        "d1",
        "in.jsonl:1",
        16,
        2,
    )
    assert (row["words"], row["windows"], row["moved"], row["meta"]) == (3, 1, 0, '{"ward": 3}')
    assert document_row(ITEM, doc, 2, {})["moved"] is None


def test_counts_are_sums_over_the_tables(doc: Doc) -> None:
    results = Results()
    rows = entity_rows(ITEM, doc, "sc", own_linker=False)
    results.tables["entities"] += rows
    small = document_row(ITEM, doc, 2, {"words": 3, "windows": 2})
    results.tables["documents"] += [small, {**small, "characters": 1_000_000, "windows": 1}]
    results.fail(ITEM.without_content("error", "why"))
    assert results.tables["failures"] == [
        {"id": "d1", "source": "in.jsonl:1", "kind": "error", "reason": "why"}
    ]
    expected = {
        "documents": 2,
        "entities": 2,
        "words": 6,
        "windowed_docs": 1,
        "large": 1,
        "label:DRUG": 1,
        "failure:error": 1,
    }
    assert expected.items() <= results.counts().items()


def test_concept_id_that_is_no_text_is_refused(doc: Doc) -> None:
    doc.spans["sc"].attrs["kb_ents"] = [[("\ud800", 0.9)], []]
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        entity_rows(ITEM, doc, "sc", own_linker=False)


def test_text_that_was_left_out_is_counted() -> None:
    results = Results()
    doc = spacy.blank("en")("a")
    for n in (3, 0):
        results.tables["documents"].append(
            document_row(CorpusRecord("d", "in", left_out=n), doc, 0, {})
        )
    assert [row["left_out_characters"] for row in results.tables["documents"]] == [3, 0]
    assert results.counts()["left_out_characters"] == 3

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import import_file

from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig, CorpusAnnotator
from spacy_gliner_biomed.distributed.records import LINE, CorpusRecord, Partition
from tests.distributed.conftest import FAULTS
from tests.tiny import tiny_checkpoint

MakeNlp = Callable[..., Language]
TEXTS = ["Aspirin for the cold; cocaine-induced pain.", "", "a drug of the patient", "cell " * 90]


def partition(*contents: str | bytes) -> Partition:
    return Partition(
        0, [CorpusRecord(f"d{i}", f"in:{i}", text) for i, text in enumerate(contents)], 0
    )


@pytest.fixture
def saved(make_nlp: MakeNlp, tmp_path: Path) -> str:
    """The folder of a pipeline that finds much."""
    nlp = make_nlp(threshold=0.3, alignment="split")
    nlp.to_disk(tmp_path / "saved")
    return str(tmp_path / "saved")


def test_rows_are_what_the_pipeline_finds(saved: str) -> None:
    results = CorpusAnnotator(AnnotatorConfig(saved, batch_size=3))(partition(*TEXTS))
    docs = list(spacy.load(saved).pipe(TEXTS))
    expected = [
        (
            f"d{i}",
            span.start_char,
            span.end_char,
            span.text,
            span.label_,
            pytest.approx(score, abs=1e-4),
        )
        for i, doc in enumerate(docs)
        for span, score in zip(doc.spans["sc"], doc.spans["sc"].attrs["scores"], strict=True)
    ]
    found = [
        (r["document"], r["start"], r["end"], r["text"], r["label"], r["score"])
        for r in results.tables["entities"]
    ]
    assert found == expected
    assert found
    documents = results.tables["documents"]
    assert [row["entities"] for row in documents] == [len(doc.spans["sc"]) for doc in docs]
    assert [row["tokens"] for row in documents] == [len(doc) for doc in docs]
    assert [(row["windows"] or 0) > 1 for row in documents] == [False, False, False, True]


def test_relations_are_rows_and_counts(tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "checkpoint", relations_layer="none")
    nlp, settings = spacy.blank("en"), {"labels": ["drug", "disease"], "threshold": 0.4}
    nlp.add_pipe("gliner_biomed", config={**settings, "model": {"checkpoint": str(checkpoint)}})
    nlp.to_disk(tmp_path / "saved")
    config = AnnotatorConfig(str(tmp_path / "saved"), {"relations": ["treats", "causes"]})
    results = CorpusAnnotator(config)(partition("the drug aspirin treats cancer", "", "a gene"))
    nlp.get_pipe("gliner_biomed").relations = ["treats", "causes"]  # type: ignore[attr-defined]
    doc = nlp("the drug aspirin treats cancer")
    rows = [row for row in results.tables["relations"] if row["document"] == "d0"]
    assert [(row["head_start"], row["tail_start"], row["label"]) for row in rows] == [
        (relation.head.start_char, relation.tail.start_char, relation.label)
        for relation in doc._.relations
    ]
    assert len(rows) > 1
    entities = {(r["document"], r["start"], r["end"]) for r in results.tables["entities"]}
    for row in results.tables["relations"]:
        for end in ("head", "tail"):
            assert (row["document"], row[f"{end}_start"], row[f"{end}_end"]) in entities
    documents = results.tables["documents"]
    assert [row["relations"] for row in documents][:2] == [len(rows), 0]
    counts = results.counts()
    assert counts["relations"] == len(results.tables["relations"])
    assert counts["relation:treats"] + counts["relation:causes"] == counts["relations"]


def test_weights_in_a_file_give_the_same(saved: str, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.touch()
    config = AnnotatorConfig(saved)
    results = CorpusAnnotator(config, weights=path)(partition(*TEXTS))
    assert path.stat().st_size > 0
    assert results.tables == CorpusAnnotator(config)(partition(*TEXTS)).tables


def test_labels_and_threshold_of_the_run_replace_those_of_the_pipeline(saved: str) -> None:
    options = {"labels": ["gene"], "threshold": 0.1}
    results = CorpusAnnotator(AnnotatorConfig(saved, options))(partition(*TEXTS))
    assert {row["label"] for row in results.tables["entities"]} == {"gene"}


def test_docs_are_kept_on_demand_with_id_and_further_keys(saved: str) -> None:
    records = [
        CorpusRecord("n1", "in:1", TEXTS[0], json.dumps({"ward": 3})),
        CorpusRecord("n2", "in:2", TEXTS[2]),
    ]
    results = CorpusAnnotator(AnnotatorConfig(saved, export="docbin"))(Partition(0, records, 0))
    docs = list(DocBin().from_bytes(results.files["docs.spacy"]).get_docs(spacy.blank("en").vocab))
    assert [doc.text for doc in docs] == [TEXTS[0], TEXTS[2]]
    assert docs[0].user_data == {"id": "n1", "meta": {"ward": 3}}
    assert sum(len(doc.spans["sc"]) for doc in docs) == len(results.tables["entities"])


def test_docs_are_annotated_as_they_are(saved: str) -> None:
    nlp = spacy.blank("en")
    doc = nlp("a drug of the patient")
    doc.user_data["own"] = "kept"
    results = CorpusAnnotator(AnnotatorConfig(saved))(partition(doc.to_bytes(), b"no Doc"))
    assert [row["id"] for row in results.tables["documents"]] == ["d0"]
    [failure] = results.tables["failures"]
    assert (failure["id"], failure["kind"]) == ("d1", "error")


def test_order_is_kept_when_some_documents_fail(trivial: str, tmp_path: Path) -> None:
    flaky = f"flaky {tmp_path / 'flaky'}"
    annotator = CorpusAnnotator(AnnotatorConfig(trivial, code=FAULTS, batch_size=10))
    results = annotator(partition("a", flaky, "poison", "b"))
    assert [row["id"] for row in results.tables["documents"]] == ["d0", "d1", "d3"]
    [failure] = results.tables["failures"]
    assert (failure["id"], failure["reason"]) == ("d2", "ValueError: this text is poison")


def test_text_that_is_too_long_is_reported_and_others_are_not(trivial: str) -> None:
    config = AnnotatorConfig(trivial, code=FAULTS, max_characters=2000)
    doc = spacy.blank("en")("short")
    texts = ["x " * 1000, "x" * 2001, doc.to_bytes()]
    results = CorpusAnnotator(config)(partition(*texts))
    assert [row["id"] for row in results.tables["documents"]] == ["d0", "d2"]
    [failure] = results.tables["failures"]
    assert failure["kind"] == "too_large"
    assert failure["reason"] == "2,001 characters are more than --max-characters 2,000"


@pytest.mark.filterwarnings("error")
def test_warnings_are_collected_not_given(make_nlp: MakeNlp, tmp_path: Path) -> None:
    make_nlp(threshold=0.0, labels=["drug"]).to_disk(tmp_path / "saved")
    text = "1,000mg/day cocaine-induced"
    results = CorpusAnnotator(AnnotatorConfig(str(tmp_path / "saved")))(partition(text))
    assert len(results.warnings) == len(set(results.warnings))
    assert all(warning.startswith("[GB-W") for warning in results.warnings)
    assert results.warnings


def test_docs_that_cannot_be_kept_fail_alone_and_move_no_other(tmp_path: Path) -> None:
    code = tmp_path / "own.py"
    code.write_text(
        "from spacy.language import Language\n"
        "@Language.component('own_data')\n"
        "def own_data(doc):\n"
        "    doc.user_data['own'] = object() if 'odd' in doc.text else doc.text\n"
        "    return doc\n"
    )
    nlp = spacy.blank("en")
    import_file("own_code", code)
    nlp.add_pipe("own_data")
    nlp.to_disk(tmp_path / "own")
    config = AnnotatorConfig(str(tmp_path / "own"), code=code, export="docbin")
    results = CorpusAnnotator(config)(partition("a", "odd", "b"))
    assert [row["id"] for row in results.tables["documents"]] == ["d0", "d2"]
    [failure] = results.tables["failures"]
    assert (failure["id"], failure["kind"]) == ("d1", "error")
    docs = list(DocBin().from_bytes(results.files["docs.spacy"]).get_docs(nlp.vocab))
    assert [(doc.text, doc.user_data["own"]) for doc in docs] == [("a", "a"), ("b", "b")]


def test_length_of_a_doc_that_is_damaged_is_a_failure(trivial: str) -> None:
    config = AnnotatorConfig(trivial, code=FAULTS, max_characters=10)
    results = CorpusAnnotator(config)(partition(b"no Doc, and long", "short"))
    assert [row["id"] for row in results.tables["documents"]] == ["d1"]
    assert [(row["id"], row["kind"]) for row in results.tables["failures"]] == [("d0", "error")]


def test_failures_quote_little_of_a_document(trivial: str) -> None:
    records = [CorpusRecord("x" * 9999, "in:1").without_content("error", "word\n" * 9999)]
    [failure] = CorpusAnnotator(AnnotatorConfig(trivial, code=FAULTS))(
        Partition(0, records, 0)
    ).tables["failures"]
    assert (len(failure["id"]), len(failure["reason"])) == (LINE, LINE)
    assert "\n" not in failure["reason"]

import json
from collections import Counter
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.silver.failures import (
    FAILURE_KEY,
    TIMEOUT,
    Failure,
    with_failure,
    without_failure,
)
from spacy_gliner_biomed.silver.run_settings import RunSettings
from spacy_gliner_biomed.silver.silver_files import RunPaths, open_failures, open_silver
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.plain import read_docs, read_lines_of_json

FOUND = Annotation({(8, 12, "symptom"): None, (0, 7, "drug"): None})


def test_files_are_beside_the_output_unless_settings_name_them() -> None:
    paths = RunPaths.beside(Path("a/x.spacy"), RunSettings(report=Path("b.json")))
    assert paths.cache == Path("a/x.spacy.cache")
    assert paths.failures == Path("a/x.spacy.failures.jsonl")
    assert paths.report == Path("b.json")
    with pytest.raises(ValueError, match=r"GB-E110.*x\.txt"):
        RunPaths.beside(Path("x.txt"), RunSettings())


@pytest.mark.parametrize("ending", [".jsonl", ".spacy"])
def test_documents_are_written_with_entities_in_order(tmp_path: Path, ending: str) -> None:
    path, nlp = tmp_path / f"out{ending}", spacy.blank("en")
    with open_silver(path, nlp, "silver", ["drug", "symptom"]) as file:
        file.write("Aspirin pain", Record("n1", {"ward": 3}), FOUND)
    if ending == ".jsonl":
        line = json.loads(path.read_text())
        assert [entity["text"] for entity in line["entities"]] == ["Aspirin", "pain"]
        assert (line["id"], line["ward"], line["annotated_labels"]) == (
            "n1",
            3,
            ["drug", "symptom"],
        )
        assert "relations" not in line
    else:
        (doc,) = DocBin().from_disk(path).get_docs(nlp.vocab)
        assert [span.text for span in doc.spans["silver"]] == ["Aspirin", "pain"]


@pytest.mark.parametrize("ending", [".jsonl", ".spacy"])
def test_what_is_written_is_read_as_gold(tmp_path: Path, ending: str) -> None:
    path, relation = tmp_path / f"out{ending}", ((0, 7, "drug"), (8, 12, "symptom"), "eases")
    stale = {"relations": [{"head": 5, "tail": 6, "label": "x"}], "annotated_labels": ["gene"]}
    with open_silver(path, spacy.blank("en"), "sc", ["symptom", "drug"]) as file:
        file.write(
            "Aspirin pain", Record("n1", stale), Annotation(FOUND.entities, {relation: None})
        )
    read = read_docs if ending == ".spacy" else read_lines_of_json
    (text,) = read(path, ReadOptions(), Counter())
    assert sorted(text.spans) == sorted(FOUND.entities)
    assert (text.relations, text.annotated) == ([relation], ["drug", "symptom"])


def test_an_earlier_output_remains_if_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("earlier\n")
    with open_silver(path, spacy.blank("en"), "sc", []):
        pass
    assert path.read_text() == "earlier\n"


def test_failures_have_their_reason_and_none_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "failures.jsonl"
    with open_failures(path) as file:
        file.write("a text", Record("n1", {"ward": 3}), Failure(TIMEOUT, "no answer"))
    why = {"kind": TIMEOUT, "reason": "no answer"}
    expected = {"id": "n1", "text": "a text", "ward": 3, "annotate_llm_failure": why}
    assert json.loads(path.read_text()) == expected
    with open_failures(path):
        pass
    assert not path.exists()


def test_no_metadata_is_lost_beside_our_keys(tmp_path: Path) -> None:
    meta = {"text": "a column", "entities": "none", "reason": "checkup", FAILURE_KEY: "mine"}
    failed, written = tmp_path / "failures.jsonl", tmp_path / "out.jsonl"
    with open_failures(failed) as failures:
        failures.write("Aspirin", Record("n1", meta), Failure(TIMEOUT, "no answer"))
    line = json.loads(failed.read_text())
    assert (line["text"], line["text_column"], line["reason"]) == ("Aspirin", "a column", "checkup")
    assert line[FAILURE_KEY] == "mine"
    assert line[f"{FAILURE_KEY}_2"] == {"kind": TIMEOUT, "reason": "no answer"}
    with open_silver(written, spacy.blank("en"), "sc", []) as file:
        file.write("Aspirin", Record("n1", meta), Annotation())
    line = json.loads(written.read_text())
    assert (line["text"], line["entities"]) == ("Aspirin", [])
    assert (line["text_column"], line["entities_column"]) == ("a column", "none")
    assert line[FAILURE_KEY] == "mine"


def test_the_reason_of_an_earlier_failure_is_no_metadata() -> None:
    meta = {"id": 1, "reason": "checkup", FAILURE_KEY: "mine"}
    line = with_failure(meta, Failure(TIMEOUT, "no answer"))
    assert line != meta
    assert without_failure(line) == meta

"""The configs for negation, context and sections: what they write on spans and into outputs."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config, load_model_from_config
from typer.testing import CliRunner, Result

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig, CorpusAnnotator
from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER

CONFIGS = Path(__file__).parents[1] / "configs"
NOTE = "No fever\nChest pain since yesterday; denies cough. Aspirin was stopped."
NEGATED = {"fever": True, "Chest pain": False, "cough": True, "Aspirin": False}


def make(config: str, **components: dict[str, Any]) -> Language:
    """A pipeline of a config, with changed settings of components."""
    if not (PACKAGED_FOLDER / CONFIG_NAME).exists():
        pytest.skip("needs the packaged model")
    values = load_config(CONFIGS / config)
    for name, settings in components.items():
        values["components"][name].update(settings)
    return load_model_from_config(values, auto_fill=True)


@pytest.fixture(scope="session")
def negating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline of the config for negspaCy."""
    pytest.importorskip("negspacy", reason="needs the extra 'context'")
    folder = tmp_path_factory.mktemp("context") / "negating"
    make("context.cfg").to_disk(folder)
    return folder


def invoke(*args: object) -> Result:
    return CliRunner().invoke(gliner_cli, [*map(str, args)])


def test_negation_is_on_spans_and_entities_and_ends_with_the_line(negating: Path) -> None:
    doc = spacy.load(negating)(NOTE)
    assert {span.text: span._.negex for span in doc.spans["sc"]} == NEGATED
    assert {ent.text: ent._.negex for ent in doc.ents} == NEGATED


def test_negspacy_reads_doc_ents_without_span_keys() -> None:
    pytest.importorskip("negspacy", reason="needs the extra 'context'")
    nlp = make("context.cfg", negex={"span_keys": None})
    assert {ent.text: ent._.negex for ent in nlp(NOTE).ents} == NEGATED


@pytest.mark.filterwarnings("default:.*GB-W212")
def test_annotate_writes_negation_as_keys_columns_and_status(
    negating: Path, tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text(NOTE)
    outputs = [tmp_path / name for name in ("a.jsonl", "a.csv", "a.fhir.json", "a.omop.csv")]
    options = [word for path in outputs for word in ("-o", path)]
    args = ["annotate", tmp_path / "note.txt", "-p", negating, "-q", "--attributes", "negex"]
    result = invoke(*args, *options)
    assert result.exit_code == 0, result.output
    assert "GB-W212" in result.stderr  # the name of a file is no note_id
    (line,) = map(json.loads, outputs[0].read_text().splitlines())
    assert {entity["text"]: entity["negex"] for entity in line["entities"]} == NEGATED
    with outputs[1].open(encoding="utf-8-sig", newline="") as stream:
        assert {row["text"]: row["negex"] == "true" for row in csv.DictReader(stream)} == NEGATED
    with outputs[3].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["lexical_variant"]: row["term_exists"] == "N" for row in rows} == NEGATED
    assert negated_in_fhir(outputs[2].read_text()) == NEGATED


def negated_in_fhir(content: str) -> dict[str, bool]:
    found = {}
    for resource in (entry["resource"] for entry in json.loads(content)["entry"]):
        if resource["resourceType"] == "Observation":
            found[resource["code"]["text"]] = not resource["valueBoolean"]
        elif resource["resourceType"] == "Condition":
            (coding,) = resource["verificationStatus"]["coding"]
            found[resource["code"]["text"]] = coding["code"] == "refuted"
        elif resource["resourceType"] == "MedicationStatement":
            text = resource["medicationCodeableConcept"]["text"]
            found[text] = resource["status"] == "not-taken"
    return found


def test_fhir_respects_negation_that_nobody_asked_to_write(negating: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(NOTE)
    result = invoke("annotate", tmp_path / "note.txt", "-p", negating, "-q", "--format", "fhir")
    assert result.exit_code == 0, result.output
    assert negated_in_fhir(result.stdout) == NEGATED
    assert "negex" not in result.stdout


def test_an_unknown_attribute_is_an_error_before_the_run(negating: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(NOTE)
    options = ["-p", negating, "--attributes", "negex,nagex", "-o", tmp_path / "out.jsonl"]
    result = invoke("annotate", tmp_path / "note.txt", *options)
    assert (result.exit_code, "[GB-E220]" in result.stderr) == (1, True)
    assert "'nagex'" in result.stderr
    assert "negex" in result.stderr.partition("that can be written: ")[2]
    assert not (tmp_path / "out.jsonl").exists()
    with pytest.raises(ValueError, match=r"GB-E220.*'nagex'"):
        CorpusAnnotator(AnnotatorConfig(str(negating), attributes=["nagex"]))


def write_mixed_files(folder: Path) -> None:
    """A folder of a text, JSON lines, a DocBin, a repeated id, and a line that is broken."""
    folder.mkdir()
    (folder / "a.txt").write_text("No asthma.\nMetformin was given.")
    lines = [{"id": f"n{i}", "text": text} for i, text in enumerate(["Denies fever.", "Asthma."])]
    content = "".join(json.dumps(line) + "\n" for line in [*lines, lines[0]]) + "{\n"
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(content.encode()))
    doc = spacy.blank("en")("Sodium metformin for asthma.")
    doc.user_data["id"] = "from a DocBin"
    DocBin(docs=[doc], store_user_data=True).to_disk(folder / "c.spacy")


def test_a_folder_of_mixed_files_becomes_parquet_and_fhir_with_each_record_once(
    negating: Path, tmp_path: Path
) -> None:
    dataset = pytest.importorskip("pyarrow.dataset", reason="needs the extra 'parquet'")
    write_mixed_files(tmp_path / "mixed")
    (tmp_path / "kb.csv").write_text("id,name,aliases\nX:1,Asthma,\nX:2,Metformin,\n")
    options = ["-p", negating, "--kb", tmp_path / "kb.csv", "--attributes", "negex"]
    options += ["--partition-size", "2", "--quiet", "--threads", "1"]
    for format_ in ("parquet", "fhir"):
        out = tmp_path / format_
        result = invoke("annotate-corpus", tmp_path / "mixed", out, *options, "-f", format_)
        assert result.exit_code == 3, result.output  # the broken line, and the repeated id

    parts = sorted((tmp_path / "parquet" / "parts").glob("*"))
    tables = {
        name: dataset.dataset([str(part / f"{name}.parquet") for part in parts]).to_table()
        for name in ("documents", "entities", "failures")
    }
    ids = ["a.txt", "from a DocBin", "n0", "n1"]
    assert sorted(tables["documents"]["id"].to_pylist()) == ids
    assert sorted(tables["failures"]["kind"].to_pylist()) == ["broken", "duplicate"]
    entities = tables["entities"].to_pylist()
    found = {(row["document"], row["text"]): row for row in entities}
    assert len(found) == len(entities)
    negated = found["a.txt", "asthma"]
    assert (negated["negex"], negated["concept_id"], negated["concept_name"]) == (
        True,
        "X:1",
        "Asthma",
    )
    assert negated["concept_score"] > 0.9
    assert found["a.txt", "Metformin"]["concept_id"] == "X:2"
    assert (found["n1", "Asthma"]["negex"], found["n0", "fever"]["negex"]) == (False, True)

    parts = sorted((tmp_path / "fhir" / "parts").glob("*"))
    bundles = [json.loads((part / "documents.fhir.json").read_text()) for part in parts]
    resources = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
    documents = [each for each in resources if each["resourceType"] == "DocumentReference"]
    assert sorted(each["masterIdentifier"]["value"] for each in documents) == ids
    assert len(resources) - len(documents) == len(entities)
    codes = [each["code"] for each in resources if each["resourceType"] == "Condition"]
    assert {"text": "asthma", "coding": [{"code": "X:1", "display": "Asthma"}]} in codes


def test_medspacy_writes_context_and_sections(tmp_path: Path) -> None:
    pytest.importorskip("medspacy", reason="needs medspacy (Python 3.12 and later)")
    make("context_medspacy.cfg").to_disk(tmp_path / "saved")
    note = "Family History:\nMother had breast cancer.\n\nAssessment:\nNo pneumonia.\n"
    (tmp_path / "note.txt").write_text(note)
    names = ["is_negated", "is_family", "section_category"]
    args = ["annotate", tmp_path / "note.txt", "-p", tmp_path / "saved", "-f", "jsonl", "-q"]
    result = invoke(*args, "--attributes", ",".join(names))
    assert result.exit_code == 0, result.output
    (line,) = map(json.loads, result.stdout.splitlines())
    found = {entity["text"]: [entity[name] for name in names] for entity in line["entities"]}
    assert found == {
        "breast cancer": [False, True, "family_history"],
        "pneumonia": [True, False, "observation_and_plan"],
    }

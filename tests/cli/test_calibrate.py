import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.models.gliner import network_shim

run = CliRunner().invoke
TEXT = "aspirin was of the patient: the disease, the gene, the drug, 12 of 34 mg."


@pytest.fixture
def saved(make_nlp: Callable[..., Language], tmp_path: Path) -> Path:
    options = {"overlap": "nested", "multi_label": True}
    make_nlp(labels=["drug", "disease"], **options).to_disk(tmp_path / "pipeline")
    return tmp_path


def write_gold(path: Path, nlp: Language, *, every: int) -> Path:
    """Of what the pipeline finds, one in `every` is gold."""
    doc = nlp(TEXT)
    entities = [
        {"start": span.start_char, "end": span.end_char, "label": span.label_}
        for i, span in enumerate(doc.spans["sc"])
        if every and i % every == 0
    ]
    spare = [{"start": 0, "end": 7, "label": x} for x in ("drug", "disease") if not every]
    line = json.dumps({"text": TEXT, "entities": entities or spare})
    path.write_text(f"{line}\n" * 4)
    return path


def test_scores_get_better_and_are_saved(saved: Path) -> None:
    nlp = spacy.load(saved / "pipeline")
    dev = write_gold(saved / "dev.jsonl", nlp, every=2)
    plot = saved / "plot.svg"
    arguments = [str(saved / "pipeline"), str(dev), str(saved / "new"), "--plot", str(plot)]
    result = run(gliner_cli, ["calibrate", *arguments])
    assert result.exit_code == 0, result.output
    errors = [
        float(line.split(":")[1].split()[0])
        for line in result.stdout.splitlines()
        if "Expected calibration error" in line
    ]
    assert len(errors) == 2
    assert errors[1] < errors[0]
    assert plot.read_text().startswith("<?xml")
    component = spacy.load(saved / "new").get_pipe("gliner_biomed")
    calibration = network_shim(component.model).checkpoint.calibration
    assert (calibration.scale, calibration.shift) != (1.0, 0.0)
    best = [line.split("best at ")[1][:4] for line in result.stdout.splitlines() if "best" in line]
    assert calibration.threshold == float(best[1])


def test_labels_with_enough_gold_get_offsets(saved: Path) -> None:
    nlp = spacy.load(saved / "pipeline")
    dev = write_gold(saved / "dev.jsonl", nlp, every=3)
    arguments = [str(saved / "pipeline"), str(dev), str(saved / "new"), "--min-gold", "1"]
    assert run(gliner_cli, ["calibrate", *arguments]).exit_code == 0
    component = spacy.load(saved / "new").get_pipe("gliner_biomed")
    assert component.labels == ("drug", "disease")
    shifts = network_shim(component.model).checkpoint.calibration.prompt_shifts
    assert shifts.keys() <= {"drug", "disease"}
    assert all(shifts.values())


def test_the_format_is_detected_and_gold_is_in_the_components_group(
    make_nlp: Callable[..., Language], tmp_path: Path
) -> None:
    nlp = make_nlp(labels=["drug", "disease"], overlap="nested", multi_label=True, spans_key="mine")
    nlp.to_disk(tmp_path / "pipeline")
    brat = tmp_path / "brat"
    brat.mkdir()
    doc = nlp(TEXT)
    found = [span for i, span in enumerate(doc.spans["mine"]) if i % 2 == 0]
    assert found
    (brat / "1.txt").write_text(TEXT)
    lines = [
        f"T{i}\t{span.label_} {span.start_char} {span.end_char}\t{span.text}\n"
        for i, span in enumerate(found)
    ]
    (brat / "1.ann").write_text("".join(lines))
    arguments = [str(tmp_path / "pipeline"), str(brat), str(tmp_path / "new")]
    result = run(gliner_cli, ["calibrate", *arguments])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "new").is_dir()


def test_nothing_right_is_said(saved: Path) -> None:
    path = saved / "dev.jsonl"
    entities = [{"start": 12, "end": 14, "label": "gene"}]
    path.write_text(json.dumps({"text": TEXT, "entities": entities}))
    result = run(gliner_cli, ["calibrate", str(saved / "pipeline"), str(path), str(saved / "new")])
    assert result.exit_code == 1
    assert "GB-E181" in result.stderr
    assert not (saved / "new").exists()


def test_a_pipeline_without_the_component_is_said(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    (tmp_path / "dev.jsonl").write_text("{}")
    arguments = [str(tmp_path / "blank"), str(tmp_path / "dev.jsonl"), str(tmp_path / "new")]
    result = run(gliner_cli, ["calibrate", *arguments])
    assert result.exit_code == 1
    assert "GB-E057" in result.stderr

"""A component on a checkpoint that stores the vectors of its labels."""

import json
from pathlib import Path

import pytest
import spacy
from safetensors.torch import load_file, save_file
from spacy.language import Language
from torch import randn

from tests.tiny import tiny_checkpoint

STORED = ["disease", "drug", "cell line"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny checkpoint, with vectors of three labels added to its files."""
    made = tiny_checkpoint(tmp_path)
    config = json.loads((made / "gliner_config.json").read_text())
    labels = {str(i): label for i, label in enumerate(STORED, start=1)}
    config |= {"precomputed_prompts_mode": True, "id_to_classes": labels}
    (made / "gliner_config.json").write_text(json.dumps(config))
    tensors = {**load_file(made / "model.safetensors"), "precomputed_prompts": randn(3, 16)}
    save_file(tensors, made / "model.safetensors")
    (made / "spacy_gliner_biomed.json").write_text(_without_digests(made))
    return made


def _without_digests(folder: Path) -> str:
    extras = json.loads((folder / "spacy_gliner_biomed.json").read_text())
    return json.dumps({key: value for key, value in extras.items() if key != "sha256"})


def make(folder: Path, labels: list[object]) -> Language:
    nlp = spacy.blank("en")
    model = {"checkpoint": str(folder), "revision": None}
    nlp.add_pipe("gliner_biomed", config={"model": model, "labels": labels, "threshold": 0.001})
    return nlp


def test_some_of_the_stored_labels_are_asked_for_in_any_order(folder: Path) -> None:
    labels = [{"label": "CHEMICAL", "prompt": "drug"}, "disease"]
    doc = make(folder, labels)("aspirin of the cancer was disease")
    assert {span.label_ for span in doc.spans["sc"]} <= {"CHEMICAL", "disease"}
    assert len(doc.spans["sc"])


def test_other_labels_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E262\].*none of: gene\. .*cell line, disease"):
        make(folder, ["drug", "gene"])("aspirin")


def test_the_labels_are_saved_with_the_pipeline(folder: Path, tmp_path: Path) -> None:
    nlp = make(folder, ["drug", "disease"])
    before = nlp("aspirin of the cancer")
    nlp.to_disk(tmp_path / "saved")
    after = spacy.load(tmp_path / "saved")("aspirin of the cancer")
    spans = [[(s.start, s.end, s.label_) for s in doc.spans["sc"]] for doc in (before, after)]
    assert spans[0] == spans[1]
    assert before.spans["sc"].attrs["scores"] == after.spans["sc"].attrs["scores"]

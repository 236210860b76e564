"""The packaged model: there, small, licensed, finds the obvious, and GLiNER reads it."""

from pathlib import Path

import numpy as np
import pytest
import spacy

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.hub import PACKAGED_FOLDER
from spacy_gliner_biomed.pipeline.decoding import sigmoid

TEXT = "Famotidine-associated delirium was seen in six patients."


def test_it_needs_no_settings_and_keeps_characters() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"labels": ["disease", "chemical"], "alignment": "split"})
    found = {(ent.text, ent.label_) for ent in nlp(TEXT).ents}
    assert found == {("Famotidine", "chemical"), ("delirium", "disease")}


def test_it_is_small_and_says_its_licence_and_names_no_machine() -> None:
    assert sum(path.stat().st_size for path in PACKAGED_FOLDER.iterdir()) < 60_000_000
    assert "CC BY-SA 4.0" in (PACKAGED_FOLDER / "README.md").read_text(encoding="utf8")
    for path in PACKAGED_FOLDER.glob("*.json"):
        assert str(Path.home()) not in path.read_text(encoding="utf8")


@pytest.mark.filterwarnings("ignore")
def test_the_gliner_package_reads_it() -> None:
    gliner = pytest.importorskip("gliner")
    model = gliner.GLiNER.from_pretrained(str(PACKAGED_FOLDER), local_files_only=True)
    text = "Delirium was seen after famotidine."  # whose words are the same to both splitters
    expected = model.predict_entities(text, ["disease", "chemical"])
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"labels": ["disease", "chemical"]})
    doc = nlp(text)
    assert [e["text"] for e in expected] == [ent.text for ent in doc.ents] != []
    calibration = network_shim(nlp.get_pipe("gliner_biomed").model).checkpoint.calibration
    scores = np.array([entity["score"] for entity in expected])
    shifts = calibration.shifts([ent.label_ for ent in doc.ents])
    calibrated = sigmoid(calibration.calibrated(np.log(scores) - np.log1p(-scores), shifts))
    assert doc.spans["sc"].attrs["scores"] == pytest.approx(calibrated.tolist(), abs=1e-3)


@pytest.mark.parametrize("label", ["MedicalDevice", "medical_device", "MEDICAL_DEVICE"])
def test_a_label_of_a_database_is_asked_in_words(label: str) -> None:
    nlp = spacy.blank("en")
    component = nlp.add_pipe("gliner_biomed")
    doc = nlp.make_doc("A PEG tube was placed, and her pacemaker was checked.")
    (in_words,) = component.predict([doc], labels=["medical device"])
    (written,) = component.predict([doc], labels=[label])
    assert {span.label for span in written.spans} == {label}
    assert [(s.start, s.end, s.score) for s in written.spans] == [
        (s.start, s.end, s.score) for s in in_words.spans
    ]


@pytest.mark.parametrize("item", ["{}\n", "{}\n\n", "- {}\n", "{}\r\n", "{}\t", "{}        "])
def test_names_of_a_list_are_found_one_by_one(item: str) -> None:
    nlp = spacy.blank("en")
    labels = ["disease", "drug"]
    nlp.add_pipe("gliner_biomed", config={"labels": labels, "alignment": "split"})
    names = ["Eliquis", "Zofran", "Lasix", "Keppra", "metformin", "warfarin"]
    found = [(ent.text, ent.label_) for ent in nlp("".join(map(item.format, names))).ents]
    assert found == [(name, "drug") for name in names]


def test_a_name_over_two_lines_is_one_entity() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"labels": ["disease", "drug"]})
    doc = nlp("She has type 2 diabetes, and chronic kidney\ndisease was seen in March.")
    assert [ent.text for ent in doc.ents] == ["type 2 diabetes", "chronic kidney\ndisease"]


def test_it_reads_a_note_in_shorthand() -> None:
    nlp = spacy.blank("en")
    labels = ["disease", "drug", "dosage", "frequency", "lab test", "measurement value"]
    nlp.add_pipe("gliner_biomed", config={"labels": labels, "alignment": "split"})
    doc = nlp("Pt on apixaban 5 mg BID. Hx asthma. Hb 9.2 g/dL.")
    assert {(ent.text, ent.label_) for ent in doc.ents} == {
        ("apixaban", "drug"),
        ("5 mg", "dosage"),
        ("BID", "frequency"),
        ("asthma", "disease"),
        ("Hb", "lab test"),
        ("9.2 g/dL", "measurement value"),
    }


def test_it_lists_its_labels_and_says_what_it_does_not_know() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"labels": ["chess opening"]})
    with pytest.warns(UserWarning, match="GB-W180"):
        doc = nlp(TEXT)
    assert not doc.ents

"""The packaged model: there, small, licensed, finds the obvious, and GLiNER reads it."""

from pathlib import Path

import pytest
import spacy

from spacy_gliner_biomed.models.hub import PACKAGED_FOLDER

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
    scores = [entity["score"] for entity in expected]
    assert doc.spans["sc"].attrs["scores"] == pytest.approx(scores, abs=1e-4)

"""What a process loads before it finds its first entity."""

import json
import subprocess
import sys

import pytest

from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER

ANNOTATE = """
import json, sys
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("gliner_biomed", config={"labels": ["disease", "drug"], "precision": sys.argv[1]})
found = [(ent.text, ent.label_) for ent in nlp("Aspirin for migraine.").ents]
print(json.dumps({"found": found, "modules": list(sys.modules)}))
"""


@pytest.mark.skipif(not (PACKAGED_FOLDER / CONFIG_NAME).exists(), reason="no packaged model")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_packaged_model_needs_no_transformers(precision: str) -> None:
    """Importing it takes longer than loading the model."""
    command = [sys.executable, "-c", ANNOTATE, precision]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = json.loads(output)
    assert result["found"] == [["Aspirin", "drug"], ["migraine", "disease"]]
    heavy = {"transformers", "huggingface_hub", "sklearn", "pandas", "torch._dynamo"}
    assert heavy.isdisjoint(result["modules"])

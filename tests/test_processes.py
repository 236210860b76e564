"""`n_process`: workers are forked from a process whose torch has run with several threads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint
from tests.tiny import tiny_checkpoint

CODE = """
import json, sys, warnings
import spacy, torch

warnings.simplefilter("error")
# Said by Python 3.12 and later at every fork of a process with threads.
warnings.filterwarnings("ignore", "This process", DeprecationWarning)

texts = [f"Patient {i} was given aspirin for the cell cancer." for i in range(12)]
options = {"gliner_biomed": {"labels": ["drug", "gene"], "threshold": 0.3}}


def pipeline():
    nlp = spacy.blank("en")
    config = {"labels": ["disease"], "model": {"checkpoint": sys.argv[1]}}
    nlp.add_pipe("gliner_biomed", config=config)
    return nlp


def found(doc):
    group = doc.spans["sc"]
    return [[span.text, span.label_] for span in group], list(group.attrs["scores"])


def run(nlp, **processes):
    docs = nlp.pipe(texts, batch_size=2, component_cfg=options, **processes)
    return [(doc.text, *found(doc)) for doc in docs]


torch.set_num_threads(4)
torch.rand(1000, 1000) @ torch.rand(1000, 1000)
torch.rand(1_000_000).half().float()
nlp = pipeline()
result = {
    "texts": texts,
    "one process": run(nlp),
    "loaded before the fork": run(nlp, n_process=2),
    "loaded by the workers": run(pipeline(), n_process=2),
}
print(json.dumps(result))
"""


@pytest.fixture
def large_network(tmp_path: Path) -> Path:
    """A checkpoint with matrices so large that torch converts them with several threads."""
    folder = tiny_checkpoint(tmp_path, hidden_size=512)
    write_checkpoint(read_checkpoint(folder), folder, half=True)
    return folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_two_processes_find_what_one_finds_and_do_not_hang(large_network):
    output = subprocess.run(
        [sys.executable, "-c", CODE, str(large_network)],
        env={**os.environ, "OMP_NUM_THREADS": "4"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,  # a worker that waits for lost threads waits for ever
    ).stdout
    result = json.loads(output)
    alone = result["one process"]
    assert [text for text, *_ in alone] == result["texts"]
    assert {label for _, spans, _ in alone for _, label in spans} == {"drug", "gene"}
    for state in ("loaded before the fork", "loaded by the workers"):
        for (text, spans, scores), expected in zip(result[state], alone, strict=True):
            assert [text, spans] == expected[:2]
            assert scores == pytest.approx(expected[2], abs=1e-4)

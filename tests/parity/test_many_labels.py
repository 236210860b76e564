"""Many labels of a bi-encoder: the entities that the GLiNER package finds, screened or not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.upstream import import_gliner, texts

gliner = import_gliner()

from spacy_gliner_biomed.nn import marker_v0  # noqa: E402  after the package that warns
from spacy_gliner_biomed.nn.screening import Screen  # noqa: E402
from tests.parity.ours import Ours  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:Resizing embeddings is not supported for bi-encoder models"
)
KINDS, PARTS = ("gene", "cell", "drug", "old"), "abcdefghijklmnopqrst"
LABELS = [f"{kind} {part}" for kind in KINDS for part in PARTS]
THRESHOLD = 0.8


@pytest.mark.parametrize("screened", [False, True])
def test_entities_of_many_labels_are_equal(
    upstream_checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, screened: bool
) -> None:
    used: list[bool] = []
    passing = Screen.passing
    monkeypatch.setattr(Screen, "passing", lambda *args: used.append(True) or passing(*args))
    monkeypatch.setattr(Screen, "should_screen", lambda self: True)
    monkeypatch.setattr(marker_v0, "screening_pays", lambda *sizes: screened)
    folder = upstream_checkpoint("bi_encoder")
    reference = gliner.GLiNER.from_pretrained(str(folder), local_files_only=True)
    ours = Ours(folder)
    ours.component.labels = LABELS
    short = [text for text in texts() if len(text) < 400][:20]
    found = ours.entities(short, batched=True, threshold=THRESHOLD, multi_label=True)
    for text, mine in zip(short, found, strict=True):
        theirs = reference.predict_entities(text, LABELS, threshold=THRESHOLD, multi_label=True)
        wanted = {(e["start"], e["end"], e["label"]): e["score"] for e in theirs}
        assert {e[:3] for e in mine} == wanted.keys()
        assert [e[3] for e in mine] == pytest.approx([wanted[e[:3]] for e in mine], abs=1e-4)
    assert sum(map(len, found)) > 50
    assert bool(used) == screened

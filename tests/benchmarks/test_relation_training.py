"""The benchmark of relations: two steps on tiny documents."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from benchmarks.common import read_results
from benchmarks.training import relations
from spacy_gliner_biomed.training.corpora import AnnotatedText
from tests.benchmarks.conftest import strings

TEXT = AnnotatedText(
    "Zinc gave fever. Gout came.",
    [(0, 4, "chemical"), (10, 15, "disease"), (17, 21, "disease")],
    [(0, 16), (17, 27)],
    None,
    concepts=[(0, 4, "chemical", "D1"), (10, 15, "disease", "D2|D3"), (17, 21, "disease", "D4")],
)


def test_baselines_take_all_pairs_or_those_in_one_sentence() -> None:
    together = {("D1", "D2"), ("D1", "D3")}
    assert relations.all_pairs(TEXT, together=True) == together
    assert relations.all_pairs(TEXT, together=False) == {*together, ("D1", "D4")}


def test_relations_are_counted_over_all_documents() -> None:
    found = [{("D1", "D2"), ("D1", "D3")}, set()]
    scores = relations.measure(found, [{("D1", "D2")}, {("D1", "D4")}])
    assert scores == {"p": 50.0, "r": 50.0, "f": 50.0}
    assert relations.measure([set()], [set()]) == {"p": 0.0, "r": 0.0, "f": 0.0}


def test_a_threshold_is_chosen_by_its_f1() -> None:
    scores = [{("D1", "D2"): 0.9, ("D1", "D3"): 0.5}]
    assert 0.5 <= relations.best_threshold(scores, [{("D1", "D2")}]) < 0.9
    assert relations.best_threshold(scores, [{("D1", "D2"), ("D1", "D3")}]) < 0.5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*GB-W350")  # not each document has both concepts
def test_a_training_is_measured(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(corpora / "bc5cdr", tmp_path / "bc5cdr")
    names = ("train", "dev", "test")
    with gzip.open(tmp_path / "bc5cdr" / "relations.jsonl.gz", "wt", encoding="utf8") as lines:
        for number in range(len(names) * 4):
            related = [{"label": "CID", "head": "D4", "tail": "D1"}]
            lines.write(json.dumps({"id": str(number), "relations": related}) + "\n")
    asked = ["--corpora", tmp_path, "--training", tmp_path / "run", "--checkpoint", checkpoint]
    output = tmp_path / "out.json"
    relations.main(strings(*asked, "--steps", 2, "--measured", 3, "--output", output))
    rows = read_results(output)
    assert [(row["entities"], row["relations"]) for row in rows] == [
        ("gold", "all pairs"),
        ("gold", "pairs in one sentence"),
        ("gold", "trained"),
        ("found", "trained"),
    ]
    assert all(0 <= row["f"] <= 100 for row in rows)

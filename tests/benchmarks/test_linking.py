"""Benchmarks of linking on a tiny terminology and tiny corpora."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common import read_results
from benchmarks.linking import accuracy, coverage, size, speed, text
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from tests.benchmarks.conftest import IDS, NAMES, strings


def types(name: str) -> str:
    """Return a tree of MeSH; each that the rules name is there."""
    if name in NAMES["Chemical"]:
        return "Chemicals and Drugs"
    return "Diseases" if name in NAMES["Disease"] else "Psychiatry and Psychology"


@pytest.fixture(scope="module")
def ontologies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Terminologies with the names of the corpora, and a few more."""
    folder = tmp_path_factory.mktemp("ontologies")
    more = {f"name {i}": f"X{i}" for i in range(20)}
    names = {**IDS, **more}
    for file_name in ("mesh_descriptors.jsonl.gz", "ncbigene_human.jsonl.gz"):
        with gzip.open(folder / file_name, "wt", encoding="utf8") as lines:
            for name, concept_id in names.items():
                concept = {"concept_id": concept_id, "canonical_name": name, "types": [types(name)]}
                lines.write(json.dumps({**concept, "aliases": [f"{name} alias"]}) + "\n")
    return folder


def run(main: Any, corpora: Path, ontologies: Path, output: Path, *arguments: object) -> Any:
    main(strings(*arguments, "--corpora", corpora, "--ontologies", ontologies, "--output", output))
    return read_results(output)


def test_accuracy(
    corpora: Path, ontologies: Path, uni_span: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn (extra 'curate')")
    asked = ["mesh", "genes", "--encoder", uni_span, "--weights", 0.5]
    rows = run(accuracy.main, corpora, ontologies, tmp_path / "out.json", *asked, "--no-baseline")
    assert [row["setting"] for row in rows] == [
        "without memory",
        "with memory",
        "without memory, vectors 0.5",
        "with memory, vectors 0.5",
    ]
    assert rows[0]["bc5cdr"] == [100.0, 100.0]  # all names are in the terminology
    assert set(rows[0]) == {"setting", "bc5cdr", "ncbi_disease", "nlm_gene"}


def test_the_baseline(corpora: Path, ontologies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn (extra 'curate')")
    kb = accuracy.load(ontologies / "mesh_descriptors.jsonl.gz")
    gold = list(accuracy.read_mentions(corpora / "bc5cdr" / "test.jsonl.gz", kb, None))
    assert len(gold) == 8
    found = list(accuracy.by_trigrams(kb, gold))  # trigrams of " alias" are in ten names
    assert len(found) == 8


def test_coverage(corpora: Path, ontologies: Path, tmp_path: Path) -> None:
    rows = run(coverage.main, corpora, ontologies, tmp_path / "out.json")
    found = {(row["corpus"], *(row["labels"] or ())): row for row in rows}
    chemicals = found["bc5cdr", "Chemical"]
    assert chemicals["mentions"] > chemicals["ids"] > 0
    assert (chemicals["missing"], chemicals["missing_ids"], chemicals["outside"]) == (0, 0, 0)
    assert "outside" not in found["nlm_gene", "Gene"]  # no terminology with default rules


def test_missing_and_disallowed_ids_are_counted(tmp_path: Path) -> None:
    concepts = [
        Concept("MESH:D1", "Asthma", [], ["Diseases"]),
        Concept("MESH:D2", "Schizophrenia", [], ["Psychiatry and Psychology"]),
        Concept("MESH:D3", "Thinking", [], ["Health Care"]),
    ]
    kb = KnowledgeBase.build(concepts, name="mesh")
    ids = ["MESH:D1", "MESH:D2", "MESH:D2|MESH:C9", "MESH:D3", "MESH:C9", "OMIM:1", "-1", ""]
    entities = [{"label": "D", "id": id_} for id_ in ids]
    (tmp_path / "meta.json").write_text('{"labels": {"D": "disease"}}')
    with gzip.open(tmp_path / "test.jsonl.gz", "wt", encoding="utf8") as file:
        file.write(json.dumps({"entities": entities}) + "\n")
    assert coverage.measure(tmp_path, ["D"], kb) == {
        "mentions": 6,
        "missing": 2,
        "outside": 1,  # health care
        "outside_one_tree": 3,  # and mental disorders
        "missing_by_kind": {"MESH:C": 1, "OMIM": 1},
        "ids": 5,
        "missing_ids": 2,
    }


def test_raw_text(corpora: Path, ontologies: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["--checkpoint", checkpoint, "--documents", 2]
    rows = run(text.main, corpora, ontologies, tmp_path / "out.json", *asked)
    assert [(row["memory"], row["gold_mentions"]) for row in rows] == [
        (False, True),
        (False, False),
        (True, True),
        (True, False),
    ]
    assert rows[0]["link_acc1"] == 100.0


def test_speed(corpora: Path, ontologies: Path, tmp_path: Path) -> None:
    asked = ["--aliases", 46, "--rounds", 1, "--no-baseline"]
    (row,) = run(speed.main, corpora, ontologies, tmp_path / "out.json", *asked)
    assert row["system"] == speed.OURS
    assert row["names"] >= 46
    assert row["accuracy"] == 100.0


@pytest.mark.slow
def test_speed_beside_scispacy(corpora: Path, ontologies: Path, tmp_path: Path) -> None:
    pytest.importorskip("scispacy", reason="needs scispaCy (extra 'scispacy')")
    asked = ["--aliases", 46, "--rounds", 1]
    rows = run(speed.main, corpora, ontologies, tmp_path / "out.json", *asked)
    assert [row["system"] for row in rows] == [speed.OURS, "scispaCy"]


@pytest.mark.slow
def test_size(corpora: Path, ontologies: Path, tmp_path: Path) -> None:
    found = run(size.main, corpora, ontologies, tmp_path / "out.json", "--aliases", 100)
    assert found["file_mib"] > 0
    assert found["mentions_s"] > 0
    assert found["peak_mib"] >= found["peak_mib_before"]


def test_a_larger_terminology_has_new_concepts(ontologies: Path) -> None:
    concepts = list(size.many_concepts(ontologies, 100))
    assert len({concept.concept_id for concept in concepts}) == len(concepts)
    assert sum(len(concept.names) for concept in concepts) >= 100

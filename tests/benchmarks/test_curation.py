"""Benchmarks of curation and silver labels, with a random model and a server that is told."""

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common import read_results
from benchmarks.curation import (
    annotation_order,
    distillation,
    llm_accuracy,
    memory,
    ontology_silver,
    proxy,
    selection,
    selection_paired,
)
from benchmarks.curation.pools import split_train
from spacy_gliner_biomed.training.corpora import read_jsonl
from tests.benchmarks.conftest import strings
from tests.silver.serving import LlmServer
from tests.tiny_llm import tiny_llm

pytestmark = pytest.mark.slow


def test_selection(
    corpora: Path,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn (extra 'curate')")
    monkeypatch.setattr(selection, "MAIN", selection.MAIN[1:3])
    monkeypatch.setattr(selection, "LAST", [])
    output = tmp_path / "out.json"
    asked = ["--corpora", corpora, "--encoder", encoder, "--training", tmp_path, "--pool", 12]
    options = ["--base-steps", 1, "--lm-steps", 2, "--steps", 1, "--seeds", 1, "--test", 2]
    for part in ("base", "prepare", "run", "table"):
        selection.main(strings(part, *asked, *options, "--output", output))
    rows = read_results(output)
    assert [row["scorer"] for row in rows] == ["random"] * 3 + ["difficulty"] * 3
    assert "| positives by |" in capsys.readouterr().out


def test_paired_selection_with_gold_and_silver_labels(
    corpora: Path,
    checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = tiny_llm(tmp_path / "llm")
    asked = ["--corpora", corpora, "--checkpoint", checkpoint, "--pool", 12, "--test", 2]
    asked += ["--names", "bc5cdr", "--ratios", 0.5, "--scorers", "random"]
    asked += ["--language-model", model, "--every", 1, "--patience", 1, "--steps", 2]
    gold = ["--training", tmp_path / "gold", "--output", tmp_path / "gold.json"]
    for part in ("texts", "prepare", "run"):
        selection_paired.main(strings(part, *asked, *gold, "--seeds", 2))
    rows = read_results(tmp_path / "gold.json")
    assert [(row["scorer"], row["seed"]) for row in rows] == [
        ("all", 0),
        ("random", 0),
        ("all", 1),
        ("random", 1),
    ]
    assert rows[1]["positives"] == (rows[0]["positives"] + 1) // 2
    selection_paired.main(strings("run", *asked, *gold, "--seeds", 2))  # nothing is left to do
    assert read_results(tmp_path / "gold.json") == rows
    selection_paired.main(strings("table", *gold))
    assert "| random | 50% |" in capsys.readouterr().out
    lines = (tmp_path / "gold" / "bc5cdr.texts.jsonl").read_text().splitlines()
    silver = [{**json.loads(line), "entities": []} for line in lines[1:]]
    (tmp_path / "bc5cdr.jsonl").write_text("".join(json.dumps(each) + "\n" for each in silver))
    options = ["--training", tmp_path / "silver", "--output", tmp_path / "silver.json"]
    options += ["--scorers", "random", "weak-easy"]
    for part in ("prepare", "run"):
        made = strings(part, *asked, *options, "--silver", tmp_path, "--seeds", 1)
        selection_paired.main(made)
    rows = read_results(tmp_path / "silver.json")
    assert [(row["positives"], row["sentences"]) for row in rows] == [(0, 11)] * 3
    assert "1 of 12 texts have no silver labels" in capsys.readouterr().out


def test_silver_labels_of_an_ontology(corpora: Path, tmp_path: Path) -> None:
    pool, _ = split_train(argparse.Namespace(corpora=corpora, exclude=None, pool=9), "ncbi_disease")
    text, (start, end, label) = next((each.text, each.spans[0]) for each in pool if each.spans)
    concept = {"canonical_name": text[start:end].upper(), "aliases": ["a"], "types": ["disease"]}
    for name in ontology_silver.ONTOLOGIES["ncbi_disease"]:
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt") as file:
            file.write(json.dumps(concept) + "\n")
    asked = ["--corpora", corpora, "--ontologies", tmp_path, "--names", "ncbi_disease"]
    ontology_silver.main(strings(*asked, "--pool", 9, "--target", tmp_path))
    texts = list(read_jsonl(tmp_path / "ncbi_disease.jsonl", None))
    assert [each.text for each in texts] == [each.text for each in pool]
    assert (start, end, label) in next(each.spans for each in texts if each.text == text)


def test_annotation_order(
    corpora: Path,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(annotation_order, "CORPORA", ["bc5cdr"])
    output = tmp_path / "out.json"
    asked = ["--corpora", corpora, "--checkpoint", checkpoint, "--sizes", 2, 4, "--steps", 1]
    options = ["--seeds", 2, "--test", 2, "--output", output]
    annotation_order.main(strings("run", *asked, *options))
    rows = read_results(output)
    assert [row["order"] for row in rows] == [*annotation_order.ORDERS] * 2
    assert all(list(row["strict_f"]) == ["2", "4"] for row in rows)
    annotation_order.main(strings("table", "--output", output))
    assert "| both |" in capsys.readouterr().out


def test_accuracy_of_a_language_model(
    corpora: Path, llm_server: LlmServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--corpora", corpora, "--url", llm_server.url, "--model", "tiny"]
    output = tmp_path / "out.json"
    llm_accuracy.main(strings(*asked, "--sentences", 8, "--output", output))
    rows = read_results(output)
    assert [(row["sentences"], row["failed"]) for row in rows] == [(4, 0), (4, 0)]
    assert "| ncbi_disease | 4 | 0 |" in capsys.readouterr().out


def test_memory_of_a_command(tmp_path: Path) -> None:
    asked = ["--documents", 100, "--only", "annotate-llm", "--output", tmp_path / "out.json"]
    memory.main(strings(*asked))
    found = read_results(tmp_path / "out.json")
    assert list(found) == ["annotate-llm"]
    assert min(found["annotate-llm"].values()) > 50


def test_distillation(
    corpora: Path, tmp_path: Path, llm_server: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The constraint is not removed: the test's server asks for it.
    monkeypatch.setattr(proxy, "FAULTS", {"overloaded": 0.1, "severed": 0.1})
    options = "--types drug --server.backoff 0.1 --prompt.relations false"
    asked = ["--corpora", corpora, "--documents", 9, "--timeout", 2, "--url", llm_server.url[:-3]]
    distillation.main(strings(*asked, "--options", options, "--output", tmp_path / "out.json"))
    found: dict[str, Any] = read_results(tmp_path / "out.json")
    assert found["documents"] == 9
    assert found["lost"] == []
    assert found["written twice"] == 0


def test_a_fault_is_drawn_by_the_request_and_its_number() -> None:
    with proxy.Proxy("http://127.0.0.1:9", 1.0) as server:
        drawn = [server.fault(key) for key in map(str, range(400))]
        again = [server.fault("1") for _ in range(3)]
    with proxy.Proxy("http://127.0.0.1:9", 1.0) as other:
        assert [other.fault(key) for key in map(str, range(400))] == drawn
        assert [other.fault("1") for _ in range(3)] == again
    assert set(drawn) == {"", *proxy.FAULTS}

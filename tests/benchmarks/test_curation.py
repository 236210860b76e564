"""Benchmarks of curation and silver labels, with a random model and a server that is told."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel

from benchmarks.common import read_results
from benchmarks.curation import distillation, memory, proxy, selection
from tests.benchmarks.conftest import strings
from tests.parity.encoders import encoder_folder
from tests.silver.serving import LlmServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random BERT in Hugging Face's form."""
    folder = encoder_folder("small_bert", tmp_path_factory.mktemp("encoder") / "bert")
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


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

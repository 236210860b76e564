"""Benchmarks of speed on random models: each optimization is switched off once."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.common import read_results
from benchmarks.speed import int8, lever_patches, levers, relations, throughput
from benchmarks.speed.checkpoints import KINDS, make_random
from benchmarks.speed.floor import encoder_madds, gemm_rates
from benchmarks.speed.lever_patches import LEVERS, check_levers, find_internal, replaced
from benchmarks.speed.texts import make_labels, read_texts
from spacy_gliner_biomed.models.checkpoints import read_checkpoint
from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER
from spacy_gliner_biomed.nn import precision
from tests.benchmarks.conftest import strings


def test_each_internal_that_a_lever_replaces_exists() -> None:
    assert len(check_levers()) >= len(LEVERS) - 2  # all but "all of them" and malloc's settings


@pytest.mark.parametrize(
    "name", ["nn.linear:none", "nn.nowhere:product", "nn.linear:Linear.none", "nn.linear:No.none"]
)
def test_an_internal_that_is_gone_is_named(name: str) -> None:
    with pytest.raises(
        LookupError, match=re.escape(f"spacy_gliner_biomed.{name}, which does not exist")
    ):
        find_internal(name)


def test_a_lever_with_a_gone_internal_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LEVERS, "new", [replaced("nn.linear:gone", None)])
    with pytest.raises(LookupError, match=r"nn\.linear:gone"):
        check_levers()


@pytest.fixture(autouse=True)
def is_16_bit_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in 16 bits where it is asked for, also on CPUs on which the package would not."""
    monkeypatch.setattr(precision, "has_fast_products", lambda dtype, device: True)


@pytest.mark.parametrize("bits", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", ["checkpoint", "bi_span"])
def test_levers(
    kind: str, bits: str, corpora: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(kind)
    asked = ["--corpora", corpora, "--checkpoint", folder, "--precisions", bits]
    options = ["--labels", 3, "--words", 60, "--rounds", 1, "--output", tmp_path / "out.json"]
    levers.main(strings(*asked, *options))
    rows = read_results(tmp_path / "out.json")
    config = read_checkpoint(folder).config
    assert [row["without"] for row in rows] == lever_patches.levers_of(config, bits)
    if bits == "float32":  # in 16 bits, scores near the threshold may change sides
        assert {
            row["without"]: row["other_entities"] for row in rows if row["other_entities"]
        } == {}


def test_each_lever_is_run_by_one_of_the_networks(checkpoint: Path, bi_span: Path) -> None:
    found = {
        name
        for folder in (checkpoint, bi_span)
        for bits in ("float32", "bfloat16")
        for name in lever_patches.levers_of(read_checkpoint(folder).config, bits)
    }
    assert found == set(LEVERS)


def test_int8(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["--corpora", corpora, "--checkpoint", checkpoint, "--words", 60, "--rounds", 1]
    int8.main(strings(*asked, "--output", tmp_path / "out.json"))
    rows = read_results(tmp_path / "out.json")
    assert [row["setting"] for row in rows] == ["fp32", "bf16", "int8"]
    assert rows[0]["same_entities_as_fp32"] == 1.0


def test_throughput_alone(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["--corpora", corpora, "--checkpoint", checkpoint, "--alone", "--precisions", "fp32"]
    options = ["--labels", 3, "--words", 60, "--rounds", 1, "--output", tmp_path / "out.json"]
    throughput.main(strings(*asked, *options))
    (row,) = read_results(tmp_path / "out.json")
    assert (row["system"], row["labels"], row["ratio"]) == ("ours", 3, None)
    assert row["words_s"] > 0
    assert row["subtokens"] > 60
    assert row["of_floor"] > 0
    assert (tmp_path / "out.svg").exists()


def test_relations(corpora: Path, encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("gliner", reason="needs the extra 'parity'")
    asked = ["--corpora", corpora, "--encoder", encoder, "--words", 40, "--rounds", 1]
    relations.main(strings(*asked, "--output", tmp_path / "out.json"))
    rows = read_results(tmp_path / "out.json")
    assert [row["kind"] for row in rows] == ["span", "token"]
    for row in rows:
        assert row["ratio"] > 0
        assert len(row["ratios"]) == 1
        assert row["ours_entities"] == row["gliner_entities"]
        assert row["ours_relations"] == row["gliner_relations"]
    assert rows[0]["ours_entities"] > 0


def test_a_mix_has_as_many_words_as_are_asked_for(corpora: Path) -> None:
    texts = read_texts(corpora, "abstracts", 50)
    assert sum(len(text.split()) for text in texts) == 50
    assert len(set(make_labels(1000))) == 1000


def test_multiply_adds_of_an_encoder() -> None:
    config = {
        "model_type": "bert",
        "hidden_size": 4,
        "num_hidden_layers": 2,
        "intermediate_size": 8,
    }
    # A layer has 4 * 4 * 4 + 2 * 4 * 8 a subtoken, and 2 * 3 * 4 of attention.
    assert encoder_madds(config, [3]) == 2 * 3 * (128 + 24)
    deberta: dict[str, Any] = {**config, "model_type": "deberta-v2", "position_buckets": 2}
    assert encoder_madds(deberta, [3]) == 2 * 3 * (128 + 24 + 2 * 4 * 4)
    assert min(gemm_rates(torch.float32, seconds=0.05)) > 0


def test_random_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (PACKAGED_FOLDER / CONFIG_NAME).exists():
        pytest.skip("needs the packaged model")
    small = {"hidden_size": 24, "num_attention_heads": 2, "intermediate_size": 16}
    for kind, raw in list(KINDS.items())[:2]:
        encoder = {**raw["encoder_config"], **small, "num_hidden_layers": 1}
        monkeypatch.setitem(KINDS, kind, {"encoder_config": encoder, "hidden_size": 16})
        found = read_checkpoint(make_random(kind, tmp_path / kind)).config
        assert found.encoder_config["model_type"] == encoder["model_type"]

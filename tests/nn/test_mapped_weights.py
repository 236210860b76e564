"""Weights in a mapped file are the same weights, in memory once."""

import os
from pathlib import Path

import pytest
import torch
from torch import nn

from spacy_gliner_biomed.nn.mapped_weights import map_weights

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="locks files as POSIX does")


def network(seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    tied = nn.Linear(3, 5)
    layers = [nn.Embedding(7, 3), tied, nn.LSTM(5, 4, bidirectional=True), nn.Linear(2, 3).half()]
    return nn.ModuleList([*layers, tied])


def test_weights_are_equal_and_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.touch()
    first, second, expected = network(), network(), network()
    assert map_weights(first, path)
    written = path.read_bytes()
    assert map_weights(second, path)
    assert path.read_bytes() == written
    for name, weight in expected.named_parameters():
        for mapped in (first.get_parameter(name), second.get_parameter(name)):
            assert torch.equal(mapped, weight)
            assert weight.dtype == torch.float16 or mapped.data_ptr() % 64 == 0
    of_lstm = next(module for module in first.modules() if isinstance(module, nn.LSTM))
    assert {id(weight) for weight in of_lstm._flat_weights} <= set(map(id, first.parameters()))


def test_what_a_process_changes_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.touch()
    first, second = network(), network()
    assert map_weights(first, path)
    assert map_weights(second, path)
    written = path.read_bytes()
    with torch.no_grad():
        for weight in first.parameters():
            weight += 1
    assert path.read_bytes() == written
    for name, weight in network().named_parameters():
        assert torch.equal(second.get_parameter(name), weight)
        assert torch.equal(first.get_parameter(name), weight + 1)


@pytest.mark.parametrize("size", [4, 2**16])
def test_a_file_of_other_weights_is_neither_used_nor_changed(tmp_path: Path, size: int) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(size))
    own = network()
    assert not map_weights(own, path)
    assert path.read_bytes() == bytes(size)
    other = network(seed=2)
    path.write_bytes(b"")
    assert map_weights(other, path)
    assert not map_weights(own, path)
    for name, weight in network().named_parameters():
        assert torch.equal(own.get_parameter(name), weight)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_leaves_the_weights_where_they_are() -> None:
    own = network()
    assert not map_weights(own, Path("/dev/full"))
    for name, weight in network().named_parameters():
        assert torch.equal(own.get_parameter(name), weight)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="asks Linux's kernel")
def test_memory_is_the_file_and_not_the_process_own(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.touch()
    large = nn.Linear(2048, 2048)  # 16 MiB
    before = anonymous_bytes()
    assert map_weights(large, path)
    assert float(large.weight.detach().sum()) != 0
    assert before - anonymous_bytes() > 15 * 2**20


def anonymous_bytes() -> int:
    """Memory that is not of a file, which processes cannot share unless they are forked."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    [found] = [int(line.split()[1]) for line in lines if line.startswith("Anonymous:")]
    return 1024 * found

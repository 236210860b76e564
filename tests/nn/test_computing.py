"""TF32 is off while something is computed in float32, and back after that; `tests/gpu` checks what
is computed.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import torch

from spacy_gliner_biomed.nn.computing import backward_precision, forward_precision

CPU, GPU = torch.device("cpu"), torch.device("cuda")
RNN: Any = torch.backends.cudnn.rnn


@pytest.fixture(params=["tf32", "ieee"])
def set_before(request: pytest.FixtureRequest) -> Iterator[str]:
    """Sets the precision of LSTMs, as a user may."""
    before, RNN.fp32_precision = RNN.fp32_precision, request.param
    yield request.param
    RNN.fp32_precision = before


@pytest.mark.parametrize("context", [forward_precision, backward_precision])
def test_lstms_on_a_gpu_are_exact_in_float32_only(context: Any, set_before: str) -> None:
    with context("float32", GPU):
        assert RNN.fp32_precision == "ieee"
    assert set_before == RNN.fp32_precision
    with context("float32", CPU):
        assert set_before == RNN.fp32_precision
    with backward_precision("bfloat16", GPU):
        assert set_before == RNN.fp32_precision


def test_an_error_ends_the_context(set_before: str) -> None:
    with pytest.raises(KeyError), forward_precision("float32", GPU):
        raise KeyError
    assert set_before == RNN.fp32_precision


def test_threads_that_overlap_are_all_exact(set_before: str) -> None:
    entered, compared = Barrier(4), Barrier(4)

    def compute(delay: int) -> str:
        with forward_precision("float32", GPU):
            entered.wait()
            if delay:  # until others have left
                compared.wait()
            found: str = RNN.fp32_precision
        if not delay:
            compared.wait()
        return found

    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(compute, range(4))] == ["ieee"] * 4
    assert set_before == RNN.fp32_precision


def test_16_bits_are_autocast() -> None:
    with forward_precision("bfloat16", CPU):
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")
    assert not torch.is_autocast_enabled("cpu")

"""Layers around others' modules, and layers in training mode without gradients."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.nn.encoders.reference import CONFIGS, make_pair, padded


class Adapter(nn.Module):
    """Adds to a layer's output and passes all else on, as peft's layers do."""

    def __init__(self, base_layer: nn.Module) -> None:
        super().__init__()
        self.base_layer = base_layer

    def forward(self, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        result: Tensor = self.base_layer(x, *arguments, **options) + 1
        return result


def test_an_adapter_adds_before_gelu() -> None:
    _, ours = make_pair("bert")
    intermediate = ours.encoder.layer[0].intermediate
    dense = intermediate.dense
    intermediate.dense = Adapter(dense)
    x = torch.randn(3, dense.in_features)
    with torch.inference_mode():
        torch.testing.assert_close(intermediate(x), F.gelu(dense(x) + 1))


def test_no_short_cut_skips_the_dropout_of_training_mode() -> None:
    """Rows that are long enough to be attended head by head, and 16 bits."""
    _, ours = make_pair("deberta")
    for module in ours.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    attention = ours.encoder.layer[0].attention.self
    attention.dropout.p = 0.5
    ids, mask = padded([140])
    for dtype in (torch.float32, torch.bfloat16):
        with torch.no_grad(), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            expected = ours(ids, mask).last_hidden_state
            ours.train()
            assert not torch.allclose(ours(ids, mask).last_hidden_state, expected, atol=0.1)
            ours.eval()


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_padding_of_training_changes_nothing_in_16_bits(kind: str) -> None:
    _, ours = make_pair(kind)
    lengths = [20, 17, 5]
    ids, mask = padded(lengths)
    positions = torch.tensor([[0, length - 1] for length in lengths])
    with torch.autocast("cpu", torch.bfloat16):
        states = ours(ids, mask).last_hidden_state  # each row by itself, without padding
        found = ours.read(ids, mask, positions)
    expected = states[torch.arange(3)[:, None], positions]
    torch.testing.assert_close(found, expected, rtol=0, atol=0.05)

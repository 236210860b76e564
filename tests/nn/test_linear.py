"""Linear layers give the same with and without the short cuts of inference."""

import copy
import pickle

import pytest
import torch
from torch.nn import functional as F

from spacy_gliner_biomed.nn.derived import DerivedWeights, forget
from spacy_gliner_biomed.nn.linear import (
    ACTIVATIONS,
    Activation,
    Linear,
    onednn,
    prepare,
    product,
    round_up_rows,
)

TYPES = {torch.float32: 1e-5, torch.bfloat16: 0.05, torch.float16: 0.01, torch.float64: 1e-12}


@pytest.fixture
def layer() -> Linear:
    torch.manual_seed(0)
    return Linear(32, 24)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(1, 32), (7, 32), (2, 3, 32), (0, 32)])
def test_inference_gives_what_training_gives(
    layer: Linear, activation: Activation, shape: tuple[int, ...]
) -> None:
    x = torch.randn(*shape)
    trained = layer(x, activation)
    with torch.inference_mode():
        torch.testing.assert_close(layer(x, activation), trained.detach(), rtol=0, atol=1e-5)
    expected = F.linear(x, layer.weight, layer.bias)
    torch.testing.assert_close(trained, getattr(F, activation, torch.clone)(expected))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", TYPES)
def test_products_of_all_types_are_right(dtype: torch.dtype, bias: bool) -> None:
    x, weight = torch.randn(9, 16).to(dtype), torch.randn(5, 16).to(dtype)
    shift = torch.randn(5).to(dtype) if bias else None
    expected = F.linear(x.double(), weight.double(), None if shift is None else shift.double())
    with torch.inference_mode():
        for pair in ((weight, shift), prepare(weight, shift, dtype)):
            found = product(x, *pair)
            assert found.dtype == dtype
            torch.testing.assert_close(found.double(), expected, rtol=TYPES[dtype], atol=0.1)


def test_a_strided_weight_is_multiplied_right() -> None:
    x, weight = torch.randn(3, 4), torch.randn(5, 8)[:, :4]
    with torch.inference_mode():
        torch.testing.assert_close(product(x, weight, None), x @ weight.T)


def test_without_onednn_torch_multiplies(layer: Linear, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(3, 32)
    with torch.inference_mode():
        expected = layer(x, "gelu")
        monkeypatch.setattr("spacy_gliner_biomed.nn.linear.onednn", lambda dtype: None)
        torch.testing.assert_close(layer(x, "gelu"), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("broken", [lambda *a: torch.zeros(3, 2), lambda *a: 1 / 0])
def test_a_product_that_is_wrong_or_fails_is_not_used(
    monkeypatch: pytest.MonkeyPatch, broken: object
) -> None:
    class Other:
        default = broken

    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", Other)
    assert onednn.__wrapped__(torch.float32) is None


def test_weights_of_sixteen_bits_are_made_once(
    layer: Linear, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(
        "spacy_gliner_biomed.nn.linear.prepare",
        lambda *arguments: made.append(1) or prepare(*arguments),
    )
    x = torch.randn(3, 32)
    with torch.inference_mode():
        for _ in range(2):
            with torch.autocast("cpu", torch.bfloat16):
                assert layer(x).dtype == torch.bfloat16
    assert len(made) == 1


def test_what_is_kept_is_made_again_for_other_weights_and_after_forgetting() -> None:
    kept, weight = DerivedWeights(), torch.zeros(2)
    made: list[float] = []

    def get(what: str = "") -> None:
        kept.get([weight], what, lambda: made.append(1.0))

    get(), get()
    assert len(made) == 1
    weight.add_(1), get()
    assert len(made) == 2
    get("other"), get()
    assert len(made) == 4
    holder = torch.nn.Module()
    holder.kept = kept  # type: ignore[assignment]
    forget(holder), get()
    assert len(made) == 5


@pytest.mark.parametrize("again", [copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))])
def test_copies_start_with_nothing_kept(again: object) -> None:
    kept = DerivedWeights()
    kept.get([], "", lambda: "value")
    assert again(kept).last is None  # type: ignore[operator]


def test_rounded_row_counts_are_few_and_waste_little() -> None:
    numbers = [round_up_rows(count) for count in range(1, 4097)]
    assert numbers[:17] == [16] * 16 + [32]
    assert all(0 <= n - i - 1 <= max(15, i / 32) for i, n in enumerate(numbers))
    assert len(set(numbers)) == 128

"""NaN and infinity are errors where they arise, and lose no entity."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.nn.checkpoint_tensors import load_network, published_tensors
from spacy_gliner_biomed.nn.finite import cast_weight, check_vectors, is_finite
from spacy_gliner_biomed.nn.linear import Linear
from tests.nn.test_networks import KINDS, SHAPE, batch, make, run
from tests.tiny import ENCODERS

BAD = st.sampled_from([float("nan"), float("inf"), float("-inf")])
TYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


@pytest.mark.parametrize("dtype", TYPES)
@given(values=st.lists(st.floats(width=16, allow_nan=False, allow_infinity=False)), bad=BAD)
def test_one_number_of_many_is_enough(dtype: torch.dtype, values: list[float], bad: float) -> None:
    tensor = torch.tensor(values, dtype=dtype)
    assert is_finite(tensor)
    for place in range(len(values) + 1):
        damaged = torch.tensor([*values[:place], bad, *values[place:]], dtype=dtype)
        assert not is_finite(damaged)


def test_the_largest_numbers_are_finite() -> None:
    for dtype in TYPES:
        largest = torch.finfo(dtype).max
        assert is_finite(torch.tensor([-largest, largest], dtype=dtype))


@pytest.mark.parametrize("kind", [*KINDS, "deberta"])
def test_a_number_that_is_none_in_any_tensor_is_refused(kind: str) -> None:
    """The first or the last number of each tensor of each kind of network."""
    deberta = {"encoder_config": {**SHAPE, **ENCODERS["deberta"]}}
    network = make("uni_span", **deberta) if kind == "deberta" else make(kind)
    tensors = published_tensors(network)
    assert len(tensors) > 20
    for i, (name, tensor) in enumerate(tensors.items()):
        damaged = tensor.clone()
        damaged.view(-1)[-(i % 2)] = (torch.nan, torch.inf, -torch.inf)[i % 3]
        with pytest.raises(ValueError, match=r"\[GB-E130\] The checkpoint's weights.*finite"):
            load_network(network.config, {**tensors, name: damaged})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_vectors_that_overflow_are_an_error_in_each_pass(kind: str, dtype: torch.dtype) -> None:
    """Of the encoder, which a fused ReLU behind it would turn into zeros."""
    network = make(kind)
    with torch.no_grad():
        network.encoder.encoder.layer[-1].output.LayerNorm.weight.fill_(3e38)
        network.encoder.encoder.layer[-1].output.LayerNorm.bias.fill_(3e38)
    with (
        torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16),
        pytest.raises(ValueError, match=r"\[GB-E131\].*vectors of labels and words"),
    ):
        run(network, batch([9, 15], [3, 7]))


def test_label_vectors_that_are_not_finite_are_an_error() -> None:
    network = make("bi_span")
    with torch.no_grad():
        network.labels_encoder.embeddings.word_embeddings.weight[5] = torch.nan
    with pytest.raises(ValueError, match=r"\[GB-E131\]"):
        run(network, batch([9], [3]))
    network = make("uni_span")
    with torch.no_grad():
        network.prompt_projection[-1].bias[0] = torch.inf
    with pytest.raises(ValueError, match=r"\[GB-E131\].*vectors of labels are"):
        run(network, batch([9], [3]))


def test_an_lstm_that_gives_no_numbers_is_an_error() -> None:
    network = make("uni_span")
    with torch.no_grad():
        network.lstm.bias_hh_l0.fill_(torch.nan)
    with pytest.raises(ValueError, match=r"\[GB-E131\].*vectors of words are"):
        run(network, batch([9], [3]))


def test_finite_vectors_come_back_as_they_are() -> None:
    vectors = torch.ones(2, 3, requires_grad=True)
    assert check_vectors(vectors, "words") is vectors
    assert check_vectors(torch.ones(2, 0), "words").shape == (2, 0)


def test_weights_that_16_bits_cannot_hold_are_refused() -> None:
    fits, beyond = torch.tensor([65504.0]), torch.tensor([1.0, 65520.0])
    assert cast_weight(fits, torch.float16, "x").item() == 65504
    assert torch.isfinite(cast_weight(beyond, torch.bfloat16, "x")).all()
    with pytest.raises(ValueError, match=r"\[GB-E136\] x has .* too large for torch.float16"):
        cast_weight(beyond, torch.float16, "x")
    layer = Linear(2, 2)
    with torch.no_grad():
        layer.weight[0, 0] = 1e6
    with (
        torch.inference_mode(),
        torch.autocast("cpu", torch.float16),
        pytest.raises(ValueError, match=r"\[GB-E136\] A weight of \(2, 2\)"),
    ):
        layer(torch.ones(1, 2))

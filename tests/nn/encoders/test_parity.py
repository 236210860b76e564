"""Our encoders give what transformers' classes give with the same weights."""

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.derived import forget
from spacy_gliner_biomed.nn.encoders.blocks import PackedEncoder
from tests.nn.encoders.reference import CONFIGS, SHAPE, make_pair, padded

KINDS = pytest.mark.parametrize("kind", CONFIGS)
# Alone, equal, unequal and unsorted, single subtokens, longer than a block and than all buckets.
LENGTHS = [[1], [17], [16, 16], [9, 20, 20, 4, 20], [7, 1, 1], [300, 130, 129, 128]]
BATCHES = pytest.mark.parametrize("lengths", LENGTHS, ids=str)


def states_of(encoder: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """True subtokens only: what is at padding is nobody's. # (T, H)"""
    states: Tensor = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return states[mask.bool()]


def positions_in(lengths: list[int]) -> Tensor:
    """Every third place of each row, out of order and with holes."""
    rows = [[-1, *range(length - 1, -1, -3), -1] for length in lengths]
    widest = max(map(len, rows))
    return torch.tensor([row + [-1] * (widest - len(row)) for row in rows])


def read_by_hand(encoder: nn.Module, ids: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
    states: Tensor = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    rows = torch.arange(len(ids))[:, None]
    return states[rows, positions.clamp(min=0)][positions >= 0]


@KINDS
@BATCHES
def test_states_are_transformers_in_inference(kind: str, lengths: list[int]) -> None:
    theirs, ours = make_pair(kind)
    with torch.inference_mode():
        expected = states_of(theirs, *padded(lengths))
        for _ in range(2):  # made, then kept
            torch.testing.assert_close(
                states_of(ours, *padded(lengths)), expected, rtol=0, atol=1e-5
            )


@KINDS
@BATCHES
def test_states_that_are_read_are_transformers(kind: str, lengths: list[int]) -> None:
    theirs, ours = make_pair(kind)
    ids, mask = padded(lengths)
    positions = positions_in(lengths)
    with torch.inference_mode():
        expected = read_by_hand(theirs, ids, mask, positions)
        found = ours.read(ids, mask, positions)[positions >= 0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@KINDS
@BATCHES
def test_states_and_gradients_are_transformers_in_training(kind: str, lengths: list[int]) -> None:
    theirs, ours = make_pair(kind)
    ids, mask = padded(lengths)
    positions = positions_in(lengths)
    expected = read_by_hand(theirs, ids, mask, positions)
    found = ours.read(ids, mask, positions)[positions >= 0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    weights = torch.randn_like(expected) / len(expected)
    (expected * weights).sum().backward()
    (found * weights).sum().backward()
    wanted = {n: p.grad for n, p in theirs.named_parameters() if not n.startswith("pooler.")}
    for name, parameter in ours.named_parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        target = torch.zeros_like(parameter) if wanted[name] is None else wanted[name]
        assert torch.allclose(gradient, target, rtol=1e-4, atol=1e-5), name


@KINDS
@BATCHES
def test_double_precision_is_transformers(kind: str, lengths: list[int]) -> None:
    theirs, ours = make_pair(kind)
    with torch.inference_mode():
        expected = states_of(theirs.double(), *padded(lengths))
        found = states_of(ours.double(), *padded(lengths))
    # transformers takes DeBERTa's scale in float32.
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 if kind == "deberta" else 1e-12)


@KINDS
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bits_are_near_transformers(kind: str, dtype: torch.dtype) -> None:
    theirs, ours = make_pair(kind)
    ids, mask = padded([40, 23])
    with torch.inference_mode():
        exact = states_of(theirs, ids, mask)
        with torch.autocast("cpu", dtype):
            errors = [(states_of(e, ids, mask) - exact).abs().mean() for e in (theirs, ours)]
    assert 0 < errors[1] < 2 * errors[0]


@KINDS
def test_names_and_shapes_of_weights_are_transformers(kind: str) -> None:
    theirs, ours = make_pair(kind)
    expected = {n: t.shape for n, t in theirs.state_dict().items() if not n.startswith("pooler.")}
    assert {name: tensor.shape for name, tensor in ours.state_dict().items()} == expected


@KINDS
def test_a_row_does_not_depend_on_the_rows_beside_it(kind: str) -> None:
    _, ours = make_pair(kind)
    ids, mask = padded([30, 30, 12])
    with torch.inference_mode():
        together = ours(ids, mask).last_hidden_state[2, :12]
        alone = ours(ids[2:, :12]).last_hidden_state[0]
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


@KINDS
def test_padding_comes_out_as_zeros(kind: str) -> None:
    _, ours = make_pair(kind)
    ids, mask = padded([9, 4])
    with torch.inference_mode():
        assert not ours(ids, mask).last_hidden_state[1, 4:].any()


CHANGES = {
    "in_place": lambda encoder: _each(encoder, lambda p: p.mul_(1.1)),
    "loaded": lambda encoder: encoder.load_state_dict(
        {name: tensor * 1.1 for name, tensor in encoder.state_dict().items()}
    ),
    "replaced": lambda encoder: _each(encoder, lambda p: setattr(p, "data", p.data * 1.1)),
    "stepped": lambda encoder: _step(encoder),
}


def _each(encoder: PackedEncoder, change: object) -> None:
    with torch.no_grad():
        for parameter in encoder.parameters():
            change(parameter)  # type: ignore[operator]


def _step(encoder: PackedEncoder) -> None:
    for parameter in encoder.parameters():
        parameter.grad = torch.ones_like(parameter)
    torch.optim.AdamW(encoder.parameters(), lr=0.1, fused=True).step()
    forget(encoder)


@KINDS
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("how", CHANGES)
def test_what_is_kept_follows_the_weights(kind: str, how: str, precision: torch.dtype) -> None:
    _, ours = make_pair(kind)
    ids, mask = padded([20, 8])

    def run(encoder: PackedEncoder) -> Tensor:
        with (
            torch.inference_mode(),
            torch.autocast("cpu", precision, enabled=precision != torch.float32),
        ):
            return states_of(encoder, ids, mask)

    before = run(ours)
    CHANGES[how](ours)
    fresh = make_pair(kind)[1]
    fresh.load_state_dict(ours.state_dict())
    assert not torch.equal(run(ours), before)
    assert torch.equal(run(ours), run(fresh))


@KINDS
@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_and_pickles_run_alike(kind: str, again: object) -> None:
    _, ours = make_pair(kind)
    ids, mask = padded([20, 8])
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        before = states_of(ours, ids, mask)
        assert torch.equal(states_of(again(ours), ids, mask), before)  # type: ignore[operator]


@KINDS
def test_dropout_of_all_layers_is_read_when_it_runs(kind: str) -> None:
    _, ours = make_pair(kind)
    ids, mask = padded([20, 8])
    expected = states_of(ours, ids, mask)
    ours.train()
    for rate, same in ((0.0, True), (0.5, False)):
        for module in ours.modules():
            if isinstance(module, nn.Dropout):
                module.p = rate
        assert torch.allclose(states_of(ours, ids, mask), expected, atol=1e-5) == same


@KINDS
def test_frozen_layers_get_no_gradient(kind: str) -> None:
    _, ours = make_pair(kind)
    ours.embeddings.requires_grad_(False)
    ours.encoder.layer[0].requires_grad_(False)
    states_of(ours, *padded([20, 8])).sum().backward()
    assert ours.embeddings.word_embeddings.weight.grad is None
    assert ours.encoder.layer[1].output.dense.weight.grad is not None


@KINDS
def test_training_in_sixteen_bits_gives_gradients_of_the_weights_type(kind: str) -> None:
    _, ours = make_pair(kind)
    ours.train()
    with torch.autocast("cpu", torch.bfloat16):
        states = states_of(ours, *padded([20, 8]))
    states.float().square().mean().backward()
    assert ours.embeddings.word_embeddings.weight.grad.dtype == torch.float32


def test_positions_beyond_the_embeddings_are_refused() -> None:
    _, ours = make_pair("bert")
    ids = torch.ones(1, SHAPE["max_position_embeddings"] + 1, dtype=torch.long)
    with pytest.raises(IndexError), torch.inference_mode():
        ours(ids)

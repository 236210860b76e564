"""Optimizer steps: each of the settings reaches torch."""

import pytest
import torch
from torch import nn

from spacy_gliner_biomed.models.trainer import TABLE_ROWS, TorchTrainer, make_adamw
from spacy_gliner_biomed.models.tuning import Tuning


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, 2)
        self.scorer = nn.Linear(2, 2)


def test_groups_have_their_own_rates_and_decay() -> None:
    trainer = TorchTrainer(net := Net(), Tuning())
    settings = make_adamw(1e-3, scorer_factor=4.0, L2=0.1, beta1=0.8, beta2=0.9, eps=1e-5)
    net.scorer(net.encoder(torch.ones(1, 2))).sum().backward()
    trainer.step(settings)
    found = {
        key: (group["lr"], group["weight_decay"])
        for key, group in zip(trainer.keys, trainer.optimizer.param_groups, strict=True)
    }
    assert found == {
        (True, True): (1e-3, 0.1),
        (True, False): (1e-3, 0.0),
        (False, True): (4e-3, 0.1),
        (False, False): (4e-3, 0.0),
    }
    for group in trainer.optimizer.param_groups:
        assert (group["betas"], group["eps"]) == ((0.8, 0.9), 1e-5)
    assert all(parameter.grad is None for parameter in net.parameters())


def test_gradients_are_clipped_together_and_frozen_parameters_stay() -> None:
    net = Net()
    before = net.encoder.weight.clone()
    trainer = TorchTrainer(net, Tuning(freeze_layers=-1))
    (1e6 * net.scorer(torch.ones(1, 2)).sum()).backward()
    seen: list[float] = []
    trainer.optimizer.register_step_pre_hook(
        lambda *_: seen.append(sum(float(p.grad.norm() ** 2) for p in trainer.parameters) ** 0.5)
    )
    trainer.step(make_adamw(1e-3, grad_clip=0.5))
    assert seen == [pytest.approx(0.5, rel=1e-3)]
    assert torch.equal(net.encoder.weight, before)


@pytest.mark.parametrize("grad_clip", [0.0, 1.0])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_gradients_that_are_not_finite_end_the_training_and_change_no_weight(
    grad_clip: float, bad: float
) -> None:
    trainer = TorchTrainer(net := Tables(), Tuning())
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    (bad * net(torch.tensor([1, 2]))).backward()
    with pytest.raises(ValueError, match=r"\[GB-E132\].*diverged.* is (nan|inf)\."):
        trainer.step(make_adamw(1e-3, grad_clip=grad_clip))
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    net(torch.tensor([3])).backward()
    trainer.step(make_adamw(1e-3, grad_clip=grad_clip))
    assert all(torch.isfinite(tensor).all() for tensor in net.state_dict().values())


def test_a_state_with_weights_that_are_not_finite_is_refused() -> None:
    trainer = TorchTrainer(net := Net(), Tuning())
    state = {
        **trainer.state(),
        "network": {**net.state_dict(), "scorer.bias": torch.full((2,), torch.nan)},
    }
    with pytest.raises(ValueError, match=r"\[GB-E130\].*training state.*scorer.bias"):
        trainer.restore(state)


class Tables(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.large = nn.Embedding(TABLE_ROWS, 3, padding_idx=0)
        self.small = nn.Embedding(4, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return (self.large(ids) * self.small(ids % 4) * torch.arange(3)).sum()


def test_tables_learn_as_with_dense_gradients() -> None:
    torch.manual_seed(0)
    net, reference = Tables(), Tables()
    reference.load_state_dict(net.state_dict())
    trainer = TorchTrainer(net, Tuning())
    assert [table.weight for table in trainer.tables] == [net.large.weight]
    optimizer = torch.optim.AdamW(reference.parameters(), lr=0.1, weight_decay=0.5)
    batches = [[[3, 3, 0], [7, 1]], [[5]], [[3, 9], [9]], []]  # of each step, accumulated
    for step in batches:
        for ids in step:
            (1e3 * net(torch.tensor(ids))).backward()
            (1e3 * reference(torch.tensor(ids))).backward()
        trainer.step(make_adamw(0.1, scorer_factor=1.0, L2=0.5, grad_clip=1.0))
        if step:
            nn.utils.clip_grad_norm_(reference.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        assert net.large.weight.grad is None
        assert not trainer.tables[0].gradient.any()
        for found, expected in zip(net.parameters(), reference.parameters(), strict=True):
            torch.testing.assert_close(found, expected)


def test_frozen_tables_cost_nothing() -> None:
    net = Tables()
    net.large.weight.requires_grad_(False)
    assert not TorchTrainer(net, Tuning()).tables
    assert not net.large.sparse

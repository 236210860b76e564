"""Optimizer steps: each of the settings reaches torch."""

import pytest
import torch
from torch import nn

from spacy_gliner_biomed.models.trainer import TorchTrainer, make_adamw
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

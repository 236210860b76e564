"""Take optimizer steps in torch, with the settings and schedules of thinc's optimizer."""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

import torch
from thinc.api import Optimizer
from torch import nn

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.tuning import ENCODERS, Tuning
from spacy_gliner_biomed.nn.allocator import tune_malloc_for_training
from spacy_gliner_biomed.nn.finite import check_weights

NORMS = ("norm", "layernorm")
TABLE_ROWS = 2**13


class AdamW(Optimizer):
    """thinc's Adam with the settings of GLiNER's training; `torch.optim.AdamW` takes the steps.

    scorer_factor (float): Learning rate of all other weights, as a multiple of the encoders' rate.
    """

    def __init__(self, learn_rate: Any, *, scorer_factor: float = 1.0, **settings: Any) -> None:
        super().__init__(learn_rate, L2_is_weight_decay=True, use_averages=False, **settings)
        self.scorer_factor = scorer_factor


def make_adamw(
    learn_rate: Any,
    scorer_factor: float = 3.0,
    L2: float = 0.01,  # noqa: N803  thinc's name
    grad_clip: float = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> AdamW:
    """Make an `AdamW` optimizer. Registered as `spacy-gliner-biomed.AdamW.v1`.

    learn_rate: Learning rate of the encoders: a number or a thinc schedule.
    scorer_factor (float): Learning rate of all other weights, as a multiple of `learn_rate`.
    L2 (float): Weight decay; not applied to biases and norms.
    grad_clip (float): Maximum norm of all gradients together; 0 for no clipping.
    beta1, beta2, eps (float): Adam's parameters.
    RETURNS (AdamW): The optimizer.
    """
    return AdamW(
        learn_rate,
        scorer_factor=scorer_factor,
        L2=L2,
        grad_clip=grad_clip,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
    )


class TorchTrainer:
    """The training state of a network.

    network (nn.Module): The network, which is trained in place.
    tuning (Tuning): Selects the weights to train.
    RAISES (ImportError): If LoRA is requested and peft is not installed.
    """

    def __init__(self, network: nn.Module, tuning: Tuning) -> None:
        tune_malloc_for_training()
        tuning.apply(network)
        self.network = network
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.tables = [Table(module) for module in network.modules() if _is_large_table(module)]
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                key = (_is_encoder(name), _decays(name, parameter))
                groups.setdefault(key, []).append(parameter)
        self.keys = list(groups)
        self.optimizer = torch.optim.AdamW(
            [{"params": parameters} for parameters in groups.values()], fused=True
        )

    def step(self, settings: Optimizer) -> None:
        """Take a step with the current values of a thinc optimizer, and clear the gradients.

        settings (Optimizer): Learning rate, weight decay, clipping and Adam's parameters.
        RAISES (ValueError): If a gradient is not finite; the weights are then unchanged.
        """
        for table in self.tables:
            table.spread()
        self._clip(settings.grad_clip)
        rate = float(settings.learn_rate)
        factor = getattr(settings, "scorer_factor", 1.0)
        for (encoder, decays), group in zip(self.keys, self.optimizer.param_groups, strict=True):
            group["lr"] = rate if encoder else rate * factor
            group["weight_decay"] = float(settings.L2) if decays else 0.0
            group["betas"] = (float(settings.b1), float(settings.b2))
            group["eps"] = float(settings.eps)
        self.optimizer.step()
        self.clear_gradients()

    def _clip(self, max_norm: float) -> None:
        """Check the gradients, and scale them down to the maximum norm, unless that is 0."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if not math.isfinite(norm):
            self.clear_gradients()
            raise ValueError(Errors.E132.format(found=float(norm)))
        if max_norm:
            nn.utils.clip_grads_with_norm_(self.parameters, max_norm, norm)

    def clear_gradients(self) -> None:
        """Remove all gradients."""
        self.optimizer.zero_grad(set_to_none=True)
        for table in self.tables:
            table.clear()

    def state(self) -> dict[str, Any]:
        """Return the state of the weights and of the optimizer, without the settings."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a `state` of the same network with the same tuning.

        state (Mapping[str, Any]): The state.
        RAISES (ValueError): If its weights are not finite.
        """
        self.network.load_state_dict(state["network"])
        check_weights(self.network, "The weights in the training state")
        self.optimizer.load_state_dict(state["optimizer"])


class Table:
    """The gradient of a large embedding table, in memory that is allocated only once.

    A step writes and clears only the rows that occur in the batch. A new tensor of zeros for each
    batch would take a twentieth of the time of a training step.

    module (nn.Embedding): The embedding; its gradients become sparse.
    """

    def __init__(self, module: nn.Embedding) -> None:
        module.sparse = True
        self.weight = module.weight
        self.gradient = torch.zeros_like(module.weight)
        self.rows = torch.zeros(0, dtype=torch.long, device=module.weight.device)

    def spread(self) -> None:
        """Turn the sparse gradient into a dense one, which the optimizer needs."""
        sparse = self.weight.grad
        if sparse is None or not sparse.is_sparse:
            return
        sparse = sparse.coalesce()
        self.rows = sparse.indices()[0]
        self.weight.grad = self.gradient.index_copy_(0, self.rows, sparse.values())

    def clear(self) -> None:
        """Clear the rows of the last step."""
        self.gradient.index_fill_(0, self.rows, 0.0)
        self.rows = self.rows[:0]


def set_dropout(network: nn.Module, rate: float) -> None:
    """Set the rate of each dropout layer, so that `nlp.update(drop=...)` reaches torch."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate


def _is_large_table(module: nn.Module) -> TypeGuard[nn.Embedding]:
    if not isinstance(module, nn.Embedding):
        return False
    return module.weight.requires_grad and module.num_embeddings >= TABLE_ROWS


def _is_encoder(name: str) -> bool:
    return name.startswith(ENCODERS)


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return parameter.dim() > 1 and not any(norm in name.lower() for norm in NORMS)

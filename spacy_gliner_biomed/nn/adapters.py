"""Merge the low-rank adapters that peft adds to a network into its weights."""

import torch
from torch import Tensor, nn

ADAPTER = "default"  # peft's own name for the only adapter of a module


def plain_state_dict(network: nn.Module) -> dict[str, Tensor]:
    """Return the state dict with the learned adapters added to the weights of their layers.

    The network stays unchanged: merging and unmerging in place would round its weights.

    network (nn.Module): Any network. Without adapters, its own state dict is returned.
    RETURNS (dict[str, Tensor]): Tensors under the names of a network without adapters.
    """
    tensors: dict[str, Tensor] = dict(network.state_dict())
    for name, module in network.named_modules():
        if hasattr(module, "get_delta_weight"):  # a linear layer wrapped by peft
            with torch.no_grad():
                key = f"{name}.base_layer.weight"
                tensors[key] = tensors[key] + module.get_delta_weight(ADAPTER)
    return {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in tensors.items()
        if ".lora_" not in name
    }

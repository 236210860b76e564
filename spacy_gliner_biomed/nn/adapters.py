"""Weights of a network that peft gave low-rank adapters, as if it had never been given any."""

import torch
from torch import Tensor, nn

ADAPTER = "default"  # peft's own name for the only adapter of a module


def plain_state_dict(network: nn.Module) -> dict[str, Tensor]:
    """The state dict with what adapters learnt added to the weights that they stand beside.

    The network itself is left as it is: merging and unmerging in place would round its weights.

    network (nn.Module): Any; without adapters this is its own state dict.
    """
    tensors: dict[str, Tensor] = dict(network.state_dict())
    for name, module in network.named_modules():
        if hasattr(module, "get_delta_weight"):  # peft's layer around a linear one
            with torch.no_grad():
                key = f"{name}.base_layer.weight"
                tensors[key] = tensors[key] + module.get_delta_weight(ADAPTER)
    return {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in tensors.items()
        if ".lora_" not in name
    }

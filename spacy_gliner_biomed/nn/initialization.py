"""Build networks without random initial weights, which a checkpoint replaces anyway."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# torch passes calls of `nn.init` functions to the mode, not the calls inside them.
RANDOM = (
    Tensor.normal_,
    Tensor.uniform_,
    nn.init.normal_,
    nn.init.uniform_,
    nn.init.kaiming_uniform_,
    nn.init.kaiming_normal_,
    nn.init.xavier_uniform_,
    nn.init.xavier_normal_,
)


class SkipRandomInit(TorchFunctionMode):
    """A context that fills weights with zeros instead of random numbers.

    Drawing a vocabulary matrix takes seconds, and loading fails unless the checkpoint has every
    weight. Uninitialized memory would not do: torch's truncated normal draws again until all
    numbers are within its bounds.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = {**(kwargs or {})}
        if func not in RANDOM:
            return func(*args, **given)
        tensor = args[0] if args else given["tensor"]
        with torch.no_grad():
            return tensor if tensor.is_meta else tensor.zero_()

"""Builds networks without drawing weights that are read from a checkpoint anyway."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# torch hands the functions of `nn.init` to a mode as wholes.
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
    """Fills with zeros instead of random numbers: each weight is read from a checkpoint or the
    loading fails, and drawing a vocabulary matrix takes seconds. Zeros and not just any memory,
    since torch's truncated normal draws again until each number is within its bounds.
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

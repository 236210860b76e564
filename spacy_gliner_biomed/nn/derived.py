"""Tensors that follow from weights, computed once and kept until a weight changes.

For weights of 16 bits that is 10 % of the time. Threads may share them: a value and what it
follows from are replaced together, at worst made twice.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from torch import Tensor, nn


class DerivedWeights:
    """One derived value, such as weights cast to 16 bits. It is neither copied nor pickled."""

    def __init__(self) -> None:
        self.last: tuple[Hashable, Any] | None = None  # what it follows from, and the value

    def get(self, weights: Sequence[Tensor], what: Hashable, make: Callable[[], Any]) -> Any:
        """The value, made now if there is none of these weights as they are.

        weights (Sequence[Tensor]): What the value follows from. torch counts changes in place,
            but not those of its fused optimizers: after a step, `forget` has to be called.
        what (Hashable): What else it depends on.
        make (Callable): Computes it.
        """
        state = tuple(
            (w.data_ptr(), -1 if w.is_inference() else w._version, w.dtype, w.device)
            for w in weights
        )
        last = self.last
        if last is None or last[0] != (state, what):
            last = self.last = (state, what), make()
        return last[1]

    def __reduce__(self) -> tuple[type["DerivedWeights"], tuple[()]]:
        return DerivedWeights, ()


def forget(network: nn.Module) -> None:
    """Drop what a network keeps, because its weights have changed."""
    for module in network.modules():
        for value in vars(module).values():
            if isinstance(value, DerivedWeights):
                value.last = None

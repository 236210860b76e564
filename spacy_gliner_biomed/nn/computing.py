"""Compute forward and backward passes in a precision that `precision` chose."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import Any

import torch

from spacy_gliner_biomed.types import Precision


class ExactLSTMs:
    """Turns off TF32, which cuDNN uses for LSTMs by default.

    TF32 rounds to 10 bits after the point, as float16 does. In tests with tiny random checkpoints,
    it changes logits by up to 0.003. The setting belongs to the whole process, so the last thread
    that leaves the context restores it.
    """

    def __init__(self) -> None:
        self.lock, self.n_users, self.before = Lock(), 0, "none"

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Compute LSTMs in float32."""
        rnn: Any = torch.backends.cudnn.rnn
        with self.lock:
            if not self.n_users:
                self.before, rnn.fp32_precision = rnn.fp32_precision, "ieee"
            self.n_users += 1
        try:
            yield
        finally:
            with self.lock:
                self.n_users -= 1
                if not self.n_users:
                    rnn.fp32_precision = self.before


exact_lstms = ExactLSTMs()


def forward_precision(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which to compute a forward pass.

    precision (Precision): A value of `effective_precision`.
    device (torch.device): The network's device.
    RETURNS (AbstractContextManager): The context; autocast for 16 bits.
    """
    if precision == "float32":
        return backward_precision(precision, device)
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def backward_precision(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which to compute the backward pass, which needs no autocast.

    precision, device: As for `forward_precision`.
    RETURNS (AbstractContextManager): The context.
    """
    exact = precision == "float32" and device.type == "cuda"
    return exact_lstms() if exact else nullcontext()

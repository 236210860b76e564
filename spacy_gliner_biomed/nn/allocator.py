"""Has the C library keep the memory of large tensors instead of fetching it anew each time."""

import ctypes
import os
from functools import cache

import torch

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
NEVER = 2**31 - 1
GROWTH = 2**26


@cache
def tune_malloc_for_training() -> bool:
    """Stop glibc from giving anything back, once for the process: for training.

    A training step asks for the same hundreds of large blocks as the step before it; by default
    each of them comes fresh from the kernel, page by page, which costs up to a third of the time
    on a CPU. Values that the user has set in the environment stay.

    RETURNS (bool): Whether the C library is glibc and took the settings.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    wanted = {
        "MALLOC_MMAP_MAX_": (M_MMAP_MAX, 0),
        "MALLOC_TRIM_THRESHOLD_": (M_TRIM_THRESHOLD, NEVER),
        "MALLOC_TOP_PAD_": (M_TOP_PAD, GROWTH),
    }
    chosen = [setting for name, setting in wanted.items() if name not in os.environ]
    taken = [mallopt(what, value) == 1 for what, value in chosen]
    return all(taken)


def tune_malloc_for_inference() -> None:
    """Have glibc reuse what is freed of blocks up to 32 MiB, and still give back what is free at
    the end: for prediction, whose process may live long beside others.

    It does so for blocks as large as any that was freed before, unless the user has set its
    limits: a batch's tensors then cost no page faults, which took 11 to 26 % of the time in 16
    bits (benchmarks/speed/levers.py). No page of this block is ever touched.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)

"""Tune when glibc's malloc keeps the memory of large tensors and when it returns it."""

import ctypes
import os
from functools import cache

import torch

# Constants of glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
NEVER = 2**31 - 1
GROWTH = 2**26


@cache
def tune_malloc_for_training() -> bool:
    """Stop glibc from returning memory to the kernel, for training. Runs once per process.

    Each training step allocates the same hundreds of large blocks. By default, the kernel maps
    every block again, page by page, which costs up to a third of the time on a CPU. Values that
    the user has set in the environment are kept.

    RETURNS (bool): Whether the C library is glibc and accepted the settings.
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
    """Let glibc reuse freed blocks of up to 32 MiB, for prediction.

    glibc raises its limit for reuse to the size of the largest block freed so far, unless the user
    has set the limits. Allocating and freeing one large block therefore suffices; its pages are
    never touched. The tensors of a batch then cause no page faults, which took 11 to 26 % of the
    time in 16 bits (benchmarks/speed/levers.py). Free memory at the end of the heap still goes back
    to the kernel, because a prediction process may run for a long time beside others.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def return_free_memory() -> None:
    """Let glibc return the pages of freed blocks to the kernel, also between blocks in use."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return

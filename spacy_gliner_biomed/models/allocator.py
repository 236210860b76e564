"""Tells the C library to keep the memory of large tensors instead of giving it back."""

import ctypes
import os
from functools import cache

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT = 2**31 - 1
GROWTH = 2**26


@cache
def keep_large_blocks() -> bool:
    """Stop glibc from mapping each large block anew, once for the process.

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
        "MALLOC_TRIM_THRESHOLD_": (M_TRIM_THRESHOLD, KEPT),
        "MALLOC_TOP_PAD_": (M_TOP_PAD, GROWTH),
    }
    chosen = [setting for name, setting in wanted.items() if name not in os.environ]
    taken = [mallopt(what, value) == 1 for what, value in chosen]
    return all(taken)

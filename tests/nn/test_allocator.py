"""Memory of large blocks is kept by the process."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import torch
from spacy_gliner_biomed.nn.allocator import tune_malloc_for_training

if {keep}:
    assert tune_malloc_for_training()
for _ in range(20):
    torch.ones(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def count_page_faults(*, keep: bool) -> int:
    """Of twenty blocks of 64 MiB, one after the other, in a process of its own."""
    command = [sys.executable, "-c", SCRIPT.format(keep=keep)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="settings of glibc")
def test_kept_blocks_cause_hardly_any_page_faults() -> None:
    assert 10 * count_page_faults(keep=True) < count_page_faults(keep=False)

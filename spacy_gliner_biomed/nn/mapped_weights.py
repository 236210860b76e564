"""Weights in a file that several processes map, so that they are in memory once."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.allocator import return_free_memory

ALIGNMENT = 16  # float32 numbers, or 64 bytes, to which torch aligns its own memory


def map_weights(network: nn.Module, path: Path) -> bool:
    """Replace the weights of a network on the CPU by views of a file.

    The first process writes its float32 weights to the file. Every process maps the file only if
    it holds exactly its own weights, so results cannot change. The kernel copies a page when a
    process writes to it. If the file cannot be written or holds something else, the network keeps
    its own memory.

    network (nn.Module): The network.
    path (Path): An existing file, empty at first. It may be deleted already, and have only a name
        below `/proc`.
    RETURNS (bool): Whether the weights are mapped.
    """
    weights = [weight for weight in network.parameters() if _can_be_mapped(weight)]
    offsets = _offsets(weights)
    try:
        _write(path, weights, offsets)
        flat = torch.from_file(str(path), shared=False, size=offsets[-1], dtype=torch.float32)
    except (OSError, RuntimeError):  # a full disk; a file of another length
        return False
    views = [
        flat[start : start + weight.numel()].view(weight.shape)
        for start, weight in zip(offsets, weights, strict=False)
    ]
    if not all(map(torch.equal, views, weights)):
        return False
    for weight, view in zip(weights, views, strict=True):
        weight.data = view
    return_free_memory()  # of the weights as they were loaded
    return True


def _can_be_mapped(weight: Tensor) -> bool:
    on_cpu = weight.device.type == "cpu" and weight.dtype == torch.float32
    return on_cpu and weight.is_contiguous() and weight.numel() > 0


def _offsets(weights: Sequence[Tensor]) -> list[int]:
    """Return where each of the weights begins, and the length of all."""
    offsets = [0]
    for weight in weights:
        offsets.append(offsets[-1] + -(-weight.numel() // ALIGNMENT) * ALIGNMENT)
    return offsets


def _write(path: Path, weights: Sequence[Tensor], offsets: Sequence[int]) -> None:
    """Write the file if it is empty; other processes wait meanwhile.

    A file that is not empty is left as it is, because processes may have mapped it.
    """
    import fcntl  # not on Windows, which has no /proc either

    with path.open("r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # released with the file, also if this process dies
        if stream.seek(0, 2) > 0:
            return
        for start, weight in zip(offsets, weights, strict=False):
            stream.seek(4 * start)
            weight.detach().numpy().tofile(stream)
        stream.truncate(4 * offsets[-1])

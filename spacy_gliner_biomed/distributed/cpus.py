"""The cores and the memory that this process may use, within the limits of a container."""

import os
from pathlib import Path

ROOT = Path("/")
WORKER_BYTES = 800 << 20  # of one worker with the packaged model, and some room


def default_workers(worker_bytes: int = WORKER_BYTES, root: Path = ROOT) -> int:
    """Return the number of workers that this machine has cores and memory for; at least 1.

    worker_bytes (int): Memory of one worker.
    root (Path): The root of the file system.
    RETURNS (int): The number.
    """
    memory = available_bytes(root)
    fit = usable_cores(root) if memory is None else memory // worker_bytes
    return max(1, min(usable_cores(root), fit))


def usable_cores(root: Path = ROOT) -> int:
    """Return the number of cores that this process may use, as limited by its CPU affinity and by
    the CPU quota of its cgroup.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:  # macOS and Windows have no affinity of processes
        cores = os.cpu_count() or 1
    for folder in _cgroups(root):
        quota, period = (
            _numbers(folder / "cpu.max", 2)
            or (
                *_numbers(folder / "cpu.cfs_quota_us", 1),
                *_numbers(folder / "cpu.cfs_period_us", 1),
            )
            or (0, 0)
        )
        if quota > 0 and period > 0:
            cores = min(cores, max(1, quota // period))
    return cores


def available_bytes(root: Path = ROOT) -> int | None:
    """Return the bytes of memory that are still free within the limits of the machine and of the
    cgroup; None if they are unknown.
    """
    found = []
    for line in _read(root / "proc" / "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            found.append(int(line.split()[1]) << 10)
    for folder in _cgroups(root):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            numbers = (*_numbers(folder / limit, 1), *_numbers(folder / used, 1))
            if len(numbers) == 2:
                found.append(max(0, numbers[0] - numbers[1]))
    return min(found, default=None)


def _cgroups(root: Path) -> list[Path]:
    """Return the folders with the limits of this process: its cgroup and all above, each of which
    may have a limit; and the folders of version 1.
    """
    base = root / "sys" / "fs" / "cgroup"
    folders = [base, base / "cpu", base / "memory"]
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        _, _, path = line.partition("::")  # version 2
        parts = [part for part in path.split("/") if part not in ("", "..")]
        folders += [base.joinpath(*parts[: i + 1]) for i in range(len(parts))]
    return folders


def _numbers(path: Path, n: int) -> tuple[int, ...]:
    """Return the numbers in a file; none if there is no such file, or no limit ("max")."""
    words = _read(path).split()
    return tuple(map(int, words)) if len(words) == n and all(map(_is_number, words)) else ()


def _is_number(word: str) -> bool:
    return word.removeprefix("-").isdigit()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf8")
    except OSError:
        return ""

import os
from pathlib import Path

import pytest

from spacy_gliner_biomed.distributed.cpus import available_bytes, default_workers, usable_cores

GIB = 1 << 30


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


MACHINE = {"proc/meminfo": "MemTotal: 67108864 kB\nMemAvailable: 33554432 kB\n"}
SELF = {"proc/self/cgroup": "0::/a.slice/b\n"}
CGROUP = "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        ({}, 8, None),
        (MACHINE, 8, 32 * GIB),
        (
            {**MACHINE, f"{CGROUP}/cpu.max": "max 100000\n", f"{CGROUP}/memory.max": "max\n"},
            8,
            32 * GIB,
        ),
        ({**MACHINE, f"{CGROUP}/cpu.max": "250000 100000\n"}, 2, 32 * GIB),
        ({f"{CGROUP}/cpu.max": "50000 100000"}, 1, None),
        (
            {
                **MACHINE,
                **SELF,
                f"{CGROUP}/a.slice/cpu.max": "300000 100000",
                f"{CGROUP}/a.slice/b/memory.max": str(3 * GIB),
                f"{CGROUP}/a.slice/b/memory.current": str(GIB),
            },
            3,
            2 * GIB,
        ),
        (
            {
                f"{CGROUP}/cpu/cpu.cfs_quota_us": "400000\n",
                f"{CGROUP}/cpu/cpu.cfs_period_us": "100000\n",
                f"{CGROUP}/memory/memory.limit_in_bytes": str(4 * GIB),
                f"{CGROUP}/memory/memory.usage_in_bytes": str(GIB),
            },
            4,
            3 * GIB,
        ),
        (
            {f"{CGROUP}/cpu/cpu.cfs_quota_us": "-1", f"{CGROUP}/cpu/cpu.cfs_period_us": "100000"},
            8,
            None,
        ),
    ],
)
def test_limits_of_the_machine_and_of_all_its_cgroups_count(
    tmp_path: Path, files: dict[str, str], cores: int, memory: int | None
) -> None:
    root = write(tmp_path, files)
    assert usable_cores(root) == cores
    assert available_bytes(root) == memory


def test_workers_fit_into_cores_and_memory(tmp_path: Path) -> None:
    assert default_workers(GIB, write(tmp_path, MACHINE)) == 8
    assert default_workers(10 * GIB, tmp_path) == 3
    assert default_workers(100 * GIB, tmp_path) == 1

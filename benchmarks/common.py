"""What all benchmarks share: arguments, child processes, memory, tables and files of results."""

import argparse
import json
import os
import platform
import resource
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
CONFIGS = ROOT / "configs"
PACKAGES = ("spacy_gliner_biomed", "spacy", "torch", "transformers", "numpy")
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")


def make_parser(
    description: str | None, *, corpora: bool = True, checkpoint: bool = False, output: bool = True
) -> argparse.ArgumentParser:
    """Make a command line with the arguments that most benchmarks take.

    description (str | None): The script's docstring, shown by `--help`.
    corpora (bool): Add `--corpora`, which is required.
    checkpoint (bool): Add `--checkpoint`, by default the packaged model.
    output (bool): Add `--output`, a JSON file.
    RETURNS (argparse.ArgumentParser): The parser.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if corpora:
        parser.add_argument("--corpora", type=Path, required=True, help="folder of corpora")
    if checkpoint:
        parser.add_argument("--checkpoint", default="packaged", help="folder, name or 'packaged'")
    if output:
        parser.add_argument("--output", type=Path, help="JSON file to write")
    return parser


def module_command(name: str, *arguments: object, python: str = sys.executable) -> list[str]:
    """Return the command that runs a module of `benchmarks` in a process of its own.

    name (str): The module's name inside `benchmarks`, e.g. "speed.worker".
    arguments (object): Its arguments.
    python (str): The interpreter.
    RETURNS (list[str]): The command; start it with `env=child_environment()`.
    """
    return [python, "-m", f"benchmarks.{name}", *map(str, arguments)]


def child_environment() -> dict[str, str]:
    """Return the environment in which a child process finds `benchmarks` from any folder."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def peak_mib(who: int = resource.RUSAGE_SELF) -> int:
    """Return the peak of resident memory so far, in MiB (Linux).

    who (int): `resource.RUSAGE_SELF`, or `RUSAGE_CHILDREN` for the largest ended child.
    RETURNS (int): MiB.
    """
    return resource.getrusage(who).ru_maxrss // 1024


def machine() -> dict[str, Any]:
    """Describe the machine and the software.

    RETURNS (dict[str, Any]): CPU model, instruction sets, cores, threads of torch, GPU, versions.
    """
    cpu = _cpu_info()
    flags = set((cpu.get("flags") or cpu.get("Features") or "").split())
    return {
        "cpu": cpu.get("model name") or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in flags],
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def _cpu_info() -> dict[str, str]:
    """Read the first processor of /proc/cpuinfo; empty where there is none."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf8").splitlines() if path.exists() else []
    pairs = (line.partition(":") for line in lines if ":" in line)
    found: dict[str, str] = {}
    for key, _, value in pairs:
        found.setdefault(key.strip(), value.strip())
    return found


def write_results(path: Path | None, results: Any, arguments: argparse.Namespace) -> None:
    """Write a file of results with the machine, the date and the arguments.

    path (Path | None): The file; None writes nothing. It is never half written.
    results (Any): What was measured, as JSON.
    arguments (argparse.Namespace): The command line; of paths only the last part is written.
    """
    if path is None:
        return
    options = {name: _shown(value) for name, value in vars(arguments).items() if name != "output"}
    head = {"machine": machine(), "date": str(date.today()), "arguments": options}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(results_text(head, results), encoding="utf8")
    unfinished.replace(path)


def results_text(head: Mapping[str, Any], results: Any) -> str:
    """Return the text of a file of results; a list has one item a line.

    head (Mapping[str, Any]): What stands before the results.
    results (Any): What was measured, as JSON.
    RETURNS (str): JSON.
    """
    text = json.dumps(results, indent=1)
    if isinstance(results, list):
        text = "[\n " + ",\n ".join(json.dumps(row) for row in results) + "\n]"
    before = json.dumps(dict(head), indent=1).removesuffix("\n}")
    return f'{before},\n "results": ' + text.replace("\n", "\n ") + "\n}\n"


def read_results(path: Path) -> Any:
    """Read what was measured from a file that `write_results` wrote."""
    return json.loads(path.read_text(encoding="utf8"))["results"]


def _shown(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return Path(value).name
    return value.name if isinstance(value, Path) else value


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])

"""Files of results, and child processes."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.common import (
    RESULTS,
    ROOT,
    child_environment,
    machine,
    make_parser,
    markdown,
    module_command,
    read_results,
    write_results,
)


def test_results_have_the_machine_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    rows = [{"a": 1}, {"a": [2.5, "x\ny"]}]
    arguments = argparse.Namespace(
        corpora=Path("/private/corpora"), checkpoint="/private/model", steps=3, output=path
    )
    write_results(path, rows, arguments)
    assert read_results(path) == rows
    written = json.loads(path.read_text(encoding="utf8"))
    assert written["arguments"] == {"corpora": "corpora", "checkpoint": "model", "steps": 3}
    assert written["machine"]["threads"] == torch.get_num_threads()
    assert list(path.parent.iterdir()) == [path]


def test_a_list_of_results_has_one_item_a_line(tmp_path: Path) -> None:
    write_results(tmp_path / "a.json", [{"a": 1}, {"b": {"c": 2}}], argparse.Namespace())
    lines = (tmp_path / "a.json").read_text(encoding="utf8").splitlines()
    assert lines[-4:] == ['  {"a": 1},', '  {"b": {"c": 2}}', " ]", "}"]


def test_without_a_path_nothing_is_written() -> None:
    write_results(None, {}, argparse.Namespace())


def test_the_machine_is_described() -> None:
    found = machine()
    assert found["cpu"]
    assert found["versions"]["torch"] == torch.__version__.partition("+")[0] or found["versions"]
    assert set(found["instruction_sets"]) <= {
        "avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve",
    }  # fmt: skip


def test_all_files_of_results_have_one_form() -> None:
    files = sorted(RESULTS.glob("*.json"))
    assert files
    for path in files:
        found = json.loads(path.read_text(encoding="utf8"))
        assert {"machine", "date", "results"} <= set(found), path.name


def test_a_child_process_finds_benchmarks_in_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import benchmarks; print(benchmarks.__file__)"]
    printed = subprocess.check_output(command, cwd=tmp_path, env=child_environment(), text=True)
    assert Path(printed.strip()) == ROOT / "benchmarks" / "__init__.py"


def test_a_module_is_run_by_its_name() -> None:
    assert module_command("speed.worker", Path("a"), 2, python="py") == [
        *("py", "-m", "benchmarks.speed.worker", "a", "2")
    ]


def test_a_parser_has_the_arguments_that_are_asked_for() -> None:
    found = make_parser("what", checkpoint=True).parse_args(["--corpora", "x"])
    assert vars(found) == {"corpora": Path("x"), "checkpoint": "packaged", "output": None}


def test_a_table() -> None:
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"

"""`read(...).annotate(...).write(...)` gives what `annotate-corpus` gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from typer.testing import CliRunner

from spacy_gliner_biomed import corpus
from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import Results
from tests.distributed.conftest import write_lines

ROWS: list[dict[str, Any]] = [
    {"id": "n0", "text": "a disease and a gene"},
    {"id": "n1", "text": "gene disease"},
    {"id": "n2"},
    {"id": "n3", "text": "a drug"},
]


def test_results_are_those_of_the_command_and_written_once(
    make_nlp: Callable[..., Language], tmp_path: Path
) -> None:
    nlp = make_nlp(labels=["disease", "gene"], threshold=0.4)
    nlp.to_disk(tmp_path / "nlp")
    source = write_lines(tmp_path / "items.jsonl", ROWS)
    options = ["--pipeline", str(tmp_path / "nlp"), "--format", "jsonl"]
    command = ["annotate-corpus", str(source), str(tmp_path / "command"), *options]
    result = CliRunner().invoke(gliner_cli, command)
    assert result.exit_code == 3, result.output

    stream = corpus.read(iter(ROWS)).annotate(nlp)
    assert not (tmp_path / "python").exists()
    manifest = stream.write(tmp_path / "python", format="jsonl", progress=False)
    assert (manifest["failed"], manifest["counts"]["documents"]) == (1, 3)
    for table in ("entities", "documents", "failures"):
        rows = list(corpus.read_table(tmp_path / "python", table))
        expected = list(corpus.read_table(tmp_path / "command", table))
        for row in expected:
            if "source" in row:  # "items.jsonl:1"
                row["source"] = row["source"].replace(".jsonl", "")
        assert rows == expected
        assert rows
    [file] = corpus.table_files(tmp_path / "python")
    assert Path(file).name == "entities.jsonl"

    again = corpus.read(ROWS).annotate(nlp)
    with pytest.raises(ValueError, match="GB-E100") as refused:
        again.write(tmp_path / "python", format="jsonl", progress=False)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "command").rglob("*")}
    result = CliRunner().invoke(gliner_cli, command)
    assert result.exit_code == 1
    assert str(refused.value).replace("python", "command") in result.output.replace("\n", "")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "command").rglob("*")} == before


def test_partitions_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["part-000003.50000-100000", "part-000003.100000-150000", "part-999999", "part-1000000"]
    storage = Storage(tmp_path, "jsonl")
    storage.write_manifest({"format": "jsonl"})
    for name in reversed(names):
        results = Results()
        results.fail(CorpusRecord(name, name).without_content("broken", "why"))
        storage.write(name, results)
    assert [Path(file).parent.name for file in corpus.table_files(tmp_path)] == names
    assert [row["id"] for row in corpus.read_table(tmp_path, "failures")] == names


def test_what_cannot_be_done_is_said_before_anything_is_run(tmp_path: Path) -> None:
    stream = corpus.read(iter(["a"])).annotate(labels=["drug"])
    with pytest.raises(ValueError, match=r"GB-E331.*resume=True"):
        stream.write(tmp_path / "out", format="jsonl", resume=True)
    with pytest.raises(ValueError, match=r"GB-E030.*'xml'"):
        stream.write(tmp_path / "out", format="xml")
    with pytest.raises(ValueError, match="GB-E054"):
        corpus.read(["a"]).annotate(labels=[]).write(tmp_path / "out", format="jsonl")
    with pytest.raises(ValueError, match="GB-E332"):
        corpus.table_files(tmp_path)
    with pytest.raises(TypeError, match="colour"):
        corpus.read(["a"]).annotate(colour="red")
    assert not (tmp_path / "out").exists()

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language
from typer.testing import CliRunner, Result

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.distributed.run_setup import make_run_spec

TEXTS = ["Aspirin for the cold; cocaine-induced pain.", "a drug of the patient", "cell cancer"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with a packed file of three lines."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = [json.dumps({"id": f"n{i}", "text": text}) for i, text in enumerate(TEXTS)]
    (folder / "notes.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder


@pytest.fixture
def saved(make_nlp: Callable[..., Language], tmp_path: Path) -> Path:
    """A pipeline that finds much."""
    make_nlp(threshold=0.3, alignment="split").to_disk(tmp_path / "saved")
    return tmp_path / "saved"


def invoke(*args: object) -> Result:
    return CliRunner().invoke(gliner_cli, ["annotate-corpus", *map(str, args)])


def rows(folder: Path, table: str) -> list[dict[str, object]]:
    paths = sorted(folder.glob(f"parts/part-*/{table}.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_corpus_becomes_the_entities_that_annotate_finds(
    corpus: Path, saved: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["--pipeline", saved, "--format", "jsonl", "--partition-size", 2, "--workers", 2]
    result = invoke(corpus, out, *options, "--labels", "disease", "-l", "gene")
    assert result.exit_code == 0, result.output
    (tmp_path / "notes.jsonl").write_bytes(
        gzip.decompress((corpus / "notes.jsonl.gz").read_bytes())
    )
    args = ["annotate", tmp_path / "notes.jsonl", "-p", saved, "-l", "disease,gene", "-f", "jsonl"]
    annotated = CliRunner().invoke(gliner_cli, [*map(str, args), "-q"])
    expected = [
        (line["id"], e["start"], e["end"], e["label"], pytest.approx(e["score"], abs=1e-5))
        for line in map(json.loads, annotated.stdout.splitlines())
        for e in line["entities"]
    ]
    names = ("document", "start", "end", "label", "score")
    assert [tuple(row[name] for name in names) for row in rows(out, "entities")] == expected
    assert expected
    assert [row["id"] for row in rows(out, "documents")] == ["n0", "n1", "n2"]
    assert f"{len(expected)} entities in 3 documents" in result.stderr
    assert result.stdout == ""
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["settings"]["options"] == {"labels": ["disease", "gene"]}
    assert manifest["counts"]["entities"] == len(expected)


def test_status_is_3_if_documents_failed_also_when_nothing_is_left_to_do(
    corpus: Path, saved: Path, tmp_path: Path
) -> None:
    (corpus / "latin.txt").write_bytes("Naïve".encode("latin-1"))
    options = ["--pipeline", saved, "--format", "jsonl", tmp_path / "out"]
    first, again = invoke(corpus, *options), invoke(corpus, *options, "--resume", "--quiet")
    assert (first.exit_code, again.exit_code) == (3, 3), first.output + again.output
    assert "FAILED, see the tables 'failures': 1 not_utf8" in first.stderr
    assert again.output == ""
    assert [row["id"] for row in rows(tmp_path / "out", "failures")] == ["latin.txt"]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["nowhere", "out"], "GB-E050"),
        (["{corpus}", "{corpus}/out"], "GB-E056"),
        (["{corpus}", "out", "--labels", " , "], "GB-E054"),
        (["{corpus}", "out", "--format", "xml"], "GB-E030"),
        (["{corpus}", "out", "--engine", "abacus"], "GB-E030"),
        (["{corpus}", "out", "--code", "nowhere.py"], "GB-E050"),
        (["{corpus}", "out", "--pipeline", "no_such_pipeline"], "GB-E108"),
        (["{corpus}/empty", "out"], "GB-E106"),
        (["{corpus}", "out", "--labels", '["a\\ud800"]'], "GB-E171"),
    ],
)
def test_mistakes_are_one_message_and_exit_code_1(
    corpus: Path, tmp_path: Path, args: list[str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (corpus / "empty").mkdir()
    result = invoke("--format", "jsonl", *(arg.format(corpus=corpus) for arg in args))
    assert result.exit_code == 1
    assert f"[{problem}]" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("format_", "export"),
    [("jsonl", None), ("docbin", "docbin"), ("brat", "brat"), ("pubtator", "pubtator")],
)
def test_format_says_what_is_made_of_documents(
    tmp_path: Path, format_: str, export: str | None
) -> None:
    spec = make_run_spec(tmp_path, "packaged", {"threshold": 0.5}, format_=format_)
    assert (spec.config.export, spec.storage.format) == (export, format_)


def test_files_of_other_kinds_are_named_once_and_are_no_failure(
    corpus: Path, saved: Path, tmp_path: Path
) -> None:
    (corpus / "table.docx").write_text("id,text\n1,Asthma\n")
    (corpus / "D.TXT").write_text("a drug")
    result = invoke(corpus, tmp_path / "out", "--pipeline", saved, "--format", "jsonl")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("1 .docx (table.docx)") == 1
    assert rows(tmp_path / "out", "documents")[0]["id"] == "D.TXT"
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["not_read"] == {".docx": {"files": 1, "first": "table.docx"}}


def test_help_says_what_the_exit_status_means() -> None:
    text = " ".join(invoke("--help").output.split())
    assert "Exit status: 0 if all records were annotated; 3 if" in text
    assert "1 if the run could not start" in text


def test_spacy_runs_the_command(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spacy", "gliner", "annotate-corpus", "corpus", "out"]
    options = ["--labels", "drug", "--format", "docbin"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "entities in 3 documents" in done.stderr
    assert (tmp_path / "out" / "parts" / "part-000000" / "docs.spacy").exists()

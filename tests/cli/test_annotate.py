import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from typer.testing import CliRunner, Result

from spacy_gliner_biomed.cli import gliner_cli

MakeNlp = Callable[..., Language]
TEXTS = ["Aspirin for the cold; cocaine-induced pain.", "", "a drug of the patient"]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder with a text file and a file of two lines."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "first.txt").write_text(TEXTS[0])
    lines = [{"text": text, "id": f"n{i}", "ward": i} for i, text in enumerate(TEXTS[1:])]
    (folder / "more.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


@pytest.fixture
def annotate(uni_span: Path) -> Callable[..., Result]:
    """Runs the command on a tiny checkpoint that finds much."""

    def run(*args: object, checkpoint: bool = True) -> Result:
        options = ["--checkpoint", str(uni_span), "--threshold", "0.3"] if checkpoint else []
        return CliRunner().invoke(gliner_cli, ["annotate", *map(str, args), *options])

    return run


def test_lines_have_exact_characters_and_what_the_component_finds(
    notes: Path, annotate: Callable[..., Result], make_nlp: MakeNlp
) -> None:
    result = annotate(notes, "-l", "disease", "--labels", "drug", "--format", "jsonl", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["text"] for line in lines] == TEXTS
    assert [line["id"] for line in lines] == [(notes / "first.txt").as_posix(), "n0", "n1"]
    assert lines[2]["ward"] == 1
    nlp = make_nlp(threshold=0.3)
    predicted = nlp.get_pipe("gliner_biomed").predict(list(map(nlp.make_doc, TEXTS)))
    for line, prediction in zip(lines, predicted, strict=True):
        found = [(e["start"], e["end"], e["label"]) for e in line["entities"]]
        assert found == [(s.start, s.end, s.label) for s in prediction.spans]
        assert all(line["text"][e["start"] : e["end"]] == e["text"] for e in line["entities"])
    assert any(line["entities"] for line in lines)


def test_several_outputs_of_one_run_and_a_summary(
    notes: Path, annotate: Callable[..., Result], tmp_path: Path
) -> None:
    page, docs = tmp_path / "new" / "page.html", tmp_path / "docs.spacy"
    result = annotate(notes, "-l", "disease,drug", "-o", "-", "-o", page, "-o", docs)
    assert result.exit_code == 0, result.output
    rows = result.stdout.splitlines()
    assert rows[0].split() == ["document", "characters", "label", "score", "text"]
    assert page.read_text().count("<article ") == 3
    annotated = list(DocBin().from_disk(docs).get_docs(spacy.blank("en").vocab))
    assert [doc.text for doc in annotated] == TEXTS
    assert sum(len(doc.spans["sc"]) for doc in annotated) == len(rows) - 1
    assert f"{len(rows) - 1} entities in 3 documents" in result.stderr
    assert f"wrote {page}" in result.stderr


@pytest.mark.filterwarnings("ignore:.GB-W006")
def test_written_docbin_can_be_annotated_again(
    notes: Path, annotate: Callable[..., Result], tmp_path: Path
) -> None:
    docs = tmp_path / "docs.spacy"
    annotate(notes, "-l", "drug", "-o", docs)
    kept = annotate(docs, "-l", "disease", "-f", "jsonl")
    replaced = annotate(docs, "-l", "disease", "-f", "jsonl", "--overwrite")
    assert (kept.exit_code, replaced.exit_code) == (0, 0), kept.output + replaced.output
    labels = [
        {e["label"] for line in result.stdout.splitlines() for e in json.loads(line)["entities"]}
        for result in (kept, replaced)
    ]
    assert labels == [{"drug", "disease"}, {"disease"}]
    assert [json.loads(line)["id"] for line in kept.stdout.splitlines()][1:] == ["n0", "n1"]


def test_saved_pipeline_keeps_its_settings_unless_told(
    notes: Path, annotate: Callable[..., Result], make_nlp: MakeNlp, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    make_nlp(labels=["gene"], threshold=0.3, alignment="strict", spans_key="x").to_disk(saved)
    options = ["--pipeline", saved, "-f", "jsonl", "-q"]
    own = annotate(notes, *options, checkpoint=False)
    told = annotate(notes, *options, "-l", "drug", "--threshold", "0", checkpoint=False)
    assert (own.exit_code, told.exit_code) == (0, 0), own.output + told.output
    found = [
        [e["label"] for line in result.stdout.splitlines() for e in json.loads(line)["entities"]]
        for result in (own, told)
    ]
    assert set(found[0]) == {"gene"}
    assert set(found[1]) == {"drug"}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_worker_processes_give_the_same(notes: Path, annotate: Callable[..., Result]) -> None:
    options = [notes, "-l", "disease,drug", "-f", "jsonl"]
    one, two = annotate(*options), annotate(*options, "--n-process", 2, "--batch-size", 1)
    assert two.exit_code == 0, two.output
    records, scores = split_scores(one.stdout)
    same, close = split_scores(two.stdout)
    assert len(scores) > 0
    assert same == records
    # The last digit depends on the CPU and on which texts share a batch.
    assert close == pytest.approx(scores, abs=1e-4)
    assert "not counted with --n-process" in two.stderr


def split_scores(lines: str) -> tuple[list[dict[str, Any]], list[float]]:
    """JSON lines without the scores of their entities, and these."""
    records = [json.loads(line) for line in lines.splitlines()]
    scores = [entity.pop("score") for record in records for entity in record["entities"]]
    return records, scores


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["nowhere.txt", "-l", "drug"], "GB-E050"),
        (["{notes}"], "GB-E054"),
        (["{notes}", "-l", " , "], "GB-E054"),
        (["{notes}", "-l", "drug", "-o", "{notes}/more.jsonl"], "GB-E056"),
        (["{notes}", "-l", "drug", "--overlap", "some"], "GB-E030"),
        (["{notes}", "-l", "drug", "--lang", "zz"], "E048"),
        (["{notes}/empty", "-l", "drug"], "GB-E055"),
    ],
)
def test_mistakes_are_one_message_and_exit_code_1(
    notes: Path, annotate: Callable[..., Result], args: list[str], problem: str
) -> None:
    (notes / "empty").mkdir()
    result = annotate(*(arg.format(notes=notes) for arg in args))
    assert result.exit_code == 1
    assert f"[{problem}]" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.filterwarnings("default:.*GB-W160")
def test_what_cannot_be_read_is_reported_and_the_others_are_done(
    notes: Path, annotate: Callable[..., Result], tmp_path: Path
) -> None:
    (notes / "Z.TXT").write_text("a cell of the patient")
    (notes / "latin.txt").write_bytes("Ménière".encode("cp1252"))
    (notes / "wide.txt").write_bytes("fever".encode("utf-16"))
    (notes / "docs.spacy").write_bytes(b"no DocBin")
    (notes / "empty.jsonl").touch()
    (notes / "table.csv").write_text("nr;note\n1;Asthma\n")
    (notes / "meta.json").write_text('{"ward": 1}')
    lines = [
        b'{"text": "fine"}',
        b'{"text": ',
        b'{"text": "\\ud800"}',
        b'{"id": "\\ud800", "text": ""}',
    ]
    (notes / "zz.jsonl").write_bytes(b"\n".join(lines))
    out = tmp_path / "out.jsonl"
    result = annotate(notes, "-l", "drug", "-o", out, "--batch-size", 1)
    assert result.exit_code == 1
    texts = [json.loads(line)["text"] for line in out.read_text().splitlines()]
    assert sorted(texts) == sorted([*TEXTS, "a cell of the patient", "fine", ""])
    said = result.stderr
    for failure in (
        r"latin\.txt, line 1: .*Ménière",
        r"wide\.txt, line 1: .*UTF-16",
        r"docs\.spacy cannot be read as a DocBin",
        r"no document in .*empty\.jsonl",
        r"zz\.jsonl, line 2: Expecting value",
        r"zz\.jsonl, line 3: .*half of a surrogate pair",
        r"GB-E204\] .*table\.csv; its columns are: note, nr\.",
        r"GB-W160\] 1 .*: 1 \.json of an unknown form \(meta\.json\)",
        r"FAILED, and missing in the output: 7 unreadable files or records\n",
    ):
        assert re.search(failure, said), said
    assert "Traceback" not in said


def test_without_a_single_document_an_earlier_output_stays(
    tmp_path: Path, annotate: Callable[..., Result]
) -> None:
    (tmp_path / "bad.jsonl").write_text('{"text": \n')
    out = tmp_path / "out" / "out.jsonl"
    out.parent.mkdir()
    out.write_text("earlier")
    result = annotate(tmp_path / "bad.jsonl", "-l", "drug", "-o", out)
    assert (
        result.exit_code,
        "[GB-E163] No document could be annotated: 1 unreadable file or record." in result.stderr,
    ) == (1, True)
    assert out.read_text() == "earlier"
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.filterwarnings("default:.*GB-W005")
def test_escapes_of_documents_do_not_reach_the_terminal(
    tmp_path: Path, annotate: Callable[..., Result]
) -> None:
    line = {"id": "\x1b]0;title\x07", "text": "a drug \x1b[31m of \x9b31m the cell \x1b[0m"}
    (tmp_path / "in.jsonl").write_text(json.dumps(line) + "\n{\x1b\n")
    labels = '[{"label": "drug", "threshold": 0.0}]'
    for format_ in ("table", "jsonl", "html"):
        result = annotate(tmp_path / "in.jsonl", "-l", labels, "-f", format_)
        assert result.exit_code == 1  # of the second line
        assert "title" in result.stdout
        assert not {"\x1b", "\x9b", "\x07"} & set(result.stdout + result.stderr)


def test_spacy_runs_the_command(notes: Path, uni_span: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spacy", "gliner", "annotate", "notes", "--labels", "drug"]
    options = ["--checkpoint", str(uni_span), "--threshold", "0.3", "--output", "out.jsonl"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "entities in 3 documents" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines] == TEXTS

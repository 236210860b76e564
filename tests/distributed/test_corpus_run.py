import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.tokens import DocBin

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.events import Event, Lost
from spacy_gliner_biomed.distributed.local_engine import LocalEngine
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from spacy_gliner_biomed.training.formats.options import ReadOptions
from tests.distributed.conftest import entities, ids, table, texts, write_lines
from tests.distributed.test_pubmed import citation, pubmed
from tests.distributed.test_record_readers import deep

Annotate = Callable[..., dict[str, Any]]


def test_each_record_is_once_in_documents_or_failures(annotate: Annotate, spec: RunSpec) -> None:
    rows: list[dict[str, Any]] = [*texts("a", "b", "poison"), {"id": "none"}, *texts("again")]
    manifest = annotate(rows, size=2)
    folder = spec.storage.folder
    assert ids(folder, "documents") == ["d0", "d1"]
    found = [(row["id"], row["kind"], row["source"]) for row in table(folder, "failures")]
    assert found == [
        ("d2", "error", "in.jsonl:3"),
        ("none", "missing_text", "in.jsonl:4"),
        ("d0", "duplicate", "in.jsonl:5"),
    ]
    assert manifest["failed"] == 3
    assert manifest == spec.storage.read_manifest()
    assert manifest["finished"]
    assert (
        "FAILED, see the tables 'failures': 1 duplicate, 1 error, 1 missing_text"
        in (manifest["summary"])
    )


def test_resumed_run_does_only_what_is_missing(annotate: Annotate, spec: RunSpec) -> None:
    rows = texts(*"abcdefgh")
    annotate(rows, size=3)
    folder, parts = spec.storage.folder, spec.storage.parts
    whole = entities(folder)
    shutil.rmtree(parts / "part-000001")
    shutil.copytree(parts / "part-000000", parts / "part-000000.00000-00003")  # as after a death
    shutil.rmtree(parts / "part-000000")
    (parts / ".part-000001.4711").mkdir()
    kept = {path.name: path.stat().st_ino for path in parts.glob("part-*")}
    manifest = annotate(rows, size=3, resume=True)
    assert entities(folder) == whole
    assert kept.items() <= {p.name: p.stat().st_ino for p in parts.iterdir()}.items()
    assert sorted(path.name for path in parts.iterdir()) == sorted([*kept, "part-000001"])
    assert [run["documents"] for run in manifest["runs"]] == [8, 3]
    assert manifest["counts"]["documents"] == 8


def test_run_that_is_complete_starts_no_worker(
    annotate: Annotate, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotate(texts("a"))
    monkeypatch.setattr(LocalEngine, "_start", lambda _: pytest.fail("a worker was started"))
    assert annotate(texts("a"), resume=True)["counts"]["documents"] == 1


@pytest.mark.parametrize(
    ("name", "then"), [("part-000001", "retrying part-000001"), ("", "it had no partition")]
)
def test_death_of_a_worker_is_said_with_what_becomes_of_its_partition(
    spec: RunSpec,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    then: str,
) -> None:
    class Dying:
        def run(self, _: object) -> Iterator[Event]:
            yield Lost(name, "signal SIGKILL")

    corpus = Corpus(write_lines(tmp_path / "in.jsonl", texts("a")))
    run_corpus(corpus, spec, Dying(), quiet=False)
    assert f"a worker process died (signal SIGKILL); {then}" in capsys.readouterr().err


def test_output_is_not_where_the_input_is(spec: RunSpec, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", texts("a"))
    for corpus, output in (
        (tmp_path, tmp_path),
        (tmp_path, tmp_path / "out"),
        (source, source),
        (source, source / "out"),
    ):
        there = RunSpec(spec.config, Storage(output, "jsonl"))
        with pytest.raises(ValueError, match="GB-E056"):
            run_corpus(Corpus(corpus), there, LocalEngine(there))
    assert list(tmp_path.iterdir()) == [source]


def write_broken(folder: Path) -> None:
    """Files of each kind that are broken in some way, each with something good in or beside it."""
    folder.mkdir()
    odd = b'{"id": "h", "text": "aspirin", "\\ud800": "\\udfff"}\n{"id": "\\ud800", "text": "x"}'
    (folder / "a.jsonl").write_bytes(
        deep(990) + b"\n" + deep(90) + b"\n" + odd + b'\n{"id": "b", "text": "aspirin"}\n'
    )
    (folder / "b.xml").write_bytes(pubmed("<PubmedArticle/>", citation(1, "aspirin")))
    (folder / "c.xml").write_bytes(b'<?xml version="1.0" encoding="x-none"?><PubmedArticleSet/>')
    (folder / "d.xml").write_bytes(pubmed(citation(2, "aspirin"), "<DeleteCitation><PMID>7</"))
    (folder / "e.txt").symlink_to(folder / "nowhere")
    nlp = spacy.blank("en")
    values = srsly.msgpack_loads(zlib.decompress(DocBin(docs=[nlp("aspirin")]).to_bytes()))
    values["strings"] = []
    (folder / "f.spacy").write_bytes(zlib.compress(srsly.msgpack_dumps(values)))
    (folder / "g.docx").write_text("id,text\n1,aspirin\n")


@pytest.mark.parametrize("export", [None, "docbin", "brat", "pubtator"])
def test_what_is_broken_in_a_corpus_is_rows_of_failures_and_the_rest_is_annotated(
    spec: RunSpec, tmp_path: Path, export: str | None
) -> None:
    write_broken(tmp_path / "in")
    spec = replace(spec, config=replace(spec.config, export=export))
    manifest = run_corpus(Corpus(tmp_path / "in"), spec, LocalEngine(spec))
    folder = spec.storage.folder
    assert ids(folder, "documents") == ["a.jsonl:2", "h", "b", "2", "1"]
    kinds = {row["source"]: row["kind"] for row in table(folder, "failures")}
    assert kinds == {
        "a.jsonl:1": "broken",
        "a.jsonl:4": "not_utf8",
        "b.xml:#1": "broken",
        "c.xml": "broken",
        "d.xml": "broken",
        "e.txt": "broken",
        kinds_source(kinds): "broken",
    }
    assert all(len(row["reason"]) <= 300 for row in table(folder, "failures"))
    assert manifest["not_read"] == {".docx": {"files": 1, "first": "g.docx"}}
    assert manifest["summary"].count("1 .docx (g.docx)") == 1
    assert (manifest["failed"], manifest["counts"]["documents"]) == (7, 5)
    log = (folder / "log.jsonl").read_text().splitlines()
    assert "worker died" not in {json.loads(line)["event"] for line in log}
    again = run_corpus(Corpus(tmp_path / "in"), spec, LocalEngine(spec), resume=True)
    assert again["counts"] == manifest["counts"]


def test_files_that_are_utf8_although_another_encoding_is_named_are_counted_once(
    spec: RunSpec, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_bytes("Ménière".encode("cp1252"))
    (folder / "b.jsonl").write_bytes('{"text": "Ménière"}\n{"text": "poison"}\n'.encode())
    (folder / "c.jsonl").write_bytes('{"text": "poison é"}\n{"text": "aspirin"}\n'.encode())
    (folder / "d.csv").write_bytes("text\nMénière\n".encode())
    (folder / "e.txt").write_text("aspirin")
    (folder / "f.xml").write_bytes(pubmed(citation(1, "Ménière")))
    (folder / "g.txt").symlink_to(folder / "nowhere")
    reading = ReadOptions(encoding="cp1252")
    for resume in (False, True):
        corpus = Corpus(folder, partition_size=3, reading=reading)
        manifest = run_corpus(corpus, spec, LocalEngine(spec), resume=resume)
        assert manifest["counts"]["utf8_files"] == 3
        said = "READ AS UTF-8 instead of the named encoding (GB-W380): 3 files, such as b.jsonl, "
        assert manifest["summary"].count(f"{said}c.jsonl, d.csv\n") == 1
    there = replace(spec, storage=Storage(tmp_path / "utf8", "jsonl"))
    manifest = run_corpus(Corpus(folder), there, LocalEngine(there))
    assert "UTF-8" not in manifest["summary"]


def kinds_source(kinds: dict[str, str]) -> str:
    """Where the DocBin breaks: its first Doc, or the file."""
    [source] = [source for source in kinds if source.startswith("f.spacy")]
    return source


def test_output_that_is_a_link_to_the_input_is_refused_and_to_elsewhere_is_written(
    spec: RunSpec, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    write_lines(tmp_path / "in" / "a.jsonl", texts("a"))
    (tmp_path / "elsewhere").mkdir()
    for target in ("in", "elsewhere"):
        (tmp_path / f"to-{target}").symlink_to(tmp_path / target)
    there = replace(spec, storage=Storage(tmp_path / "to-in", "jsonl"))
    with pytest.raises(ValueError, match="GB-E056"):
        run_corpus(Corpus(tmp_path / "in"), there, LocalEngine(there))
    there = replace(spec, storage=Storage(tmp_path / "to-elsewhere", "jsonl"))
    run_corpus(Corpus(tmp_path / "in"), there, LocalEngine(there))
    assert ids(tmp_path / "elsewhere", "documents") == ["d0"]

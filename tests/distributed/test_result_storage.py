import json
import os
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import COLUMNS, Results

ENTITY = {
    "document": "d1",
    "start": 0,
    "end": 3,
    "text": "é\x00x",
    "label": "a label",
    "score": 0.25,
    "concept_id": None,
    "concept_name": None,
    "concept_score": None,
}


def results(*names: str) -> Results:
    """Failures only, with an entity."""
    made = Results()
    for name in names:
        made.fail(CorpusRecord(name, f"in:{name}").without_content("error", "why"))
    made.tables["entities"].append(ENTITY)
    return made


def read_parquet(path: Path) -> list[dict[str, Any]]:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'parquet'")
    table = parquet.read_table(path)
    name = path.name.removesuffix(".parquet")
    assert {field.name: str(field.type) for field in table.schema} == {
        column: "float" if kind == "float32" else kind for column, kind in COLUMNS[name].items()
    }
    return list(table.to_pylist())


@pytest.mark.parametrize("format_", ["parquet", "jsonl", "brat"])
def test_partition_has_all_tables_and_counts(tmp_path: Path, format_: str) -> None:
    if format_ == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    storage, made = Storage(tmp_path, format_), results("d1")
    made.files = {"brat/d1.txt": b"text"} if format_ == "brat" else {}
    storage.write("part-000000", made)
    folder = tmp_path / "parts" / "part-000000"
    ending = "parquet" if format_ == "parquet" else "jsonl"
    expected = {f"{name}.{ending}" for name in COLUMNS} | {"counts.json"}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert found == expected | made.files.keys()
    assert all((folder / name).read_bytes() == made.files[name] for name in made.files)
    path = folder / f"entities.{ending}"
    rows = read_parquet(path) if ending == "parquet" else [json.loads(path.read_text())]
    assert rows == [ENTITY]
    assert storage.counts("part-000000") == made.counts()


@pytest.mark.parametrize("rows", [[{**ENTITY, "negex": True, "section": "a"}], []])
def test_attributes_are_columns_even_without_a_row(tmp_path: Path, rows: list[Any]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'parquet'")
    made = Results(["negex", "section"])
    made.tables["entities"] += rows
    Storage(tmp_path, "parquet").write("part-000000", made)
    table = parquet.read_table(tmp_path / "parts" / "part-000000" / "entities.parquet")
    assert [str(field.type) for field in table.schema][-2:] == ["bool", "string"]
    assert table.to_pylist() == rows


def test_partition_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    storage = Storage(tmp_path, "jsonl")
    storage.write("part-000000", results("first"))
    storage.write("part-000000", results("second"))
    written = tmp_path / "parts" / "part-000000" / "failures.jsonl"
    assert json.loads(written.read_text())["id"] == "first"
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["part-000000"]


def test_of_a_write_that_fails_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(tmp_path, "jsonl")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "no space")))
    with pytest.raises(OSError, match="no space"):
        storage.write("part-000000", results("d1"))
    assert list((tmp_path / "parts").iterdir()) == []
    monkeypatch.undo()
    storage.write("part-000000", results("d1"))
    assert storage.has("part-000000")


def test_finished_partitions_pieces_and_totals(tmp_path: Path) -> None:
    storage = Storage(tmp_path, "jsonl")
    assert (storage.finished(), storage.total()) == ({}, {})
    for name in ("part-000000", "part-000002.00000-00004", "part-000002.00006-00008"):
        storage.write(name, results("d1", "d2"))
    (tmp_path / "parts" / ".part-000003.77").mkdir()
    found = storage.finished()
    assert found[0] is None
    assert sorted(found.pop(2) or []) == [(0, 4), (6, 8)]
    assert list(found) == [0]
    assert storage.total()["failure:error"] == 6
    storage.output.remove_unfinished()
    assert not list((tmp_path / "parts").glob(".part*"))


def test_run_after_which_another_has_begun_writes_nothing(tmp_path: Path) -> None:
    storage = Storage(tmp_path, "jsonl")
    storage.write_manifest({"run_id": "mine"})
    mine = storage.fenced().absolute()
    mine.write("part-000000", results("d1"))
    storage.write_manifest({"run_id": "other"})
    with pytest.raises(ValueError, match="GB-E109"):
        mine.write("part-000001", results("d2"))
    assert list(storage.names()) == ["part-000000"]
    assert [path.name for path in storage.parts.iterdir()] == ["part-000000"]


def test_only_one_run_holds_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    storage = Storage(tmp_path / "out", "jsonl")
    with (
        storage.output.locked(),
        pytest.raises(ValueError, match="GB-E102"),
        storage.output.locked(),
    ):
        pass
    with storage.output.locked():
        pass


def test_manifest_is_replaced_at_once(tmp_path: Path) -> None:
    storage = Storage(tmp_path, "jsonl")
    assert storage.read_manifest() is None
    storage.write_manifest({"a": 1})
    storage.write_manifest({"a": 2})
    assert storage.read_manifest() == {"a": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"runs": '])
def test_damaged_files_of_an_earlier_run_are_named(tmp_path: Path, content: bytes) -> None:
    storage = Storage(tmp_path, "jsonl")
    storage.write("part-000000", results("a"))
    (tmp_path / "manifest.json").write_bytes(content)
    (storage.parts / "part-000000" / "counts.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"GB-E170.*manifest\.json is damaged"):
        storage.read_manifest()
    with pytest.raises(ValueError, match=r"GB-E170.*part-000000.*counts\.json.*--resume"):
        storage.total()


def test_folders_that_are_no_partitions_are_left_alone(tmp_path: Path) -> None:
    storage = Storage(tmp_path, "jsonl")
    for name in ("part-000000", "part-000001.00000-00500"):
        storage.write(name, results(name))
    for name in ("part-000000 (copy)", "part-x", "parts"):
        (storage.parts / name).mkdir()
    assert storage.finished() == {0: None, 1: [(0, 500)]}


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed on this system")
def test_link_in_the_output_is_not_written_through(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / ".lock").symlink_to(precious)
    (folder / ".manifest.json").symlink_to(precious)
    storage = Storage(folder, "jsonl")
    with pytest.raises(OSError, match="symbolic links"), storage.output.locked():
        pass
    storage.write_manifest({"runs": []})
    assert storage.read_manifest() == {"runs": []}
    assert precious.read_text() == "kept"


def test_manifest_that_was_being_written_when_a_run_was_killed_is_no_foreign_file(
    tmp_path: Path,
) -> None:
    left = tmp_path / ".manifest.json.0123456789abcdef.part"
    left.touch()
    storage = Storage(tmp_path, "jsonl")
    assert not storage.output.has_foreign_files()
    storage.output.remove_unfinished()
    assert not left.exists()

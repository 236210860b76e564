import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase

run = CliRunner().invoke

TABLE = "id,name,aliases,types\nD:1,Gout,podagra,disease\nD:2,Asthma,,disease\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(TABLE)
    return path


def test_a_terminology_is_built_with_a_manifest(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "new" / "mine.kb"
    options = ["--version", "3", "--licence", "CC BY 4.0"]
    result = run(gliner_cli, ["kb", "build", str(table), str(output), *options])
    assert result.exit_code == 0, result.output
    assert "2 concepts, 3 names" in result.stderr
    shown = json.loads(run(gliner_cli, ["kb", "info", str(output)]).stdout)
    expected = {"name": "mine", "version": "3", "licence": "CC BY 4.0", "types": ["disease"]}
    assert expected.items() <= shown.items()
    assert shown["sources"][0]["file"] == "small.csv"
    assert KnowledgeBase.from_disk(output)["D:1"].aliases == ["podagra"]


def test_names_are_looked_up(table: Path) -> None:
    result = run(gliner_cli, ["kb", "search", str(table), "Podagra", "zzz"])
    assert result.stdout == "Podagra\t0.995\tD:1\tGout\n"
    assert result.stderr.splitlines() == ["No concept has a name like 'zzz'"]


@pytest.mark.parametrize("k", ["0", "-1"])
def test_a_search_for_less_than_one_concept_is_refused(table: Path, k: str) -> None:
    result = run(gliner_cli, ["kb", "search", str(table), "Podagra", "-k", k])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "GB-E419] -k must be at least 1, the maximum number of concepts" in result.stderr
    assert f"found {k}." in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TABLE + "D:1,Again,,\n", "GB-E060.*small.csv, line 4: the id 'D:1' is already in line 2"),
        ("id,name\n", "GB-E080"),
        ("name\nx\n", "GB-E060.*line 1"),
    ],
)
def test_a_bad_terminology_is_a_message_and_nothing_is_written(
    table: Path, tmp_path: Path, content: str, message: str
) -> None:
    table.write_text(content)
    result = run(gliner_cli, ["kb", "build", str(table), str(tmp_path / "mine.kb")])
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == [table]
    assert re.search(message, result.stderr)


@pytest.mark.parametrize(
    "arguments", [["small.csv"], ["small.csv", "other.csv"], ["small.csv", "."]]
)
def test_an_output_that_is_no_output_is_refused(
    table: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    result = run(gliner_cli, ["kb", "build", *arguments])
    assert (result.exit_code, "GB-E056" in result.stderr) == (1, True)
    assert table.read_text() == TABLE


def test_a_built_terminology_is_verified(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.kb"
    run(gliner_cli, ["kb", "build", str(table), str(output)])
    result = run(gliner_cli, ["kb", "info", str(output), "--verify"])
    assert result.exit_code == 0, result.output
    assert "is as it was built" in result.stderr
    content = output.read_bytes()
    output.write_bytes(content.replace(b"podagra", b"podagrb"))
    assert run(gliner_cli, ["kb", "info", str(output)]).exit_code == 0
    result = run(gliner_cli, ["kb", "info", str(output), "--verify"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "GB-E152" in result.stderr


def test_a_table_of_excel_is_built_in_its_encoding(tmp_path: Path) -> None:
    source, output = tmp_path / "small.csv", tmp_path / "small.kb"
    source.write_bytes("id;name;aliases\nD:1;Sjögren syndrome;sicca|Sjögren\n".encode("cp1252"))
    refused = run(gliner_cli, ["kb", "build", str(source), str(output)])
    assert (refused.exit_code, output.exists()) == (1, False)
    assert "--encoding cp1252" in refused.stderr
    result = run(gliner_cli, ["kb", "build", str(source), str(output), "--encoding", "cp1252"])
    assert result.exit_code == 0, result.output
    concept = KnowledgeBase.from_disk(output)["D:1"]
    assert (concept.canonical_name, concept.aliases) == ("Sjögren syndrome", ["sicca", "Sjögren"])


def test_help_tells_the_separator_of_aliases() -> None:
    shown = " ".join(run(gliner_cli, ["kb", "build", "--help"]).stdout.split())
    assert 'several aliases or types in a cell by "|": PLX4032|Zelboraf' in shown


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX")
def test_devices_and_pipes_are_no_outputs(table: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for output in (pipe, Path(os.devnull)):
        result = run(gliner_cli, ["kb", "build", str(table), str(output)])
        assert result.exit_code == 1
        assert "GB-E056" in result.stderr
        assert "Name a regular file" in result.stderr
    assert pipe.is_fifo()
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_to_a_file_is_followed(table: Path, tmp_path: Path) -> None:
    link, real = tmp_path / "link.kb", tmp_path / "real.kb"
    link.symlink_to(real)
    assert run(gliner_cli, ["kb", "build", str(table), str(link)]).exit_code == 0
    assert link.is_symlink()
    assert len(KnowledgeBase.from_disk(real)) == 2

import gzip
import os
import re
from pathlib import Path

import pytest
import spacy
from spacy.training import Corpus
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import convert, gliner_cli
from spacy_gliner_biomed.training.gold import read_gold

run = CliRunner().invoke
PUBTATOR = "7|t|Aspirin-induced asthma\n7|a|In mice.\n7\t0\t7\tAspirin\tdrug\tD1\n"


def test_spacy_reads_what_is_written_with_exact_characters(tmp_path: Path) -> None:
    source, output = tmp_path / "data.txt", tmp_path / "new" / "data.spacy"
    source.write_text(PUBTATOR)
    result = run(gliner_cli, ["convert", str(source), str(output), "--format", "pubtator"])
    assert result.exit_code == 0, result.output
    assert "1 documents, 1 entities" in result.stderr
    (example,) = Corpus(output)(spacy.blank("en"))
    gold = read_gold(example.reference, "sc")
    assert example.reference.text == "Aspirin-induced asthma\nIn mice."
    assert (gold.spans, gold.annotated) == ([(0, 7, "drug")], ["drug"])


@pytest.mark.parametrize(
    ("content", "data_format", "code"),
    [
        (PUBTATOR + "7\t0\t99\tAspirin\tdrug\tD1\n", "pubtator", "GB-E060"),
        ("", "jsonl", "GB-E062"),
        (PUBTATOR, "docx", "GB-E030"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_written(
    tmp_path: Path, content: str, data_format: str, code: str
) -> None:
    source, output = tmp_path / "data.txt", tmp_path / "data.spacy"
    source.write_text(content)
    result = run(gliner_cli, ["convert", str(source), str(output), "--format", data_format])
    assert (result.exit_code, code in result.stderr) == (1, True)
    assert not output.exists()


@pytest.mark.filterwarnings("default:.*GB-W012")
def test_gliner_json_and_instructions_are_written_on_demand(tmp_path: Path) -> None:
    source = tmp_path / "data.txt"
    source.write_text(PUBTATOR)
    arguments = ["convert", str(source), str(tmp_path / "x.json"), "--format", "pubtator", "--to"]
    result = run(gliner_cli, [*arguments, "instructions"])
    assert result.exit_code == 0, result.output
    assert "Aspirin" in (tmp_path / "x.json").read_text()
    lost = run(gliner_cli, [*arguments, "gliner"])
    assert (lost.exit_code, "GB-W012" in lost.stderr) == (0, True)
    assert "1 documents, 0 entities" in lost.stderr
    wrong = run(gliner_cli, [*arguments, "word"])
    assert (wrong.exit_code, "GB-E030" in wrong.stderr) == (1, True)


def test_a_name_without_ending_is_a_folder_of_docbins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "DOCS_PER_FILE", 2)
    source, output = tmp_path / "data.txt", tmp_path / "new" / "parts"
    source.write_text(
        "\n".join(PUBTATOR.replace("7\t", f"{n}\t", 1).replace("7|", f"{n}|") for n in range(5))
    )
    arguments = ["convert", str(source), str(output), "--format", "pubtator"]
    result = run(gliner_cli, arguments)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in output.parent.rglob("*")) == [
        "00000.spacy",
        "00001.spacy",
        "00002.spacy",
        "parts",
    ]
    examples = list(Corpus(output)(spacy.blank("en")))
    assert [read_gold(x.reference, "sc").spans for x in examples] == [[(0, 7, "drug")]] * 5
    again = run(gliner_cli, arguments)
    assert (again.exit_code, "GB-E056" in again.stderr) == (1, True)


@pytest.mark.filterwarnings("default:.*GB-W16")
def test_brat_files_in_any_case_are_read_and_others_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "brat"
    folder.mkdir()
    for name, content in (("a.txt", "Aspirin"), ("B.TXT", "Aspirin"), ("c.csv", "")):
        (folder / name).write_text(content)
    for name in ("a.ann", "B.ANN"):
        (folder / name).write_text("T1\tDrug 0 7\tAspirin\n")
    result = run(gliner_cli, ["convert", str(folder), str(tmp_path / "x.spacy"), "-f", "brat"])
    assert result.exit_code == 0, result.output
    assert "2 documents, 2 entities" in result.stderr
    assert "1 .csv (c.csv)" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("data.jsonl.gz", gzip.compress(b'{"text": "a", "entities": []}\n' * 999)[:-20], "GB-E161"),
        ("data.jsonl", b'{"text": "Na\xefve", "entities": []}\n', "GB-E160"),
        ("data.jsonl", b'{"text": "a"}\n', "there is no 'entities'; the keys found are: text"),
        ("data.jsonl", b'{"text": "\\ud800", "entities": []}\n', "surrogate"),
        ("data.jsonl", b"[" * 99_999, "nested deeper"),
    ],
)
def test_damage_is_a_message_with_file_and_line(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    arguments = ["convert", str(tmp_path / name), str(tmp_path / "x.spacy"), "-f", "jsonl"]
    result = run(gliner_cli, arguments)
    assert (result.exit_code, problem in result.stderr) == (1, True), result.output
    assert re.search(rf"{name}, line \d", result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_source_is_never_replaced(tmp_path: Path) -> None:
    source = tmp_path / "data.txt"
    source.write_text(PUBTATOR)
    arguments = ["convert", str(source), str(source), "--format", "pubtator", "--to", "gliner"]
    result = run(gliner_cli, arguments)
    assert (result.exit_code, "GB-E056" in result.stderr) == (1, True)
    assert source.read_text() == PUBTATOR


@pytest.mark.skipif(os.name != "posix", reason="a device of POSIX")
def test_a_device_stays_a_device(tmp_path: Path) -> None:
    source = tmp_path / "data.txt"
    source.write_text(PUBTATOR)
    arguments = ["convert", str(source), "/dev/null", "--format", "pubtator", "--to"]
    assert run(gliner_cli, [*arguments, "instructions"]).exit_code == 0
    assert Path("/dev/null").is_char_device()

"""`spacy gliner curate next`, as called from a shell."""

import json
from pathlib import Path
from typing import Any

import pytest
from spacy.cli import app
from typer.testing import CliRunner, Result

import spacy_gliner_biomed.cli  # noqa: F401  registers the commands

TEXTS = [
    "Aspirin was given for fever.",
    "Cancer of the breast was seen in a patient of forty years.",
    "Nothing at all is here.",
    "Insulin and metformin for diabetes.",
    "The gout of the left foot came back after the wedding.",
]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    path = tmp_path / "pool.jsonl"
    lines = [{"id": f"n{i}", "text": text, "ward": i} for i, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def invoke(checkpoint: Path, *arguments: object, labels: str = "disease,drug") -> Result:
    options = ["--checkpoint", checkpoint, "--labels", labels]
    asked = ["gliner", "curate", "next", *arguments, *options]
    return CliRunner().invoke(app, [str(each) for each in asked])


def run(checkpoint: Path, *arguments: object) -> str:
    result = invoke(checkpoint, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_tasks_of_three_tools_have_the_same_documents_in_the_same_order(
    pool: Path, uni_span: Path
) -> None:
    folder = pool.parent / "out"
    names = ["next.prodigy.jsonl", "next.labelstudio.json", "next.jsonl"]
    outputs = [part for name in names for part in ("--output", folder / name)]
    report = folder / "report.json"
    said = run(uni_span, pool, *outputs, "--count", 3, "--report", report)
    assert "5  read" in said
    assert "3  proposed" in said
    prodigy, lines = read_lines(folder / names[0]), read_lines(folder / names[2])
    tasks = json.loads((folder / names[1]).read_text())
    found = json.loads(report.read_text())["proposed"]
    ids = [each["id"] for each in found]
    assert len(set(ids)) == 3
    assert ids == [task["meta"]["id"] for task in prodigy] == [line["id"] for line in lines]
    assert ids == [task["data"]["id"] for task in tasks]
    assert [line["next_rank"] for line in lines] == [1, 2, 3]
    assert [line["ward"] for line in lines] == [int(name[1:]) for name in ids]
    for line, row in zip(lines, found, strict=True):
        assert line["next_uncertainty"] == row["uncertainty"]
        assert line["next_coverage"] == row["coverage"]
    assert sum(len(line["entities"]) for line in lines) == sum(len(t["spans"]) for t in prodigy)


def test_the_same_pool_gives_the_same_file(pool: Path, uni_span: Path) -> None:
    targets = [pool.parent / f"{name}.prodigy.jsonl" for name in "ab"]
    for target in targets:
        run(uni_span, pool, "--output", target, "--count", 4)
    assert targets[0].read_bytes() == targets[1].read_bytes()


@pytest.mark.filterwarnings("always:.GB-W340")
def test_the_next_round_leaves_out_what_is_annotated(pool: Path, uni_span: Path) -> None:
    first, second = (pool.parent / "out" / f"{name}.jsonl" for name in ("first", "second"))
    run(uni_span, pool, "--output", first, "--count", 2)
    said = run(uni_span, pool, "--output", second, "--annotated", first)
    assert "2  annotated already" in said
    assert "GB-W340" in said
    ids = [[line["id"] for line in read_lines(path)] for path in (first, second)]
    assert sorted(ids[0] + ids[1]) == [f"n{i}" for i in range(5)]


def test_metadata_stays_and_only_the_numbers_of_an_earlier_round_are_replaced(
    tmp_path: Path, uni_span: Path
) -> None:
    earlier = {"next_rank": 7, "next_uncertainty": 0.5, "next_coverage": 0.5}
    lines = [{"text": TEXTS[0], **earlier}, {"text": TEXTS[1], "next_rank": "mine"}]
    pool, target = tmp_path / "pool.jsonl", tmp_path / "next.jsonl"
    pool.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(uni_span, pool, "--output", target, "--count", 2)
    first, second = sorted(read_lines(target), key=lambda line: line["text"])
    assert {first["next_rank"], second["next_rank_2"]} == {1, 2}
    assert second["next_rank"] == "mine"
    assert "next_rank_2" not in first
    assert "next_coverage" in second


def test_a_broken_line_is_counted_and_the_others_are_proposed(pool: Path, uni_span: Path) -> None:
    with pool.open("a") as file:
        file.write('{"text": 7}\n')
    target = pool.parent / "out" / "next.jsonl"
    result = invoke(uni_span, pool, "--output", target, "--count", 5)
    assert result.exit_code == 1
    assert f"{pool}, line 6" in result.output
    assert "1  not readable" in result.output
    assert len(read_lines(target)) == 5


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--count", 0], "GB-E030"),
        (["--uncertainty", 0, "--coverage", 0], "GB-E342"),
        (["--annotated", "missing.jsonl"], "missing.jsonl"),
        (["--format", "nonsense"], "GB-E030"),
    ],
)
def test_wrong_options_are_said_without_a_traceback(
    pool: Path, uni_span: Path, arguments: list[object], code: str
) -> None:
    target = pool.parent / "next.prodigy.jsonl"
    result = invoke(uni_span, pool, "--output", target, *arguments)
    assert result.exit_code == 1
    assert code in result.output
    assert isinstance(result.exception, SystemExit)
    assert not target.exists()


def test_a_pool_without_a_text_leaves_the_output_as_it_is(tmp_path: Path, uni_span: Path) -> None:
    source, target = tmp_path / "pool.jsonl", tmp_path / "out" / "next.jsonl"
    source.write_text(json.dumps({"text": "  "}) + "\n")
    target.parent.mkdir()
    target.write_text("earlier")
    result = invoke(uni_span, source, "--output", target)
    assert result.exit_code == 1
    assert "GB-E341" in result.output
    assert target.read_text() == "earlier"


def test_the_pool_is_no_output(pool: Path, uni_span: Path) -> None:
    before = pool.read_text()
    result = invoke(uni_span, pool, "--output", pool)
    assert result.exit_code == 1
    assert "GB-E056" in result.output
    assert pool.read_text() == before

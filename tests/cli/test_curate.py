"""`spacy gliner curate`, as called from a shell."""

import json
from pathlib import Path

import pytest
from spacy.cli import app
from typer.testing import CliRunner

import spacy_gliner_biomed.cli  # noqa: F401  registers the commands

LINES = [
    {"id": "1", "text": "Aspirin was given for fever.", "entities": [[0, 7, "drug"]]},
    {"id": "2", "text": "Nothing at all is here.", "entities": []},
    {"id": "3", "text": "Aspirin was given for fever.", "entities": [[0, 7, "chemical"]]},
    {"id": "4", "text": "Cancer of the breast was seen.", "entities": [[0, 6, "disease"]]},
    {"id": "5", "text": "ALL CAPITALS ARE SHOUTED HERE.", "entities": []},
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    lines = []
    for line in LINES:
        entities = [dict(zip(("start", "end", "label"), e, strict=True)) for e in line["entities"]]
        lines.append(json.dumps({**line, "entities": entities}) + "\n")
    path.write_text("".join(lines))
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["gliner", "curate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_select_keeps_half_of_the_positives_and_reports(source: Path, uni_span: Path) -> None:
    target, report = source.parent / "kept.jsonl", source.parent / "report.json"
    picture = source.parent / "scores.svg"
    options = ["--scorer", "coverage", "--scorer.checkpoint", uni_span, "--ratio", 0.5]
    output = run("select", source, target, *options, "--report", report, "--histogram", picture)
    assert "4  kept" in output
    assert {"2", "5"} < set(ids(target))
    assert len(ids(target)) == 4
    assert json.loads(report.read_text())["documents"] == {"kept": 4, "below the ratio": 1}
    assert "<svg" in picture.read_text()


def test_select_takes_any_registered_scorer_and_its_settings(source: Path) -> None:
    kept = []
    for seed in (0, 1, 2, 3):
        target = source.parent / f"kept{seed}.jsonl"
        name = "spacy-gliner-biomed.RandomScorer.v1"
        shares = ["--ratio", 0.3, "--negatives", 0]
        run("select", source, target, "--scorer", name, "--scorer.seed", seed, *shares)
        kept.append(tuple(ids(target)))
    assert all(len(each) == 1 for each in kept)
    assert len(set(kept)) > 1


def test_clean_drops_repeats_and_bad_text_and_reports_contradictions(source: Path) -> None:
    target, report = source.parent / "clean.jsonl", source.parent / "report.json"
    against = source.parent / "test.jsonl"
    against.write_text(json.dumps({"id": "t", "text": LINES[3]["text"], "entities": []}) + "\n")
    run("clean", source, target, "--against", against, "--report", report)
    assert ids(target) == ["1", "2"]
    found = json.loads(report.read_text())
    assert found["documents"] == {
        "kept": 2,
        "repeats another text": 1,
        "repeats a test text": 1,
        "more than 20% capitals": 1,
    }
    assert found["repeats"] == [
        {"document": "3", "repeats": "1"},
        {"document": "4", "repeats": "t"},
    ]
    run("clean", source, target, "--cosine", 1.01, "--report", report)
    assert json.loads(report.read_text())["contradictions"] == [
        {"mention": "aspirin", "labels": {"drug": 1, "chemical": 1}}
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--ratio", "2"], "GB-E030"),
        (["--scorer.checkpoint", "no/where"], "GB-E0"),
        (["--scorer", "nonsense"], "'nonsense'. Scorers are: random, difficulty, language-model"),
        (["--scorer", "rndom"], "Did you mean 'random'? Scorers are: random,"),
        (["--scorer", "random", "--scorer.nonsense", "1"], "nonsense"),
        (["--scorer", "random", "--scorer.seed", "many"], "seed"),
    ],
)
def test_wrong_settings_are_said_without_a_traceback(
    source: Path, arguments: list[str], code: str
) -> None:
    target = source.parent / "x.jsonl"
    command = ["gliner", "curate", "select", str(source), str(target)]
    result = CliRunner().invoke(app, [*command, *arguments])
    assert result.exit_code == 1
    assert code in " ".join(result.output.split())
    assert isinstance(result.exception, SystemExit)
    assert not target.exists()


def test_an_unknown_option_is_not_taken_for_a_file(source: Path) -> None:
    command = ["gliner", "curate", "select", str(source), "--output", "x.jsonl"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert "'--output' is not a file. Name both files first." in " ".join(result.output.split())


@pytest.mark.parametrize("command", [["select", "--scorer", "random"], ["clean"]])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "GB-E114"),
        ('{"text": "a", "entities": []}\n{"text": "b"}\n', "line 2"),
        ('{"text": "a", "entities": [{"start": 0, "end": 9, "label": "x"}]}\n', "line 1"),
    ],
)
def test_empty_and_broken_files_are_named_and_nothing_is_written(
    tmp_path: Path, command: list[str], content: str, code: str
) -> None:
    source, target = tmp_path / "source.jsonl", tmp_path / "target.jsonl"
    source.write_text(content)
    arguments = ["gliner", "curate", command[0], str(source), str(target), *command[1:]]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert code in result.output
    assert str(source) in result.output
    assert not target.exists()


def test_a_test_set_that_is_broken_is_named(source: Path) -> None:
    against = source.parent / "test.jsonl"
    against.write_text("broken\n")
    command = ["gliner", "curate", "clean", str(source), str(source.parent / "x.jsonl")]
    result = CliRunner().invoke(app, [*command, "--against", str(against)])
    assert result.exit_code == 1
    assert f"{against}, line 1" in result.output


def test_if_nothing_passes_the_file_is_empty(source: Path) -> None:
    target = source.parent / "none.jsonl"
    output = run("clean", source, target, "--min-words", 1000)
    assert "5  fewer than" in output
    assert target.read_text() == ""

"""Relations between entities, from the command line."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.pipeline.relation_annotation import Relation
from spacy_gliner_biomed.training.formats.table import read_format
from tests.tiny import tiny_checkpoint

TEXT = "the drug aspirin treats cancer of the patient and no gene was there"
TREATS = [{"relation": "treats", "head": ["drug"], "threshold": 0.1}]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("related"), relations_layer="none")


@pytest.fixture
def annotate(checkpoint: Path, tmp_path: Path) -> Callable[..., Result]:
    """Runs the command on two lines of text."""
    notes = tmp_path / "notes.jsonl"
    notes.write_text("".join(json.dumps({"id": i, "text": TEXT}) + "\n" for i in range(2)))

    def run(*args: object, labels: str = "drug,disease") -> Result:
        options = ["--checkpoint", checkpoint, "--threshold", 0.4, "--labels", labels]
        return CliRunner().invoke(gliner_cli, ["annotate", *map(str, [notes, *args, *options])])

    return run


def test_all_outputs_have_the_same_relations(
    annotate: Callable[..., Result], tmp_path: Path
) -> None:
    lines, table, page = (tmp_path / f"out.{x}" for x in ("jsonl", "relations.csv", "html"))
    outputs = [arg for path in (lines, table, page) for arg in ("-o", path)]
    result = annotate("--relations", "causes,treats", *outputs)
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    n = sum(len(line["relations"]) for line in found)
    assert n > 2
    assert {each["label"] for line in found for each in line["relations"]} == {
        *("causes", "treats")
    }
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["document"], row["label"], row["head_text"]) for row in rows] == [
        (str(line["id"]), each["label"], line["entities"][each["head"]]["text"])
        for line in found
        for each in line["relations"]
    ]
    assert page.read_text().count('<tr class="relation"') == n
    assert f"{n} relations (" in result.stderr


def test_relations_are_read_as_json(annotate: Callable[..., Result]) -> None:
    result = annotate("--relations", json.dumps(TREATS), "--format", "jsonl", "-q")
    for line in map(json.loads, result.stdout.splitlines()):
        heads = {line["entities"][each["head"]]["label"] for each in line["relations"]}
        assert heads == {"drug"}


@pytest.mark.filterwarnings("default:.*GB-W36")  # shown, not raised
def test_relations_that_no_output_holds_are_counted(annotate: Callable[..., Result]) -> None:
    result = annotate("--relations", "causes,treats", "-q")
    assert result.exit_code == 0
    assert re.search(r"\[GB-W361\] \d+ relations were found", result.stderr)


@pytest.mark.filterwarnings("default:.*GB-W36")  # shown, not raised
@pytest.mark.filterwarnings("ignore:.*GB-W163")
def test_relations_without_concepts_are_counted(
    annotate: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "out.pubtator"
    result = annotate("--relations", "causes,treats", "-o", path, "-q")
    assert re.search(r"\[GB-W360\] \d+ relations are not", result.stderr)
    assert len(list(read_format(path, "pubtator"))) == 2


@pytest.mark.filterwarnings("default:.*GB-W36")  # shown, not raised
def test_relations_of_the_input_between_other_spans_are_counted(
    checkpoint: Path, tmp_path: Path
) -> None:
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("en")
    settings = {"labels": ["drug"], "model": {"checkpoint": str(checkpoint)}, "threshold": 1.0}
    nlp.add_pipe("gliner_biomed", config=settings)
    doc = nlp.make_doc(TEXT)
    doc._.relations = [Relation(doc[0:1], doc[1:2], "old")]
    nlp.to_disk(tmp_path / "saved")
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "in.spacy")
    arguments = [tmp_path / "in.spacy", "--pipeline", tmp_path / "saved", "-f", "jsonl", "-q"]
    result = CliRunner().invoke(gliner_cli, ["annotate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    assert "[GB-W362] 1 relation is in no output" in result.stderr


@pytest.mark.parametrize(
    ("relations", "code"), [("[treats]", "GB-E360"), ('[{"head": "drug"}]', "GB-E282")]
)
def test_wrong_relations_are_an_error(
    annotate: Callable[..., Result], relations: str, code: str
) -> None:
    result = annotate("--relations", relations)
    assert result.exit_code == 1
    assert code in result.stderr


def test_a_checkpoint_without_relations_is_an_error(uni_span: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text(TEXT)
    options = ["--checkpoint", uni_span, "-l", "drug", "--relations", "treats"]
    result = CliRunner().invoke(gliner_cli, ["annotate", *map(str, [note, *options])])
    assert result.exit_code == 1
    assert "GB-E280" in result.stderr

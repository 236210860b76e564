"""`spacy gliner train`, as called from a shell."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

import spacy_gliner_biomed.cli  # noqa: F401  registers the commands
from tests.pipeline.test_training import examples_of
from tests.pipeline.test_training_run import CONFIG


def test_trains_with_overrides_and_goes_on_when_called_again(
    tmp_path: Path, uni_span: Path
) -> None:
    nlp = spacy.blank("en")
    DocBin(docs=[eg.reference for eg in examples_of(nlp)]).to_disk(tmp_path / "docs.spacy")
    values = {"docs": tmp_path / "docs.spacy", "checkpoint": uni_span}
    config = tmp_path / "train.cfg"
    quoted = {key: json.dumps(str(value)) for key, value in values.items()}
    config.write_text(CONFIG.format(**quoted, lora_rank=0, patience=0))
    arguments = ["gliner", "train", str(config), "--output", str(tmp_path / "run")]
    first = CliRunner().invoke(app, [*arguments, "--training.max_steps", "4"])
    assert first.exit_code == 0, first.output
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 0, again.output
    steps = [line.split()[1] for line in again.output.splitlines() if line.strip()[:1].isdigit()]
    assert steps == ["0", "2", "4", "6", "8"]
    assert spacy.load(tmp_path / "run" / "model-best").get_pipe("gliner_biomed").labels == (
        "disease",
        "drug",
    )
    other = CliRunner().invoke(app, [*arguments, "--training.dropout", "0.3"])
    assert other.exit_code == 1
    assert "GB-E065" in other.output


@pytest.mark.parametrize(
    ("group", "message"),
    [("mykey", "[GB-E145]"), (None, "[GB-E145]"), ("sc", "[GB-E147]")],
)
@pytest.mark.filterwarnings("ignore:.*GB-W141")
def test_training_without_gold_is_an_error_and_saves_nothing(
    tmp_path: Path, uni_span: Path, group: str | None, message: str
) -> None:
    docs = [spacy.blank("en").make_doc("Zinc cured fever.") for _ in range(2)]
    for doc in docs:
        if group is not None:  # in the component's own, there is no entity
            doc.spans[group] = [Span(doc, 0, 1, label="drug")] if group == "mykey" else []
    DocBin(docs=docs).to_disk(tmp_path / "docs.spacy")
    values = {"docs": tmp_path / "docs.spacy", "checkpoint": uni_span}
    config = tmp_path / "train.cfg"
    quoted = {key: json.dumps(str(value)) for key, value in values.items()}
    config.write_text(CONFIG.format(**quoted, lora_rank=0, patience=0))
    arguments = ["gliner", "train", str(config), "--output", str(tmp_path / "run")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1, result.output
    assert message in result.output
    assert ("'mykey' (in 2 documents)" in result.output) == (group == "mykey")
    assert list((tmp_path / "run").iterdir()) == []

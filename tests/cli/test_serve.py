import sys
from typing import Any

import pytest
import spacy
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.cli.serve import _default_labels, _report_address
from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS
from spacy_gliner_biomed.service.server import open_socket


def test_an_address_for_everybody_without_a_token_is_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for host, token, warned in [
        ("127.0.0.1", None, False),
        ("0.0.0.0", None, True),
        ("0.0.0.0", "a token", False),
    ]:
        with open_socket(host, 0) as listening:
            _report_address(listening, token)
        error = capsys.readouterr().err
        assert "Serving on http://127.0.0.1:" in error
        assert ("[GB-W240]" in error) == warned


def test_default_labels_are_the_options_or_the_pipelines_or_those_of_the_component() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"labels": []})
    assert _default_labels(nlp, None) == DEFAULT_LABELS
    nlp.get_pipe("gliner_biomed").labels = ["own"]  # type: ignore[attr-defined]
    assert _default_labels(nlp, None) == ["own"]
    assert _default_labels(nlp, "disease, drug") == ["disease", "drug"]


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = CliRunner().invoke(gliner_cli, ["serve"])
    assert result.exit_code == 1
    assert "spacy_gliner_biomed[serve]" in result.output


@pytest.mark.parametrize("content", ["short", None])
def test_a_token_file_without_a_token_ends_the_command(tmp_path: Any, content: str | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    result = CliRunner().invoke(gliner_cli, ["serve", "--port", "0", "--token-file", str(path)])
    assert result.exit_code == 1
    assert str(path) in result.output.replace("\n", "")


def test_an_address_in_use_ends_the_command() -> None:
    with open_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        result = CliRunner().invoke(gliner_cli, ["serve", "--port", str(port)])
    assert result.exit_code == 1
    assert "in use" in result.output

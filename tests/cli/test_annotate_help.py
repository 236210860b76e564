"""The help of the commands that annotate: defaults, formats and one example."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.cli.writing_options import OUTPUT_FORMATS

# Options that do nothing where they are not given.
WITHOUT_DEFAULT = {"--attributes", "--fhir-mapping", "--code", "--pipeline", "--kb"}


def shown(command: str) -> str:
    result = CliRunner().invoke(gliner_cli, [command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    return " ".join(result.output.split())


@pytest.mark.parametrize("command", ["annotate", "annotate-corpus"])
def test_help_has_one_example_and_all_formats(command: str) -> None:
    text = shown(command)
    assert re.findall(r"Example: python -m spacy gliner ([\w-]+) notes/ ", text) == [command]
    missing = [name for name in OUTPUT_FORMATS if name not in text]
    # A corpus has relations in its tables.
    allowed = ["relations-csv", "relations-parquet"] if command == "annotate-corpus" else []
    assert missing == allowed


@pytest.mark.parametrize("command", ["annotate", "annotate-corpus"])
def test_each_option_that_has_a_default_shows_it(command: str) -> None:
    group = get_command(gliner_cli)
    parameters = group.commands[command].params  # type: ignore[attr-defined]
    for parameter in parameters:
        name = parameter.opts[0]
        if parameter.param_type_name != "option" or name in WITHOUT_DEFAULT:
            continue
        default = parameter.default
        shows = parameter.show_default and default is not None and default is not False
        flag = parameter.is_flag and default is False
        assert shows or flag or "efault" in (parameter.help or ""), name

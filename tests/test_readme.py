"""What the README says is true: it is short, and its first command works.

`tests/docs` runs its code blocks and follows its links, as those of all pages.
"""

import re
import shlex
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from scripts.docs.blocks import read_blocks
from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")

needs_packaged = pytest.mark.skipif(
    not (PACKAGED_FOLDER / CONFIG_NAME).exists(), reason="needs the packaged model"
)


def first_cells(page: str) -> set[str]:
    """The names in code in the first cells of a page's tables."""
    cells = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def settings() -> set[str]:
    assert spacy.blank("en").has_factory("gliner_biomed")  # loads the entry point
    return set(Language.get_factory_meta("gliner_biomed").default_config)


def test_it_is_one_screen() -> None:
    assert len(README.encode("utf8")) <= 10_000


def test_it_names_only_settings_that_exist() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    assert {"labels", "threshold"} <= first_cells(table) <= settings()


def test_the_page_of_settings_names_every_setting() -> None:
    page = (ROOT / "docs" / "guides" / "settings.md").read_text(encoding="utf8")
    assert first_cells(page.split("## Attributes")[0]) == settings()


@needs_packaged
def test_first_command_annotates_the_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = read_blocks(README)[0].code.split(" && ")[-1]
    words = shlex.split(command)
    assert words[:5] == [".venv/bin/python", "-m", "spacy", "gliner", "annotate"]
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(gliner_cli, words[4:])
    assert result.exit_code == 0, result.output
    assert "discharge_summary.txt" in result.stdout
    assert "<mark" in (tmp_path / "out" / "examples.html").read_text(encoding="utf8")

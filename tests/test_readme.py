"""What the README says is true: its Python runs, its tables and its folder tree are complete."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")
PACKAGE = "spacy_gliner_biomed"

needs_packaged = pytest.mark.skipif(
    not (PACKAGED_FOLDER / CONFIG_NAME).exists(), reason="needs the packaged model"
)


def blocks(language: str) -> list[str]:
    """The README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def folder_tree() -> str:
    """The package's files, each with the first sentence of its docstring."""
    lines = []
    folder = None
    for path in sorted((ROOT / PACKAGE).rglob("*.py"), key=lambda p: (p.parent, p)):
        name = path.relative_to(ROOT)
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf8"))) or ""
        phrase = re.split(r"(?<=[^.][.]) ", " ".join(docstring.split()))[0]
        if name.parent != folder:
            folder = name.parent
            lines.append(f"{folder.as_posix()}/")
        lines.append(f"  {name.name:18} {phrase}")
    return "\n".join(lines) + "\n"


def test_folder_tree_names_every_file_of_the_package() -> None:
    assert f"```\n{folder_tree()}```\n" in README, f"the tree should be:\n{folder_tree()}"


def test_folder_tree_names_every_other_entry() -> None:
    listed = set(re.findall(r"^\| `([^`]+)` \|", README.split("## Folder tree")[1], re.MULTILINE))
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    entries = {path.name for path in ROOT.iterdir()} - ignored - {".git", ".gitignore", PACKAGE}
    entries = {name for name in entries if not any(Path(name).match(rule) for rule in ignored)}
    assert entries == {name.split("/")[0] for name in listed}


def test_settings_table_names_every_setting() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    first_cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert spacy.blank("en").has_factory("gliner_biomed")  # loads the entry point
    assert named == set(Language.get_factory_meta("gliner_biomed").default_config)


def test_links_inside_lead_somewhere() -> None:
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("https://"):
            assert (ROOT / target).exists()


@needs_packaged
def test_first_command_annotates_the_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = blocks("bash")[0].split(" && ")[-1]
    words = shlex.split(command)
    assert words[:5] == [".venv/bin/python", "-m", "spacy", "gliner", "annotate"]
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(gliner_cli, words[4:])
    assert result.exit_code == 0, result.output
    assert "discharge_summary.txt" in result.stdout
    assert "<mark" in (tmp_path / "out" / "examples.html").read_text(encoding="utf8")


@needs_packaged
@pytest.mark.filterwarnings("ignore:.GB-W00")  # of moved spans; the README explains them
def test_python_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert isinstance(names["nlp"], Language)
    assert spacy.load(tmp_path / "my_pipeline").pipe_names == ["gliner_biomed"]

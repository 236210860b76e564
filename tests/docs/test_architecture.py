"""What CONTRIBUTING and the page on architecture say of modules, folders and tests is true."""

import re
from pathlib import Path

import pytest

from tests.test_import_order import FLOORS, PACKAGE, floor_of

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf8")
ARCHITECTURE = (ROOT / "docs" / "project" / "architecture.md").read_text(encoding="utf8")
NAMED_PATH = re.compile(r"`((?:[a-z_]+/)+(?:\w+\.(?:py|md|cfg))?)`")
NAMED_TEST = re.compile(r"`(test_\w+)`")
NAMED_CODE = re.compile(r"`([A-Za-z_]+(?:\.[a-z_]+)?)(?: = .*?)?`")


@pytest.mark.parametrize("path", sorted({*NAMED_PATH.findall(CONTRIBUTING + ARCHITECTURE)}))
def test_named_files_and_folders_exist(path: str) -> None:
    assert (ROOT / path).exists() or any((ROOT / PACKAGE).glob(f"**/{path}"))


@pytest.mark.parametrize("name", sorted({*NAMED_TEST.findall(CONTRIBUTING + ARCHITECTURE)}))
def test_named_tests_exist(name: str) -> None:
    sources = (path.read_text(encoding="utf8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert any(f"def {name}(" in source for source in sources)


def test_named_classes_functions_and_settings_exist() -> None:
    folders = [ROOT / name for name in (PACKAGE, "tests", "scripts")]
    sources = [path.read_text(encoding="utf8") for f in folders for path in f.rglob("*.py")]
    files = " ".join(path.name for path in ROOT.iterdir())
    known = {*re.findall(r"\w+", " ".join(sources) + files)}
    named = {
        part for name in NAMED_CODE.findall(CONTRIBUTING + ARCHITECTURE) for part in name.split(".")
    }
    assert named - known == set()


@pytest.mark.parametrize(
    ("page", "heading", "row"),
    [
        (ARCHITECTURE, "## Folders and import direction", r"^\| (.*?) \|"),
        (CONTRIBUTING, "## Layers", r"^\d+\. (.*)$"),
    ],
)
def test_folders_are_in_the_order_of_imports(page: str, heading: str, row: str) -> None:
    section = page.partition(heading)[2].partition("\n## ")[0]
    rows = re.findall(row, section, re.MULTILINE)
    named = [part for found in rows for part in re.findall(r"`(\w+)(?:/|\.py|`)", found)]
    known = {part for floor in FLOORS for part in floor}
    floors = [floor_of(part) for part in named if part in known]
    assert floors == sorted(floors)
    assert set(floors) == set(range(len(FLOORS)))

"""Generated pages and parts of pages are committed as they are made now."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from scripts.docs.pages import current_text, repository_pages
from scripts.docs.places import MARK, PLACE, with_places
from tests.docs.conftest import ROOT

COMMANDS = "docs/reference/commands.md"
REFRESH = "is out of date; run: python -m scripts.docs.refresh"


def constrained(package: str) -> str:
    """The version of a package that `constraints.txt` has."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf8")
    found = re.search(rf"^{package}==([\w.]+)", text, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize("page", repository_pages())
def test_what_is_generated_is_up_to_date(page: str) -> None:
    if page == COMMANDS and any(version(p) != constrained(p) for p in ("typer", "click")):
        pytest.skip("needs the versions of typer and click that constraints.txt has")
    assert (ROOT / page).read_text(encoding="utf8") == current_text(page), f"{page} {REFRESH}"


@pytest.mark.parametrize("page", repository_pages())
def test_each_mark_has_an_end(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf8")
    assert len(PLACE.findall(text)) == len(MARK.findall(text)) == text.count("<!-- end -->\n")


def test_a_place_is_filled_and_filled_again() -> None:
    page = "a\n\n<!-- table: training -->\nold\n<!-- end -->\n\nb\n"
    filled = with_places(page)
    before, table = filled.split("<!-- table: training -->\n\n")
    assert before == "a\n\n"
    assert table.startswith("| trainer | windows/s |")
    assert table.endswith(" |\n\n<!-- end -->\n\nb\n")
    assert "old" not in filled
    assert with_places(filled) == filled


def test_a_place_without_an_end_takes_nothing_of_the_next() -> None:
    page = "<!-- table: none -->\n\n<!-- table: training -->\n<!-- end -->\n"
    assert with_places(page).startswith("<!-- table: none -->\n\n<!-- table: training -->\n\n| ")


def test_an_unknown_table_is_an_error() -> None:
    with pytest.raises(KeyError):
        with_places("<!-- table: none -->\n<!-- end -->\n")


def test_pages_do_not_depend_on_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = current_text(COMMANDS)
    monkeypatch.setenv("COLUMNS", "30")
    assert current_text(COMMANDS) == wide


def test_all_pages_are_named() -> None:
    pages = {p.relative_to(ROOT).as_posix() for p in Path(ROOT / "docs").rglob("*.md")}
    assert {*repository_pages()} == {"README.md", *pages}

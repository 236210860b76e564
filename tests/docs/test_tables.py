"""Tables of results: each is used, is made of its file, and is in the README as it is now."""

import re

import pytest

from scripts.docs.refresh import with_tables
from scripts.docs.tables import PLACE, TABLES, insert_tables, markdown, spread
from tests.docs.conftest import PAGES, ROOT


def places() -> list[tuple[str, str]]:
    """Name and argument of each table of all pages."""
    texts = [(ROOT / page).read_text(encoding="utf8") for page in PAGES]
    return [found for text in texts for found in PLACE.findall(text)]


def test_a_table_is_markdown() -> None:
    assert markdown(["a", "b"], [[1, 2.5]]) == "| a | b |\n| --- | --- |\n| 1 | 2.5 |"


def test_a_spread_is_mean_and_deviation() -> None:
    assert spread([1.0, 2.0, 3.0]) == "2.0 ± 1.0"
    assert spread([1.25]) == "1.2"


def test_each_table_is_on_a_page() -> None:
    assert {name for name, _ in places()} == set(TABLES)


@pytest.mark.parametrize(("name", "argument"), places())
def test_a_table_has_rows_of_equal_length(name: str, argument: str) -> None:
    table = insert_tables(f"<!-- table: {name}{' ' if argument else ''}{argument} -->")
    lines = table.splitlines()
    assert len(lines) > 2
    assert len({line.count(" | ") for line in lines[2:]}) == 1


def test_an_unknown_table_is_an_error() -> None:
    with pytest.raises(KeyError):
        insert_tables("<!-- table: none -->")


def test_the_table_of_accuracy_has_the_figures_of_its_file() -> None:
    text = (ROOT / "benchmarks/results/accuracy-test.json").read_text(encoding="utf8")
    strict = re.findall(r'"strict_f": ([\d.]+)', text)
    table = TABLES["accuracy"]()
    assert strict
    assert all(f" {float(figure)} " in table for figure in strict)


def test_the_readme_has_its_tables_as_they_are_now() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    assert with_tables(readme) == readme, "run: python -m scripts.docs.refresh"

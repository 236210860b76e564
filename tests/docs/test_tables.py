"""Tables of results: each is used, and is made of its file."""

import re

import pytest

from scripts.docs.places import PLACE
from scripts.docs.tables import TABLES, markdown, spread
from tests.docs.conftest import PAGES, ROOT


def places() -> list[list[str]]:
    """Name and arguments of each table of all pages."""
    texts = [(ROOT / page).read_text(encoding="utf8") for page in PAGES]
    found = [place for text in texts for place in PLACE.findall(text)]
    return [words.split() for kind, words in found if kind == "table"]


def test_a_table_is_markdown() -> None:
    assert markdown(["a", "b"], [[1, 2.5]]) == "| a | b |\n| --- | --- |\n| 1 | 2.5 |"


def test_a_spread_is_mean_and_deviation() -> None:
    assert spread([1.0, 2.0, 3.0]) == "2.0 ± 1.0"
    assert spread([1.25]) == "1.2"


def test_each_table_is_on_a_page() -> None:
    assert {name for name, *_ in places()} == set(TABLES)


@pytest.mark.parametrize("words", places(), ids=" ".join)
def test_a_table_has_rows_of_equal_length(words: list[str]) -> None:
    name, *arguments = words
    lines = TABLES[name](*arguments).splitlines()
    assert len(lines) > 2
    assert len({line.count(" | ") for line in lines[2:]}) == 1


def test_the_table_of_accuracy_has_the_figures_of_its_file() -> None:
    text = (ROOT / "benchmarks/results/accuracy-test.json").read_text(encoding="utf8")
    strict = re.findall(r'"strict_f": ([\d.]+)', text)
    table = TABLES["accuracy"]()
    assert strict
    assert all(f" {float(figure)} " in table for figure in strict)

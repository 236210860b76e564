"""Links of pages lead to files of the repository, and to headings that exist."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from scripts.docs.notebooks import notebook_page
from scripts.docs.pages import COPIES, repository_pages
from tests.docs.conftest import ROOT

FILES = sorted({*repository_pages(), *COPIES.values(), "data/README.md"})
IN_HTML = re.compile(r'(?:href|src)="([^"]+)"')
MARKDOWN = MarkdownIt("commonmark").enable("table")


def read(file: Path) -> str:
    """The Markdown of a page or a notebook."""
    return notebook_page(file) if file.suffix == ".ipynb" else file.read_text(encoding="utf8")


def inline(text: str) -> Iterator[Token]:
    """All tokens of a page, also those inside of others."""
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def links(text: str) -> Iterator[str]:
    """The targets of all links and images that lead to no other site."""
    for token in inline(text):
        found = [str(token.attrs[key]) for key in ("href", "src") if key in token.attrs]
        if token.type in ("html_block", "html_inline"):
            found += IN_HTML.findall(token.content)
        yield from (target for target in found if not urlsplit(target).scheme)


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    found: dict[str, int] = {}
    tokens = MARKDOWN.parse(text)
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            shown = "".join(part.content for part in content.children or ())
            name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            found[name] = found.get(name, -1) + 1
    return {name if not i else f"{name}-{i}" for name, n in found.items() for i in range(n + 1)}


def broken(file: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in links(text):
        path, _, anchor = unquote(link).partition("#")
        there = (file.parent / path).resolve() if path else file
        is_there = there.exists() and there.is_relative_to(ROOT.resolve())
        if not is_there or (anchor and anchor not in anchors(read(there) if path else text)):
            found.append(link)
    return found


@pytest.mark.parametrize("name", FILES)
def test_links_lead_to_files_and_headings_of_the_repository(name: str) -> None:
    assert broken(ROOT / name, read(ROOT / name)) == []


def test_links_are_found_in_text_tables_and_html_but_not_in_code() -> None:
    text = (
        '[a](a.md) ![b](b%20c.png) `[c](c.md)` [d](https://e.org) <img src="e.svg">\n\n'
        "| [f](f.md#g) |\n| --- |\n\n```text\n[h](h.md)\n```\n"
    )
    assert list(links(text)) == ["a.md", "b%20c.png", "e.svg", "f.md#g"]


def test_headings_are_named_as_github_does() -> None:
    text = "# A `b_c`: (d), e & f\n\n## Same\n\n## Same\n\n```text\n# no\n```\n"
    assert anchors(text) == {"a-b_c-d-e--f", "same", "same-1"}


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = ROOT / "README.md"
    text = "# Top\n\n[a](no.md) [b](#top) [c](#no) [d](CONTRIBUTING.md#no) [e](../..) [f](docs)"
    assert broken(page, text) == ["no.md", "#no", "CONTRIBUTING.md#no", "../.."]

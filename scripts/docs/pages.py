"""All generated pages, and what the site changes in the text of a page."""

import re
from collections.abc import Callable
from pathlib import Path
from posixpath import dirname, normpath, relpath

from scripts.docs.commands_page import commands_page
from scripts.docs.errors_page import errors_page
from scripts.docs.notebooks import notebook_page
from scripts.docs.places import with_places
from scripts.docs.registered_page import registered_page

ROOT = Path(__file__).parents[2]

# Pages that are generated as a whole; they are in the repository, too.
GENERATED: dict[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands_page,
    "docs/reference/errors.md": errors_page,
    "docs/reference/registered.md": registered_page,
}
# Files of the repository that are pages of the site.
COPIES = {
    "notebooks/first-steps.md": "docs/notebooks/first-steps.ipynb",
    "project/model-card.md": "spacy_gliner_biomed/packaged/README.md",
    "project/contributing.md": "CONTRIBUTING.md",
    "project/changelog.md": "CHANGELOG.md",
}
LINK = re.compile(r"(\]\()([^)\s#:]+)((?:#[^)]*)?\))")
MARKS = re.compile(r"<!-- (?:not run: .+|output|table: .+|reference: .+|end) -->\n")


def repository_pages() -> list[str]:
    """Return the README and the pages in `docs/`, generated ones included."""
    found = (path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    return ["README.md", *sorted({*found, *GENERATED})]


def current_text(page: str) -> str:
    """Return the text of a page with what is generated in it as it is now.

    page (str): One of `repository_pages`.
    """
    if page in GENERATED:
        return GENERATED[page]()
    return with_places((ROOT / page).read_text(encoding="utf8"))


def copied_pages() -> dict[str, str]:
    """Return the text of each page that only the site has, by its path on the site."""
    pages = {}
    for path, source in COPIES.items():
        is_notebook = source.endswith(".ipynb")
        file = ROOT / source
        pages[path] = notebook_page(file) if is_notebook else file.read_text(encoding="utf8")
    return pages


def linked_files() -> dict[str, Path]:
    """Return the files outside of `docs/` that a page links to, by their path on the site."""
    found: dict[str, Path] = {}
    texts = {
        path.relative_to(ROOT / "docs").as_posix(): path.read_text(encoding="utf8")
        for path in (ROOT / "docs").rglob("*.md")
    }
    for path, text in (texts | copied_pages()).items():
        for link in LINK.finditer(text):
            file = normpath(f"{dirname(_source(path))}/{link[2]}")
            if _is_outside(file):
                found[f"files/{file}"] = ROOT / file
    return found


def site_text(markdown: str, path: str) -> str:
    """Return the text of a page as the site shows it.

    markdown (str): The page.
    path (str): Where it is in `docs/`.
    """
    text = LINK.sub(lambda link: link[1] + _target(link[2], path) + link[3], markdown)
    return MARKS.sub("", text)


def _source(path: str) -> str:
    """Return where a page is in the repository."""
    return COPIES.get(path, f"docs/{path}")


def _is_outside(file: str) -> bool:
    pages = set(COPIES.values())
    return not file.startswith("docs/") and file not in pages and (ROOT / file).is_file()


def _target(target: str, path: str) -> str:
    """Return where a link leads on the site: to a page of it, or to a copy of the file."""
    file = normpath(f"{dirname(_source(path))}/{target}").removeprefix("/")
    pages = {copied: page for page, copied in COPIES.items()}
    there = f"files/{file}" if _is_outside(file) else pages.get(file, file.removeprefix("docs/"))
    return relpath(there, dirname(path) or ".")

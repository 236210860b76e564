"""Generated pages are complete, and links of the site lead somewhere."""

import re
from posixpath import dirname, normpath

import pytest

from scripts.docs.advice import ADVICE
from scripts.docs.commands_page import commands_page
from scripts.docs.docstrings import to_markdown
from scripts.docs.errors_page import entry, errors_page, plain
from scripts.docs.notebooks import notebook_page, run_notebook, shown
from scripts.docs.pages import COPIES, LINK, copied_pages, linked_files, site_text
from scripts.docs.registered_page import entry_points, registered_page
from spacy_gliner_biomed.errors import Errors, Warnings
from tests.docs.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "notebooks" / "first-steps.ipynb"
COPIED = copied_pages()
LINKED = linked_files()
# Admonitions, tabs, directives, and attributes of headings.
SITE_ONLY = re.compile(r"^ *(?:!!!|\?\?\?|===|:::) .*$|^#.*\{.*\}$", re.MULTILINE)
SOURCES = {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")}


def test_the_page_of_errors_has_each_code_with_its_message() -> None:
    page = errors_page()
    codes = {code for group in (Errors, Warnings) for code in vars(group) if code[1:].isdigit()}
    assert set(re.findall(r"^#### GB-([EW]\d+)$", page, re.MULTILINE)) == codes
    assert page.count("#### GB-") == len(codes)


def test_an_error_is_its_message_advice_and_guide() -> None:
    message = "[GB-E999] {found!r} is in {path:>3}; not {{}}. Set 'a_b' to <1>."
    assert plain(message) == "[GB-E999] <found> is in <path>; not {}. Set 'a_b' to <1>."
    assert plain("{n:file was|files were} read") == "<n> files were read"
    page = entry("E999", message, "Labels")
    assert "> &lt;found&gt; is in &lt;path&gt;; not {}.\n" in page
    assert r"**What to do.** Set 'a\_b' to &lt;1&gt;." in page
    assert "guides/labels.md" in page


def test_advice_is_for_messages_that_give_none() -> None:
    for code, advice in ADVICE.items():
        message = getattr(Errors, code, "") or getattr(Warnings, code)
        assert f"**What to do.** {advice}" in entry(code, message, "").replace("\\_", "_"), code


def test_the_page_of_commands_has_each_command_and_option() -> None:
    page = commands_page()
    for command in ("annotate", "annotate-corpus", "curate select", "kb build", "train"):
        assert re.search(rf"^##+ {command}$", page, re.MULTILINE), command
    for option in ("--threshold", "--resume", "--url", "--half"):
        assert f"`{option} " in page or f" {option} " in page or f"`{option}`" in page, option
    assert "[default: 64; x>=1]" in page


def test_the_page_of_registered_names_has_each_entry_point() -> None:
    page = registered_page()
    for group, names in entry_points().items():
        for name, target in names.items():
            function = re.escape(target.partition(":")[2])
            start = rf"^### {re.escape(name)}\n\n<!-- .+ -->\n```python\n(def|class) {function}\b"
            is_shown = bool(re.search(start, page, re.MULTILINE))
            assert is_shown == (group not in ("spacy_cli", "spacy_displacy_colors")), name


def test_fields_of_docstrings_become_a_list() -> None:
    text = "Do it.\n\na (int): One\n    more.\nb: Any.\nRETURNS (list[str]): Two.\n\nEnd."
    fields = "- `a` (`int`): One\n  more.\n- `b`: Any.\n- **Returns** (`list[str]`): Two."
    assert to_markdown(text) == f"Do it.\n\n{fields}\n\nEnd."
    assert to_markdown("Do it.\na: One.") == "Do it.\n\n- `a`: One."


@pytest.mark.parametrize("page", sorted(SOURCES))
def test_a_page_has_no_syntax_that_only_the_site_shows(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf8")
    assert not SITE_ONLY.findall(text)


@pytest.mark.parametrize("page", sorted(SOURCES | set(COPIES)))
def test_links_of_a_page_lead_to_pages_and_files_of_the_site(page: str) -> None:
    pages = SOURCES | set(COPIES)
    text = COPIED.get(page) or (ROOT / "docs" / page).read_text(encoding="utf8")
    for link in LINK.finditer(site_text(text, page)):
        there = normpath(f"{dirname(page)}/{link[2]}").removeprefix("/")
        known = there in pages or there in LINKED or (ROOT / "docs" / there).is_file()
        assert known, link[0]


def test_marks_are_not_shown() -> None:
    page = "<!-- not run: why -->\n```bash\na\n```\n\n<!-- table: x y -->\n\nb\n\n<!-- end -->\n"
    assert site_text(page, "p.md") == "```bash\na\n```\n\n\nb\n\n"


def test_a_copied_page_links_to_other_pages_and_to_files() -> None:
    text = "[a](CHANGELOG.md) [b](docs/scale.md#time) [c](setup.cfg)"
    assert site_text(text, "project/contributing.md") == (
        "[a](changelog.md) [b](../scale.md#time) [c](../files/setup.cfg)"
    )


@pytest.mark.usefixtures("workplace")
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs_and_prints_what_it_shows() -> None:
    before = [shown(cell) for cell in run_notebook(NOTEBOOK)["cells"]]
    page = notebook_page(NOTEBOOK)
    assert len([text for text in before if text]) >= 4
    for text in before:
        assert text.rstrip() in page


def test_every_page_is_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf8").split("\nnav:")[1]
    assert set(re.findall(r"[\w/-]+\.md", nav)) == SOURCES | set(COPIES)

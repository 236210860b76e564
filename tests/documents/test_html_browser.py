"""The page in a real browser, from a file: no server, no network."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.run_info import RunInfo
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.types import LabelSpec
from tests.documents.writing.samples import NLP, STARTED, write
from tests.service.browser import axe_source, set_threshold

pytestmark = pytest.mark.browser

LABELS = ["disease", "drug", "anatomical structure"]
NOTE = "Spinal cord compression,\r\nno </script> ulcer. Aspirin was stopped; ASPIRIN restarted."
KINDS = {"negex": "bool", "section_category": "string"}
SETTINGS = WriterSettings(
    LABELS,
    KINDS,
    linked=True,
    started=STARTED,
    run=RunInfo("a-model", "", 0.5, [LabelSpec(label, label) for label in LABELS]),
)
SHOWN = """() => [...document.querySelectorAll(".entity:not(.off)")]
    .filter((mark) => mark.dataset.label).map((mark) => mark.dataset.label)"""
CELLS = """(id) => [...document.querySelectorAll(`#${id} tbody tr`)]
    .map((row) => [...row.cells].map((cell) => cell.textContent))"""


def entity(text: str, label: str, score: float | None, **further: Any) -> Entity:
    start = NOTE.index(text)
    return Entity(start, start + len(text), label, score, text, **further)


FOUND = [
    entity("Spinal cord compression", "disease", 0.91, concept_id="MESH:D013117",
           concept_name="Spinal Cord Compression", concept_score=0.97),
    entity("Spinal cord", "anatomical structure", 0.83, concept_id="UBERON:0002240"),
    entity("cord compression,\r\nno", "drug", 0.5),
    entity("ulcer", "disease", 0.74, attributes={"negex": True, "section_category": "<b>"}),
    entity("Aspirin", "drug", 0.9),
    entity("ASPIRIN", "drug", 0.6),
    entity("restarted", "of the input", None),
]  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two documents with entities and one without."""
    second = [Entity(0, 7, "drug", 0.95, "aspirin")]
    content = write(
        "html",
        (NLP.make_doc(NOTE), Record("note </title>"), FOUND),
        (NLP.make_doc("aspirin " + "x" * 500), Record(2), second),
        (NLP.make_doc("Nothing."), Record(3), []),
        settings=SETTINGS,
    )
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_bytes(content)
    return file


@contextmanager
def opened(browser: Any, path: Path, **options: Any) -> Iterator[Any]:
    """The page, which must cause no error and no request but its own."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page, problems, requests = context.new_page(), [], []
    page.set_default_timeout(20_000)
    page.on("console", lambda m: m.type in ("error", "warning") and problems.append(m.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert problems == []
    assert set(requests) == {path.as_uri()}


@pytest.fixture
def page(browser: Any, path: Path) -> Iterator[Any]:
    with opened(browser, path) as found:
        yield found


def key_of(page: Any, label: str) -> Any:
    return page.locator(".key", has_text=re.compile(f"^{label}"))


def test_all_labels_of_nested_and_crossing_entities_are_visible(page: Any) -> None:
    assert page.evaluate(SHOWN) == [
        "disease",
        "anatomical structure",
        "drug",
        "disease",
        "drug",
        "drug",
        "of the input",
        "drug",
    ]
    tags = page.locator("article:first-of-type .tag")
    assert tags.count() == len(FOUND)
    assert all(tags.nth(i).is_visible() for i in range(len(FOUND)))
    assert page.locator("[data-i='2']").count() == 3
    assert page.locator("#status").text_content() == "8 entities in 3 documents"
    text = page.evaluate(
        """() => {
          const copy = document.querySelector(".text").cloneNode(true);
          copy.querySelectorAll(".tag").forEach((tag) => tag.remove());
          return copy.textContent;
        }"""
    )
    assert text == NOTE.replace("\r\n", "\n")


def test_the_legend_filters_by_keyboard(page: Any) -> None:
    key = key_of(page, "drug")
    assert key.get_attribute("aria-pressed") == "true"
    assert key.text_content() == "drug 4"
    key.focus()
    page.keyboard.press("Space")
    assert key.get_attribute("aria-pressed") == "false"
    assert "drug" not in page.evaluate(SHOWN)
    assert page.locator(".tag:visible", has_text="drug").count() == 0
    assert page.locator("#status").text_content() == "4 of 8 entities in 3 documents"
    assert page.locator("article h2 span").all_text_contents()[1] == "0 entities"
    page.check("#found-only")
    assert page.locator("article:visible").count() == 1
    page.click("#none")
    assert page.evaluate(SHOWN) == []
    page.click("#all")
    assert len(page.evaluate(SHOWN)) == 8
    assert key_of(page, "of the input").text_content() == "of the input 1"


def test_the_slider_hides_at_once_what_is_below(page: Any) -> None:
    assert page.get_attribute("#threshold", "min") == "0.50"
    page.focus("#threshold")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.locator("#threshold-value").text_content() == "0.55"
    assert len(page.evaluate(SHOWN)) == 7  # a score must be above
    set_threshold(page, 0.9)
    assert page.evaluate(SHOWN) == ["disease", "of the input", "drug"]  # without a score, it stays
    assert key_of(page, "drug").text_content() == "drug 1"
    set_threshold(page, 0.5)
    assert len(page.evaluate(SHOWN)) == 8


def test_the_tables_count_and_can_be_sorted(page: Any) -> None:
    page.click("label[for=view-table]")
    assert page.is_hidden("#texts")
    assert page.evaluate(CELLS, "table-labels") == [
        ["drug", "4", "2", "2", "0.74"],
        ["disease", "2", "2", "1", "0.82"],
        ["anatomical structure", "1", "1", "1", "0.83"],
        ["of the input", "1", "1", "1", ""],
    ]
    rows = page.evaluate(CELLS, "table-texts")
    assert rows[0] == ["Aspirin", "drug", "3", "2", "0.82", ""]
    concepts = [row[5] for row in rows if row[5]]
    assert sorted(concepts) == ["MESH:D013117 Spinal Cord Compression", "UBERON:0002240"]
    sort = page.locator("#sort-texts-text")
    sort.press("Enter")
    names = [row[0] for row in page.evaluate(CELLS, "table-texts")]
    assert names == sorted(names, key=str.casefold)
    assert page.locator("#table-texts [aria-sort]").get_attribute("aria-sort") == "ascending"
    assert page.evaluate("document.activeElement.id") == "sort-texts-text"
    sort.press("Enter")
    assert [row[0] for row in page.evaluate(CELLS, "table-texts")] == names[::-1]
    set_threshold(page, 0.9)
    assert len(page.evaluate(CELLS, "table-texts")) == 3


def test_a_row_leads_to_each_of_its_entities(page: Any) -> None:
    page.click("label[for=view-table]")
    button = page.locator("#table-texts button", has_text="Aspirin")
    assert button.get_attribute("title") == "Show in text"
    button.click()
    assert page.is_visible("#texts")
    assert page.locator(".entity.current").get_attribute("data-i") == "4"
    assert page.evaluate("document.activeElement.className") == "text"


def test_a_mark_has_details(page: Any) -> None:
    page.locator(".entity[data-i='3']").click()
    shown = page.locator("#detail").inner_text()
    for part in ("ulcer", "disease", "0.7400", "39–44", "note </title>", "negex", "true", "<b>"):
        assert part in shown
    page.click("#previous")
    assert page.locator(".entity.current").count() == 3  # the parts of one entity
    assert "cord compression, no" in page.locator("#detail").inner_text()
    page.click("#previous")
    page.click("#previous")
    link = page.locator("#detail a")
    assert link.get_attribute("href") == "https://meshb.nlm.nih.gov/record/ui?ui=D013117"
    assert "Spinal Cord Compression" in page.locator("#detail").inner_text()
    page.keyboard.press("Escape")
    assert page.is_hidden("#detail")
    page.locator(".text").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".entity.current").get_attribute("data-i") == "0"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_is_wider_than_the_screen(
    browser: Any, path: Path, width: int, scheme: str, tmp_path: Path
) -> None:
    size = {"width": width, "height": 800}
    with opened(browser, path, viewport=size, color_scheme=scheme) as page:
        for view in ("text", "table"):
            page.click(f"label[for=view-{view}]")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=tmp_path / f"{view}.png", full_page=True)
            assert (tmp_path / f"{view}.png").stat().st_size > 10_000
        page.click("label[for=view-text]")
        page.locator(".entity[data-i='3']").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, path: Path, scheme: str) -> None:
    axe = axe_source()
    with opened(browser, path, color_scheme=scheme, bypass_csp=True) as page:
        page.evaluate(axe)
        for view in ("table", "text"):
            page.click(f"label[for=view-{view}]")
            if view == "text":
                page.locator(".entity[data-i='3']").click()
            assert [each["id"] for each in page.evaluate("axe.run()")["violations"]] == [], view


def test_a_colour_scheme_can_be_chosen(page: Any) -> None:
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(color)
    page.click("#theme")
    assert page.evaluate(color) != light
    assert page.get_attribute("#theme", "aria-label") == "Use light colours"
    page.reload()
    assert page.evaluate(color) != light


def test_without_a_script_all_marks_and_labels_are_there(browser: Any, path: Path) -> None:
    with opened(browser, path, java_script_enabled=False) as page:
        assert page.locator(".tag:visible").count() == 8
        assert page.is_hidden("#threshold")
        assert page.locator(".key").all_text_contents() == LABELS


def test_print_has_marks_and_no_controls(page: Any) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.is_hidden("#threshold")
    assert page.is_visible(".tag >> nth=0")
    assert page.evaluate("getComputedStyle(document.querySelector('.text')).color") == (
        "rgb(27, 35, 38)"
    )

"""Relations on the page, in its text and in a real browser."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.page.relation_rows import relations_html
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import EntityRelation
from spacy_gliner_biomed.documents.writing.run_info import RunInfo
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.pipeline.relation_annotation import Relation, set_relations
from spacy_gliner_biomed.pipeline.relation_settings import RelationSpec
from spacy_gliner_biomed.types import LabelSpec
from tests.documents.test_html import HOSTILE
from tests.documents.test_html_browser import CELLS, key_of, opened, set_threshold
from tests.documents.writing.samples import NLP, STARTED, Written, write
from tests.service.browser import axe_source

LABELS = ["drug", "disease"]
RUN = RunInfo(
    "a-model",
    "",
    0.5,
    [LabelSpec(label, label) for label in LABELS],
    [RelationSpec("treats", "treats"), RelationSpec("causes", "causes", 0.3)],
)
SETTINGS = WriterSettings(LABELS, started=STARTED, run=RUN)
ROWS = """() => [...document.querySelectorAll("tr.relation")].filter((row) => row.checkVisibility())
    .map((row) => [...row.cells].map((cell) => cell.textContent))"""
RELATED = """() => [...document.querySelectorAll(".entity.related")]
    .map((mark) => mark.dataset.i)"""


def document(name: str, *scores: float) -> Written:
    """A text with three entities, and a relation with each of the scores, in turn."""
    doc = NLP.make_doc("Aspirin for fever causes bleeding.")
    spans = [doc[0:1], doc[2:3], doc[4:5]]
    labels = ["drug", "disease", "disease"]
    found = [
        Entity(span.start_char, span.end_char, label, score, span.text)
        for span, label, score in zip(spans, labels, (0.9, 0.8, 0.7), strict=True)
    ]
    ends = [doc.char_span(e.start, e.end, label=e.label) for e in found]
    triples = [("treats", ends[1]), ("causes", ends[2])]
    relations = [Relation(ends[0], end, label, s) for (label, end), s in zip(triples, scores)]  # noqa: B905
    set_relations(doc, relations)
    return doc, Record(name), found


WRITTEN = [document("one", 0.85, 0.3), document("two", 0.95), document("none")]


def test_relations_are_in_the_page_with_the_numbers_of_their_entities() -> None:
    page = write("html", *WRITTEN, settings=SETTINGS).decode()
    rows = re.findall('<tr class="relation"([^>]*)>', page)
    assert rows == [
        ' data-head="0" data-tail="1" data-relation="treats" data-score="0.85"',
        ' data-head="0" data-tail="2" data-relation="causes" data-score="0.3"',
        ' data-head="3" data-tail="4" data-relation="treats" data-score="0.95"',
    ]
    counts = re.findall(r"</bdi> <span>(.*?)</span>", page)
    assert counts == ["3 entities, 2 relations", "3 entities, 1 relation", "3 entities"]
    assert "9 entities, 3 relations in 3 documents, found by" in page
    head = dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert (head["Relations"], head["Threshold"]) == ("treats, causes", "0.5, causes: 0.3")


def test_nothing_of_a_relation_becomes_html() -> None:
    entity = Entity(0, 1, HOSTILE, 0.5, HOSTILE)
    found = relations_html([EntityRelation(0, 0, HOSTILE, 0.5)], [entity], 7, "name")
    assert set(re.findall(r"<(\w+)", found)) == {
        *("div", "table", "thead", "tbody", "tr", "th", "td", "bdi", "span")
    }
    assert unescape(re.sub(r"<[^>]*>", "", found)).count(HOSTILE) == 5
    assert relations_html([], [entity], 0, "name") == ""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "related.html"
    file.write_bytes(write("html", *WRITTEN, settings=SETTINGS))
    return file


@pytest.fixture
def page(browser: Any, path: Path) -> Iterator[Any]:
    with opened(browser, path) as found:
        yield found


@pytest.mark.browser
def test_slider_and_labels_filter_relations(page: Any) -> None:
    status = page.locator("#status")
    assert page.get_attribute("#threshold", "min") == "0.30"  # below that of the labels
    assert len(page.evaluate(ROWS)) == 3
    assert status.text_content() == "9 entities, 3 relations in 3 documents"
    set_threshold(page, 0.65)
    assert [row[1:3] for row in page.evaluate(ROWS)] == [["treats", "fever disease"]] * 2
    assert page.locator("article h2 span").first.text_content() == "3 entities, 1 relation"
    set_threshold(page, 0.75)  # the ends are there, too
    assert status.text_content() == "6 of 9 entities, 2 relations in 3 documents"
    set_threshold(page, 0.88)
    assert page.evaluate(ROWS) == []
    assert page.locator("table.relations:visible").count() == 0
    set_threshold(page, 0.3)
    assert len(page.evaluate(ROWS)) == 3
    key_of(page, "disease").click()
    assert page.evaluate(ROWS) == []
    page.click("#all")
    assert len(page.evaluate(ROWS)) == 3


@pytest.mark.browser
def test_pointing_and_focus_show_both_ends(page: Any) -> None:
    page.locator("tr.relation").nth(1).hover()
    assert page.evaluate(RELATED) == ["0", "2"]
    page.locator("tr.relation").nth(2).hover()
    assert page.evaluate(RELATED) == ["3", "4"]
    page.locator("h1").hover()
    assert page.evaluate(RELATED) == []
    button = page.locator("tr.relation button").first
    assert button.get_attribute("title") == "Show in text"
    button.focus()
    assert page.evaluate(RELATED) == ["0", "1"]
    page.keyboard.press("Tab")
    assert page.evaluate(RELATED) == ["0", "1"]
    page.keyboard.press("Tab")
    assert page.evaluate(RELATED) == ["0", "2"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.locator(".entity.current").get_attribute("data-i") == "1"
    assert page.evaluate(RELATED) == []


@pytest.mark.browser
def test_details_and_table_have_relations(page: Any) -> None:
    page.locator(".entity[data-i='0']").click()
    shown = page.locator("#detail").inner_text()
    assert "→ fever 0.85" in shown
    assert "→ bleeding 0.30" in shown
    page.locator(".entity[data-i='2']").click()
    assert "← Aspirin 0.30" in page.locator("#detail").inner_text()
    page.click("label[for=view-table]")
    assert page.evaluate(CELLS, "table-relations") == [
        ["Aspirin", "treats", "fever", "2", "2", "0.90"],
        ["Aspirin", "causes", "bleeding", "1", "1", "0.30"],
    ]
    page.locator("#sort-relations-relation").press("Enter")
    assert page.evaluate(CELLS, "table-relations")[0][1] == "causes"
    set_threshold(page, 0.7)
    assert len(page.evaluate(CELLS, "table-relations")) == 1


@pytest.mark.browser
def test_they_are_there_without_a_script(browser: Any, path: Path) -> None:
    with opened(browser, path, java_script_enabled=False) as page:
        assert page.locator("tr.relation:visible").count() == 3


@pytest.mark.browser
def test_they_fit_a_small_screen_and_axe_finds_nothing(browser: Any, path: Path) -> None:
    size = {"width": 375, "height": 800}
    with opened(browser, path, viewport=size, bypass_csp=True) as page:
        for view in ("table", "text"):
            page.click(f"label[for=view-{view}]")
            assert page.evaluate("document.documentElement.scrollWidth") <= 375
        page.evaluate(axe_source())
        assert [each["id"] for each in page.evaluate("axe.run()")["violations"]] == []

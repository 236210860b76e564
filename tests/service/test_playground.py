"""The page in a real browser, with the packaged model behind it."""

import csv
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.page.concept_links import concept_url
from spacy_gliner_biomed.documents.writing.bioc import BiocJsonWriter
from spacy_gliner_biomed.documents.writing.entities import EntityReader
from spacy_gliner_biomed.documents.writing.tables import CsvWriter
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from tests.service.browser import axe_source, open_browser, set_threshold
from tests.service.conftest import TOKEN, tiny_nlp
from tests.service.serving import Running, running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:.*GB-W"),
]

NOTE = (
    "😀 é Vemurafenib 960 mg is used in melanoma 👩\u200d⚕️ with BRAF mutations.\n"
    "No spinal cord compression."
)
LABELS = ["disease", "drug", "gene or protein", "anatomical structure"]
# The entity's characters, without the tags of it and of what is nested in it.
MARKS = """() => [...document.querySelectorAll("#marked .entity")].map((mark) => {
  const copy = mark.cloneNode(true);
  copy.querySelectorAll(".tag").forEach((tag) => tag.remove());
  return [Number(mark.dataset.start), Number(mark.dataset.end), copy.textContent];
})"""
TEXT_SHOWN = """() => {
  const copy = document.getElementById("marked").cloneNode(true);
  copy.querySelectorAll(".tag").forEach((tag) => tag.remove());
  return copy.textContent;
}"""

# As a browser that is set to store nothing for the page.
REFUSES_STORAGE = """for (const name of ["localStorage", "sessionStorage"]) {
  const get = () => { throw new DOMException("Access is denied.", "SecurityError"); };
  Object.defineProperty(window, name, { get });
}"""

CONCEPTS = [
    *("OMIM:613659", "SNOMED:38341003", "C012345", "NCBIGene:672"),
    *("EFO:0000400", "UMLS:C0025202", "NCBITAXON:9606"),
]
# The links of concepts, in marks or rows.
LINKS = """(selector) => [...document.querySelectorAll(selector)]
    .map((each) => each.querySelector("a")?.getAttribute("href") ?? null)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def nlp() -> Language:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("gliner_biomed", config={"alignment": "split"})
    return pipeline


@pytest.fixture(scope="module")
def other_service(uni_span: Path) -> Iterator[Running]:
    """A service with other defaults, in which each word is an entity with one of the concepts."""
    nlp = tiny_nlp(uni_span, multi_label=True)

    @Language.component("test_concepts")
    def link(doc: Doc) -> Doc:
        spans = [
            Span(doc, i, i + 1, label="drug", kb_id=concept)
            for i, concept in enumerate(CONCEPTS[: len(doc)])
        ]
        doc.spans["sc"] = SpanGroup(doc, spans=spans, attrs={"scores": [0.9] * len(spans)})
        return doc

    nlp.add_pipe("test_concepts")
    with running(nlp) as service:
        yield service


@contextmanager
def new_page(browser: Any, url: str, **options: Any) -> Iterator[Any]:
    """A page without an error in its console."""
    context = browser.new_context(accept_downloads=True, **options)
    page, problems = context.new_page(), []
    page.set_default_timeout(30_000)
    page.on("console", lambda m: m.type in ("error", "warning") and problems.append(m.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    cancelled = "net::ERR_ABORTED"  # by the browser, when it leaves a page
    page.on("requestfailed", lambda r: r.failure != cancelled and problems.append(r.url))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url)
    yield page
    context.close()
    assert problems == []
    assert [each for each in requests if not each.startswith((url.split("#")[0], "blob:"))] == []


@pytest.fixture
def page(browser: Any, packaged_service: Running) -> Iterator[Any]:
    with new_page(browser, packaged_service.url, viewport={"width": 1280, "height": 900}) as found:
        yield found


def until(page: Any, condition: str) -> None:
    """Wait for a condition. Playwright's own way evaluates a string, which the page forbids."""
    end = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(20)


def choose_labels(page: Any, labels: list[str]) -> None:
    page.wait_for_selector(".chip")
    while page.locator(".chip").count():
        page.locator(".chip button").first.click()
    for n, label in enumerate(labels, 1):
        page.fill("#label", label)
        page.press("#label", "Enter")
        until(page, f"document.querySelectorAll('.chip').length === {n}")


def annotate(page: Any, text: str = NOTE) -> None:
    page.fill("#text", text)
    page.press("#text", "Control+Enter")
    until(page, "!document.getElementById('result').hidden")
    until(page, "document.getElementById('status').textContent.includes('above')")


def download(page: Any, format_: str) -> bytes:
    page.select_option("#format", format_)
    with page.expect_download() as waiting:
        page.click("#download")
    return Path(waiting.value.path()).read_bytes()


def expected(nlp: Language, text: str = NOTE, **options: Any) -> list[dict[str, Any]]:
    options = {"labels": LABELS, "threshold": 0.5, **options}
    doc = nlp(text, component_cfg={"gliner_biomed": options})
    return [
        {
            "start": e.start,
            "end": e.end,
            "text": e.text,
            "label": e.label,
            "score": pytest.approx(e.score, abs=1e-4),
        }
        for e in EntityReader(nlp)(doc)
    ]


def test_marks_are_at_the_right_characters(page: Any, nlp: Language) -> None:
    choose_labels(page, LABELS)
    annotate(page)
    found = expected(nlp)
    assert page.evaluate(MARKS) == [[e["start"], e["end"], e["text"]] for e in found]
    assert {"Vemurafenib", "melanoma"} <= {e["text"] for e in found}
    assert page.evaluate(TEXT_SHOWN) == NOTE
    assert page.locator("#table tbody tr").count() == len(found)


def test_the_slider_and_the_view_give_what_nlp_gives(page: Any, nlp: Language) -> None:
    choose_labels(page, LABELS)
    annotate(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for threshold in (0.9, 0.2, 0.07):
        set_threshold(page, threshold)
        assert json.loads(download(page, "json")) == {
            "id": "text",
            "text": NOTE,
            "entities": expected(nlp, threshold=threshold),
        }
    assert [url for url in requests if "annotate" in url] == []  # at once, without the server
    with page.expect_response("**/annotate"):
        page.check("#nested", force=True)
    page.wait_for_selector("#marked .entity .entity")
    nested = expected(nlp, threshold=0.07, overlap="nested")
    assert json.loads(download(page, "json"))["entities"] == nested
    assert len(nested) > len(expected(nlp, threshold=0.07))
    assert sorted(page.evaluate(MARKS)) == sorted([e["start"], e["end"], e["text"]] for e in nested)
    assert page.evaluate(TEXT_SHOWN) == NOTE
    with page.expect_response("**/annotate"):
        page.check("#multi")
    several = expected(nlp, threshold=0.07, overlap="nested", multi_label=True)
    until(page, f"document.querySelectorAll('#table tbody tr').length === {len(several)}")
    assert json.loads(download(page, "json"))["entities"] == several


def test_files_are_those_of_the_command(page: Any, nlp: Language) -> None:
    text = 'Notes: "-aspirin", BRAF; melanoma.\nfever, =cough'
    choose_labels(page, LABELS)
    annotate(page, text)
    options = {"labels": LABELS, "threshold": 0.5}
    doc = nlp(text, component_cfg={"gliner_biomed": options})
    entities = EntityReader(nlp)(doc)
    assert entities
    table, bioc = BytesIO(), BytesIO()
    for stream, writer in ((table, CsvWriter), (bioc, BiocJsonWriter)):
        written = writer(stream, WriterSettings())
        written.write(doc, Record("text"), entities)
        written.finish()

    def rows(content: bytes) -> list[list[Any]]:
        assert content.startswith(b"\xef\xbb\xbf")
        found = list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
        return [[round(float(c), 3) if c.startswith("0.") else c for c in row] for row in found]

    assert rows(download(page, "csv")) == rows(table.getvalue())

    def document(content: bytes) -> Any:
        (found,) = json.loads(content)["documents"]
        for annotation in found["passages"][0]["annotations"]:
            annotation["infons"]["score"] = round(annotation["infons"]["score"], 3)
        return found

    assert document(download(page, "bioc")) == document(bioc.getvalue())


def test_the_lines_of_python_give_the_same(page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    choose_labels(page, ["disease", "MEDICINE = drug", 'it\'s a "gene"'])
    annotate(page)
    set_threshold(page, 0.3)
    exec(download(page, "python").decode(), {"text": NOTE})
    lines = capsys.readouterr().out.splitlines()
    entities = json.loads(download(page, "json"))["entities"]
    assert [line.split()[:2] for line in lines] == [
        [str(e["start"]), str(e["end"])] for e in entities
    ]
    assert any(" MEDICINE " in line for line in lines)


def test_settings_are_in_the_fragment_and_the_text_is_not(page: Any) -> None:
    choose_labels(page, ["drug", "MEDICINE = medication & more"])
    page.check("#nested", force=True)
    set_threshold(page, 0.31)
    annotate(page)
    assert "Vemurafenib" not in page.url
    page.reload()
    until(page, "document.querySelectorAll('.chip').length === 2")
    assert page.locator(".chip b").all_text_contents() == ["drug", "MEDICINE"]
    assert page.locator(".chip i").all_text_contents() == ["= medication & more"]
    assert page.input_value("#threshold") == "0.31"
    assert page.locator("#threshold-value").text_content() == "0.31"
    assert page.is_checked("#nested")
    assert page.input_value("#text") == ""
    annotate(page)
    assert page.locator(".entity").count() > 0


def test_a_link_has_each_setting_whatever_the_service_has(
    browser: Any, other_service: Running
) -> None:
    with new_page(browser, f"{other_service.url}#multi=0") as page:
        page.wait_for_selector(".chip")
        assert not page.is_checked("#multi")  # it is the service's default
        for multi, written in ((True, "1"), (False, "0")):
            page.set_checked("#multi", multi)
            assert parse_qs(urlsplit(page.url).fragment)["multi"] == [written]


def test_concepts_have_the_links_of_the_service(browser: Any, other_service: Running) -> None:
    links = [concept_url(concept) for concept in CONCEPTS]
    assert None in links
    with new_page(browser, other_service.url) as page:
        page.wait_for_selector(".chip")
        annotate(page, "a b c d e f g")
        for each in ("#marked .entity", "#table tbody tr"):
            assert page.evaluate(LINKS, each) == links
        page.locator("#table tbody button").first.click()
        assert page.get_attribute("#detail a", "href") == links[0]
        (first, *_) = json.loads(download(page, "json"))["entities"]
        assert set(first) == {"start", "end", "text", "label", "score", "concept_id"}


def test_a_file_keeps_its_line_ends(page: Any, nlp: Language, tmp_path: Path) -> None:
    text = "Aspirin\r\nfor melanoma\r\n\r\nBRAF"
    path = tmp_path / "note.txt"
    path.write_bytes(text.encode())
    choose_labels(page, LABELS)
    page.set_input_files("#file", path)
    page.wait_for_selector(".entity")
    found = json.loads(download(page, "json"))
    assert found == {"id": "note.txt", "text": text, "entities": expected(nlp, text)}
    assert page.evaluate(TEXT_SHOWN) == text
    path.write_bytes(b"\xff\xfe\x00broken")
    page.set_input_files("#file", path)
    until(page, "!document.getElementById('problem').hidden")
    assert page.locator("#problem").text_content() == (
        "note.txt is not UTF-8 text. Save it as UTF-8 and open it again."
    )


def test_a_file_can_be_dropped(page: Any) -> None:
    choose_labels(page, LABELS)
    data = page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["Aspirin for melanoma"], "a.txt", { type: "text/plain" }));
          return data;
        }"""
    )
    page.dispatch_event("#drop", "dragover", {"dataTransfer": data})
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})
    page.wait_for_selector(".entity")
    assert page.input_value("#text") == "Aspirin for melanoma"


def test_labels_that_find_nothing_are_told(page: Any) -> None:
    choose_labels(page, ["X = disease", "Y = disease"])
    annotate(page)
    told = page.locator("#unfamiliar").text_content()
    assert told == "“Y” finds nothing: an earlier label has the same words."
    page.check("#multi")
    until(page, "document.getElementById('unfamiliar').hidden")


def test_labels_with_the_keyboard(page: Any) -> None:
    page.wait_for_selector(".chip")
    before = page.locator(".chip").count()
    page.focus("#label")
    page.keyboard.type("cell li")
    page.wait_for_selector("#options [role=option]")
    assert page.get_attribute("#label", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#label", "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "aria-selected") == "true"
    chosen = page.get_attribute(f"#{active}", "data-label")
    page.keyboard.press("Enter")
    until(page, f"document.querySelectorAll('.chip').length === {before + 1}")
    assert page.locator(".chip b").last.text_content() == chosen == "cell line"
    assert page.locator(".chip .untrained").count() == 0
    page.keyboard.type("zodiac sign,")
    page.wait_for_selector(".chip .untrained")
    title = page.get_attribute(".chip .untrained", "title")
    assert title == "The model was not trained on this label."
    assert "was not trained on “zodiac sign”" in page.locator("#unfamiliar").text_content()
    page.keyboard.press("Backspace")
    until(page, "document.getElementById('unfamiliar').hidden")
    page.keyboard.type("cell")
    page.keyboard.press("Escape")
    assert page.get_attribute("#label", "aria-expanded") == "false"


def test_marks_and_table_with_the_keyboard(page: Any) -> None:
    choose_labels(page, LABELS)
    annotate(page)
    page.focus("#marked")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator(".entity.current").count() == 1
    assert page.locator("tr.current").count() == 1
    shown = page.locator("#detail").text_content()
    assert shown.startswith(page.locator("tr.current button").text_content())
    assert "score" in shown
    page.locator("th button", has_text="Score").press("Enter")
    assert page.locator("th[aria-sort=descending]").text_content() == "Score"
    scores = [float(x) for x in page.locator("tbody td:nth-child(3)").all_text_contents()]
    assert scores == sorted(scores, reverse=True)
    assert page.evaluate("document.activeElement.textContent") == "Score"
    page.locator("th button", has_text="Text").click()
    texts = page.locator("tbody td:first-child").all_text_contents()
    assert texts == sorted(texts, key=str.casefold)


def test_what_is_wrong_is_told(page: Any) -> None:
    page.wait_for_selector(".chip")
    page.click("#annotate")
    assert "no text" in page.locator("#problem").text_content()
    page.fill("#text", "x " * 60_000)
    assert "over" in page.get_attribute("#length", "class")
    choose_labels(page, [])
    page.click("#annotate")
    assert "at least one label" in page.locator("#problem").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Any, packaged_service: Running, width: int, scheme: str, tmp_path: Path
) -> None:
    axe = axe_source()
    size = {"width": width, "height": 800}
    options = {"viewport": size, "color_scheme": scheme, "bypass_csp": True}
    with new_page(browser, packaged_service.url, **options) as page:
        page.add_script_tag(content=axe)
        for state in ("empty", "result"):
            if state == "result":
                choose_labels(page, [*LABELS, "zodiac sign"])
                annotate(page)
                page.check("#nested", force=True)
                until(page, "!document.getElementById('annotate').disabled")
                page.locator("tbody button").first.click()
                page.fill("#label", "dis")
                page.wait_for_selector("#options [role=option]")
            found = page.evaluate("axe.run()")
            assert [each["id"] for each in found["violations"]] == [], state
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=tmp_path / f"{state}.png", full_page=True)
            assert (tmp_path / f"{state}.png").stat().st_size > 10_000


def test_a_colour_scheme_can_be_chosen(page: Any) -> None:
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


@pytest.mark.parametrize("script", ["", REFUSES_STORAGE])
def test_the_token_is_asked_for(
    browser: Any, new_nlp: Callable[..., Language], script: str
) -> None:
    with running(new_nlp(), token=TOKEN) as service:
        context = browser.new_context()
        context.add_init_script(script)
        page, problems = context.new_page(), []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(service.url)
        page.wait_for_selector("#access[open]")
        page.fill("#token", TOKEN)
        page.press("#token", "Tab")
        page.wait_for_selector(".chip")
        annotate(page, "the aspirin of the patient was a drug of cancer 7")
        assert page.is_hidden("#problem")
        page.click("#theme")
        assert page.get_attribute("html", "data-theme") == "dark"
        context.close()
        assert problems == []

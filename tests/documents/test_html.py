import re
import tracemalloc
from base64 import b64encode
from datetime import datetime, timezone
from hashlib import sha256
from html import unescape
from io import BytesIO
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_gliner_biomed.documents.html import HtmlWriter
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.run_info import RunInfo, describe_run
from spacy_gliner_biomed.documents.writing.run_settings import WritingOptions, prepare_writing
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.types import LabelSpec
from tests.documents.writing.samples import NLP, SETTINGS, sample, write

HOSTILE = "</script><script>alert(1)</script><!-- \"'&amp; <img src=x onerror=alert(1)>${x}"
CHOSEN = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def page_of(*written: Any, settings: WriterSettings = SETTINGS) -> str:
    return write("html", *written, settings=settings).decode()


def test_a_page_has_all_in_one_file() -> None:
    page = page_of(sample(), sample(Record("n2")))
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert page.count("<article ") == 2
    assert page.count('<mark class="entity"') == 4
    assert "4 entities in 2 documents" in page
    assert not re.search(r"<(link|img|iframe|base)\b|\bsrc=|@import|url\(", page)
    assert not re.search(r"<[^>]* on\w+=", page)


def test_the_policy_allows_the_pages_own_script_and_style_only() -> None:
    page = page_of(sample())
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; ")
    blocks = CHOSEN.findall(page)
    assert [name for name, _ in blocks] == ["style", "script"]
    for name, content in blocks:
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy[0]


def test_the_same_run_gives_the_same_bytes() -> None:
    assert write("html", sample()) == write("html", sample())
    assert "2026-01-02 03:04 UTC" in page_of(sample())


def test_nothing_of_a_document_or_label_becomes_html() -> None:
    entity = Entity(0, 9, HOSTILE, 0.5, HOSTILE[:9], HOSTILE, HOSTILE, 0.5, {HOSTILE: HOSTILE})
    run = RunInfo(HOSTILE, HOSTILE, 0.5, [LabelSpec(HOSTILE, HOSTILE + "prompt")])
    settings = WriterSettings([HOSTILE], {HOSTILE: "string"}, run=run)
    page = page_of((NLP.make_doc(HOSTILE), Record(HOSTILE), [entity]), settings=settings)
    tags = re.findall(r"<(\w+)", page[: page.index("<script>")])
    assert {"img", "script", "b"} & set(tags) == {"b"}  # an id without a page is bold
    assert page.count("<script>") == page.count("</script>") == 1
    shown = re.sub(r"<[^>]*>", "", page[page.index("<article") : page.index("</article>")])
    assert unescape(shown).count(HOSTILE[9:]) == 4  # heading, label, id and text


def test_the_head_says_what_was_run() -> None:
    labels = [LabelSpec("drug", "drug"), LabelSpec("FINDING", "symptom <i>", 0.25)]
    run = RunInfo("a/model (main)", "en_notes 1.2", 0.5, labels)
    page = page_of(settings=WriterSettings(["drug", "FINDING"], run=run))
    rows = re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert [name for name, _ in rows] == ["Model", "Pipeline", "Threshold", "Version", "Date"]
    assert dict(rows)["Model"] == "a/model (main)"
    assert dict(rows)["Threshold"] == "0.5, FINDING: 0.25"
    assert 'title="asked as: symptom &lt;i&gt;"' in page
    assert 'min="0.25"' in page
    assert re.findall('class="key"[^>]*data-label="(.*?)"', page) == ["drug", "FINDING"]


def test_a_run_is_described_from_its_pipeline(make_nlp: Any) -> None:
    labels = ["disease", {"label": "FINDING", "prompt": "symptom", "threshold": 0.25}]
    nlp: Language = make_nlp(labels=labels, threshold=0.375)
    _, settings = prepare_writing(nlp, WritingOptions(), reads_context=False)
    assert settings.run.threshold == 0.375
    assert settings.run.lowest == 0.25
    assert [spec.prompt for spec in settings.run.labels] == ["disease", "symptom"]
    checkpoint = nlp.config["components"]["gliner_biomed"]["model"]["checkpoint"]
    assert settings.run.model == checkpoint.rsplit("/")[-1]  # no folders of the writer's machine
    assert describe_run(spacy.blank("en"), None) == RunInfo()


def test_a_label_has_one_color_whatever_is_beside_it() -> None:
    colors = {
        color
        for label in ("disease", "x")
        for color in re.findall(
            r'--label:(#\w{6})"[^>]*data-label="drug"',
            page_of(
                (NLP.make_doc("an aspirin"), Record(1), [Entity(0, 2, label, 0.5)]),
                (NLP.make_doc("aspirin"), Record(2), [Entity(0, 7, "drug", 0.5)]),
            ),
        )
    }
    assert len(colors) == 1


@pytest.mark.parametrize("score", [None, 0.123456])
def test_marks_have_what_the_script_needs(score: float | None) -> None:
    found = [Entity(0, 7, "drug", score)]
    page = page_of((NLP.make_doc("aspirin"), Record(1), found))
    (mark,) = re.findall('<mark class="entity"[^>]*>', page)
    assert 'data-i="0"' in mark
    assert ('data-score="0.123456"' in mark) == (score is not None)


class Sink(BytesIO):
    """Counts what is written and keeps nothing."""

    size = 0

    def write(self, content: Any) -> int:
        self.size += len(content)
        return len(content)


def test_memory_does_not_grow_with_documents() -> None:
    sink = Sink()
    writer = HtmlWriter(sink, WriterSettings(["drug"], started=datetime.now(timezone.utc)))
    doc = NLP.make_doc("aspirin for pain " * 20)
    found = [Entity(i * 17, i * 17 + 7, "drug", 0.5) for i in range(20)]

    def add(n: int) -> int:
        for i in range(n):
            writer.write(doc, Record(i), found)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    before = add(20)
    after = add(500)
    tracemalloc.stop()
    writer.finish()
    assert after - before < 20_000
    assert sink.size > 500 * 20 * 100

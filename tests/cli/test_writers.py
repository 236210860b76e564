import json
from io import BytesIO

import spacy
from spacy.tokens import Doc, DocBin, SpanGroup

from spacy_gliner_biomed.cli.html import HtmlWriter
from spacy_gliner_biomed.cli.inputs import Record
from spacy_gliner_biomed.cli.outputs import found_in
from spacy_gliner_biomed.cli.writers import (
    DocBinWriter,
    JsonlWriter,
    TableWriter,
    WriterFactory,
)

LABELS = ["drug", "disease <sub>"]
FOUND = [(0, 1, "drug", 0.75), (2, 4, "disease <sub>", 0.5)]


def annotated(text: str, found: list[tuple[int, int, str, float]]) -> Doc:
    """A Doc with a span group as the component writes it."""
    doc = spacy.blank("en")(text)
    spans = [doc[start:end] for start, end, *_ in found]
    group = SpanGroup(doc, name="sc", attrs={"scores": [score for *_, score in found]})
    for span, (_, _, label, _) in zip(spans, found, strict=True):
        span.label_ = label
        group.append(span)
    doc.spans["sc"] = group
    return doc


def written(factory: WriterFactory, *docs: Doc, record: Record | None = None) -> bytes:
    """What a writer makes of Docs."""
    stream = BytesIO()
    writer = factory(stream, LABELS)
    for doc in docs:
        writer.write(doc, record or Record("note"), found_in(doc, "sc"))
    writer.finish()
    return stream.getvalue()


def test_jsonl_has_characters_scores_and_the_other_keys() -> None:
    doc = annotated("Aspirin für gastric\nulcer", FOUND)
    record = Record(7, {"ward": "x", "entities": "replaced"})
    line = written(JsonlWriter, doc, record=record)
    assert line.endswith(b"\n")
    assert "für".encode() in line
    assert json.loads(line) == {
        "id": 7,
        "text": doc.text,
        "entities": [
            {"start": 0, "end": 7, "text": "Aspirin", "label": "drug", "score": 0.75},
            {"start": 12, "end": 20, "text": "gastric\n", "label": "disease <sub>", "score": 0.5},
        ],
        "ward": "x",
    }


def test_docbin_keeps_spans_with_scores_and_what_is_known() -> None:
    doc = annotated("Aspirin for gastric ulcer", FOUND)
    content = written(DocBinWriter, doc, record=Record("n1", {"ward": "x"}))
    (again,) = DocBin().from_bytes(content).get_docs(spacy.blank("en").vocab)
    assert found_in(again, "sc") == found_in(doc, "sc")
    assert again.user_data["id"] == "n1"
    assert again.user_data["meta"] == {"ward": "x"}


def test_table_has_one_line_for_each_entity_in_columns() -> None:
    doc = annotated("Aspirin for gastric\nulcer", [*FOUND[:1], (2, 5, "drug", 0.5)])
    lines = written(TableWriter, doc, record=Record("folder/" * 5 + "n.txt")).decode().splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("…")
    assert lines[2].split()[1:] == ["12-25", "drug", "0.50", "gastric", "ulcer"]
    assert lines[0].index("text") == lines[1].index("Aspirin") == lines[2].index("gastric")


def test_html_is_a_page_with_escaped_text_labels_and_names() -> None:
    doc = annotated("Aspirin <b> ulcer & pain", [(0, 1, "drug", 0.75), (1, 4, LABELS[1], 0.5)])
    page = written(HtmlWriter, doc, record=Record("<i>name</i>")).decode()
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert "&lt;i&gt;name&lt;/i&gt;" in page
    assert "disease &lt;sub&gt;" in page
    assert "ulcer &amp; pain" in page
    assert not {"<sub>", "<i>", "<b>"} & {page[i : page.find(">", i) + 1] for i in range(len(page))}
    assert 'title="0.75"' in page


def test_html_shows_overlapping_spans_in_displacys_span_style() -> None:
    flat = annotated("Aspirin for gastric ulcer", FOUND)
    nested = annotated("Aspirin for gastric ulcer", [*FOUND, (3, 4, LABELS[1], 0.5)])
    assert 'class="entities"' in written(HtmlWriter, flat).decode()
    page = written(HtmlWriter, nested).decode()
    assert 'class="spans"' in page
    assert page.count("disease &lt;sub&gt;") == 3  # legend and two spans


def test_html_uses_the_same_color_for_a_label_whatever_is_beside_it() -> None:
    one = written(HtmlWriter, annotated("Aspirin", [(0, 1, "drug", 1.0)])).decode()
    two = written(HtmlWriter, annotated("an Aspirin", [(0, 1, "x", 1.0), (1, 2, "drug", 1.0)]))
    color = one.split('<mark class="entity" title="1.00" style="background: ')[1][:7]
    assert color.startswith("#")
    assert two.decode().count(color) == one.count(color) == 2  # legend and span

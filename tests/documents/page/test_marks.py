import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.documents.page.marks import MarkedText
from spacy_gliner_biomed.documents.writing.entities import Entity
from tests.documents.writing.samples import documents


class MarkReader(HTMLParser):
    """Reads the text without tags, the characters of each entity, and the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.open: list[tuple[str, int | None]] = []
        self.covered: dict[int, list[tuple[int, int]]] = {}
        self.tags: dict[int, str] = {}
        self.begun: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        number = dict(attrs).get("data-i")
        self.open.append((tag, None if number is None else int(number)))
        self.begun.append(len(self.text))

    def handle_endtag(self, tag: str) -> None:
        name, number = self.open.pop()
        assert name == tag
        start = self.begun.pop()
        if number is not None:
            self.covered.setdefault(number, []).append((start, len(self.text)))

    def handle_data(self, data: str) -> None:
        if any(tag == "span" for tag, _ in self.open):
            number = next(n for _, n in reversed(self.open) if n is not None)
            self.tags[number] = self.tags.get(number, "") + data
        else:
            self.text += data


def read(text: str, found: list[Entity], first: int = 0, **kinds: str) -> MarkReader:
    reader = MarkReader()
    reader.feed(MarkedText(text, found, first, kinds).to_html())
    reader.close()
    assert reader.open == []
    return reader


def entity(start: int, end: int, label: str = "drug", score: float | None = 0.5) -> Entity:
    return Entity(start, end, label, score)


def test_nested_entities_have_one_mark_each_the_longer_one_outside() -> None:
    found = [entity(0, 4, "a"), entity(0, 11, "b", 0.876), entity(0, 11, "c", None)]
    html = MarkedText("cord <zip> &c", found, 7, {}).to_html()
    assert html.index('data-i="8"') < html.index('data-i="9"') < html.index('data-i="7"')
    reader = read("cord <zip> &c", found, 7)
    assert reader.text == "cord <zip> &c"
    assert reader.covered == {7: [(0, 4)], 8: [(0, 11)], 9: [(0, 11)]}
    assert reader.tags == {7: "a0.50", 8: "b0.88", 9: "c"}


def test_an_entity_that_crosses_others_has_parts_and_one_tag() -> None:
    reader = read("abcdefghij", [entity(0, 4, "a"), entity(2, 8, "b"), entity(3, 6, "c")])
    assert reader.covered == {0: [(0, 4)], 1: [(2, 4), (4, 8)], 2: [(3, 4), (4, 6)]}
    assert sorted(reader.tags) == [0, 1, 2]


@given(documents())
def test_text_and_entities_are_what_was_found(written: tuple) -> None:  # type: ignore[type-arg]
    doc, _, found = written
    text = re.sub("[\r\x0b\x0c\x85\u2028\u2029]", " ", doc.text)  # they have a test of their own
    reader = read(text, found, negex="bool")
    assert reader.text == text
    assert sorted(reader.covered) == sorted(reader.tags) == list(range(len(found)))
    for number, each in enumerate(found):
        parts = sorted(reader.covered[number])
        assert (parts[0][0], parts[-1][1]) == (each.start, each.end)
        assert all(a[1] == b[0] for a, b in pairwise(parts))


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), max_size=8))
def test_any_spans_are_covered_exactly(spans: list[tuple[int, int]]) -> None:
    found = [entity(start, start + n) for start, n in spans]
    reader = read("x" * 24, found)
    assert reader.text == "x" * 24
    for number, each in enumerate(found):
        covered = [i for part in reader.covered[number] for i in range(*part)]
        assert sorted(covered) == list(range(each.start, each.end))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0c", "\u2028", "\x85"])
def test_each_kind_of_line_end_is_one_line_break(end: str) -> None:
    text = f"left{end}arm{end}now"
    for stop in range(1, len(text)):
        assert read(text, [entity(0, stop)]).text == "left\narm\nnow"


def test_concepts_are_links_and_attributes_are_shown() -> None:
    linked = Entity(
        0, 4, "drug", 0.5, "abcd", "MESH:D1", 'a "name" <i>', 0.9, {"negex": True, "section": None}
    )
    kinds = {"negex": "bool", "section": "string"}
    html = MarkedText("abcd", [linked], 0, kinds).to_html()
    assert '<a href="https://meshb.nlm.nih.gov/record/ui?ui=D1"' in html
    assert html.count("a &quot;name&quot; &lt;i&gt;") == 2  # tooltip and details
    assert "<em>negex</em>" in html
    more = 'data-more="{&quot;negex&quot;: true, &quot;section&quot;: null}"'
    assert more in html
    unknown = Entity(0, 4, "drug", 0.5, "abcd", "<b>:1")
    html = MarkedText("abcd", [unknown], 0, {}).to_html()
    assert "<b>&lt;b&gt;:1</b>" in html
    assert "<a" not in html
    assert "data-more" not in html

"""Read JATS, the XML of journal articles: title, abstract and body, passage by passage."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from spacy_gliner_biomed.common.xml_elements import read_elements
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.passages import PassageText
from spacy_gliner_biomed.training.record_checks import LEFT_OUT, Counts, located

BETWEEN = "\n\n"  # passages, so that no entity reaches from one into the next
ID_KINDS = ("pmcid", "pmc", "pmid", "doi")  # in the order in which they are preferred
# What holds paragraphs, what floats with a caption, and what has no text of its own.
CONTAINERS = {"list", "list-item", "disp-quote", "boxed-text", "def-list", "def-item", "def"}
CONTAINERS |= {"fig-group", "table-wrap-group", "statement", "verse-group", "term"}
FLOATS = {"fig", "table-wrap", "supplementary-material", "media"}
NOT_TEXT = {"label", "sec-meta", "object-id", "graphic", "x", "target"}
NOT_INLINE = FLOATS | {"disp-formula", "tex-math", "inline-graphic", "graphic", "alternatives"}


def read_jats(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read the articles of a file, one at a time, without entities.

    Each passage says its type ("title", "abstract", "section_title", "paragraph", "caption") and
    the titles of the sections that it is in, such as "Methods > Patients". Tables, formulas,
    references, translated abstracts and back matter are counted.

    path (Path): The file: one article, or a set of them.
    options (ReadOptions): Not used: the file declares its encoding.
    counts (Counts): Parts that are left out are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    for number, element in enumerate(read_elements(path, {"article"}), 1):
        with located(path, f"article {number}"):
            text = _Article(element, counts).read()
        yield text


class _Article:
    """Collects the passages of an article.

    element (Element): The article.
    counts (Counts): Parts that are left out are added.
    """

    def __init__(self, element: Element, counts: Counts) -> None:
        self.element = element
        self.counts = counts
        self.made = PassageText()

    def read(self) -> AnnotatedText:
        """Return the text with its passages."""
        meta = self.element.find("front/article-meta")
        meta = self.element.find("front-stub") if meta is None else meta
        if meta is not None:
            for tag in ("article-title", "subtitle"):
                for title in meta.iterfind(f"title-group/{tag}"):
                    self._add(title, "title", ())
            for abstract in meta.iterfind("abstract"):
                self._walk(abstract, ("Abstract",), "abstract")
            self.counts[LEFT_OUT] += len(meta.findall("trans-abstract"))
        body = self.element.find("body")
        if body is not None:
            self._walk(body, (), "paragraph")
        others = {child.tag for child in self.element} - {"front", "front-stub", "body"}
        self.counts[LEFT_OUT] += len(others)
        made = self.made
        return AnnotatedText(made.text, [], [], None, _id(meta), passages=made.passages)

    def _walk(self, element: Element, titles: Sequence[str], kind: str, depth: int = 0) -> None:
        """Add the passages of a section."""
        for child in element:
            if child.tag == "sec":
                title = _plain(child.find("title"))
                self._walk(child, (*titles, title) if title else titles, kind, depth + 1)
            elif child.tag == "title":
                if kind == "paragraph" or depth:
                    self._add(child, "section_title", titles)
            elif child.tag in ("p", "term"):
                self._add(child, kind, titles)
                for inner in child.iter():
                    if inner is not child and inner.tag in NOT_INLINE:
                        self._add_float(inner, titles)
            elif child.tag in CONTAINERS:
                self._walk(child, titles, kind, depth)
            elif child.tag not in NOT_TEXT:
                self._add_float(child, titles)

    def _add_float(self, element: Element, titles: Sequence[str]) -> None:
        """Add the caption of a figure or table; the rest of it is left out."""
        if element.tag in FLOATS:
            for part in element.iterfind("caption/*"):
                self._add(part, "caption", titles)
        if element.tag not in ("fig", "graphic", "inline-graphic", "alternatives", "tex-math"):
            self.counts[LEFT_OUT] += 1

    def _add(self, element: Element, kind: str, titles: Sequence[str]) -> None:
        text = _plain(element)
        if text:
            infons = {"type": kind}
            if titles:
                infons["section"] = " > ".join(titles)
            self.made.add(text, infons, BETWEEN)


def _plain(element: Element | None) -> str:
    """Return the text of an element on one line, without figures, tables and formulas in it."""
    return "" if element is None else " ".join("".join(_strings(element)).split())


def _strings(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag not in NOT_INLINE:
            border = " " if child.tag in CONTAINERS | {"p", "title", "break"} else ""
            yield border
            yield from _strings(child)
            yield border
        yield child.tail or ""


def _id(meta: Element | None) -> str:
    """Return the best id of an article; empty if it has none."""
    found = (
        {}
        if meta is None
        else {x.get("pub-id-type", ""): _plain(x) for x in meta.iterfind("article-id")}
    )
    for kind in (*ID_KINDS, *found):
        if name := found.get(kind):
            return f"PMC{name}" if kind == "pmc" and name.isdigit() else name
    return ""

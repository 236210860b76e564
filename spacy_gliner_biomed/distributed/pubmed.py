"""PubMed's XML files: id, title and abstract of each citation, and which citations are deleted."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, fromstring, iterparse

from spacy_gliner_biomed.distributed.records import Item

CITATIONS = {"PubmedArticle", "PubmedBookArticle"}
DELETED = re.compile(rb"<DeleteCitation>.*?</DeleteCitation>", re.DOTALL)
DELETED_START = b"<DeleteCitation>"
CHUNK = 1 << 20


def read_pubmed(stream: BinaryIO, source: str) -> Iterator[Item]:
    """The citations of a file; the text is the title, and on lines of their own the sections of
    the abstract, those with a label as "METHODS: ...".

    stream (BinaryIO): The XML, decompressed.
    source (str): The file's name.
    YIELDS (Item): Memory holds one citation.
    RAISES (xml.etree.ElementTree.ParseError): Where the XML is broken.
    """
    events = iterparse(stream, events=("start", "end"))
    _, root = next(events)
    for event, element in events:
        if event == "end" and element.tag in CITATIONS:
            yield _item(element[0], source)
            root.clear()  # the citations before it, otherwise kept until the end


def deleted_ids(stream: BinaryIO) -> set[str]:
    """The ids that a file deletes from the files before it.

    stream (BinaryIO): The XML, decompressed; it is searched, and only the list of deleted
        citations, which comes last, is held in memory.
    """
    rest = b""
    while chunk := stream.read(CHUNK):
        rest += chunk
        start = rest.find(DELETED_START)
        rest = rest[start:] if start >= 0 else rest[-len(DELETED_START) :]
    lists = [fromstring(found) for found in DELETED.findall(rest)]
    return {str(pmid.text) for deleted in lists for pmid in deleted.iter("PMID")}


def is_pubmed(path: Path | str) -> bool:
    """Whether a file's name is that of XML."""
    return str(path).endswith((".xml", ".xml.gz"))


def _item(citation: Element, source: str) -> Item:
    """Of a MedlineCitation, or of a book's BookDocument."""
    name = citation.findtext("PMID") or ""
    article = citation.find("Article")
    parent = citation if article is None else article
    sections = [_section(section) for section in parent.iterfind("Abstract/AbstractText")]
    title = parent.find("ArticleTitle")
    parts = [_text(title) if title is not None else "", *sections]
    text = "\n".join(part for part in parts if part)
    item = Item(name or source, f"{source}:{name}", text)
    if not text:
        return item.without_content("missing_text", "the citation has no title and no abstract")
    return item


def _section(section: Element) -> str:
    label, text = section.get("Label", ""), _text(section)
    return f"{label}: {text}" if label and text else text


def _text(element: Element) -> str:
    """With what is inside <i>, <sup> and others; white space as single spaces."""
    return " ".join("".join(element.itertext()).split())

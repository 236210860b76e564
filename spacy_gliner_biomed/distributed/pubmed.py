"""Read PubMed's XML files: id, version, title and abstract of each citation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, iterparse

from spacy_gliner_biomed.common.reporting import describe
from spacy_gliner_biomed.distributed.records import CorpusRecord

CITATIONS = {"PubmedArticle": "MedlineCitation", "PubmedBookArticle": "BookDocument"}
DELETIONS = "DeleteCitation"
# Root elements of other XML formats for articles, for error messages.
OTHER_FORMATS = {"collection": "BioC", "article": "JATS", "pmc-articleset": "JATS", "TEI": "TEI"}
NOT_AVAILABLE = re.compile(r"\W*not available\W*", re.IGNORECASE)  # stands for a missing title
BLOCKS = {"br", "p", "li", "list-item", "title", "sec", "DispFormula"}
MAX_DEPTH = 10_000
SECOND_FORMS = ("}annotation", "}annotation-xml")  # second versions of MathML formulas


def read_pubmed(stream: BinaryIO, source: str) -> Iterator[CorpusRecord]:
    """Read the citations of a file.

    The text of a citation is its title, the sections of the abstract, and further English
    abstracts, each on its own line. A section with a label is written as "METHODS: ...". A title or
    abstract in another language is used only if there is none in English; otherwise its length
    is counted in `CorpusRecord.left_out`.

    stream (BinaryIO): The decompressed XML.
    source (str): The file's name.
    YIELDS (CorpusRecord): One citation at a time. A file with neither citations nor deletions gives
        one failed record.
    RAISES (xml.etree.ElementTree.ParseError): If the XML is broken.
    RAISES (ValueError): If the XML is nested too deeply.
    """
    events = iterparse(stream, events=("start", "end"))
    _, root = next(events)
    depth, number, has_deletions = 1, 0, False
    for event, element in events:
        if event == "start":
            depth += 1
            if depth > MAX_DEPTH:  # all open elements are in memory
                raise ValueError(f"elements are nested deeper than {MAX_DEPTH:,} levels")
            continue
        depth -= 1
        if element.tag in CITATIONS:
            number += 1
            yield _read(element, source, f"{source}:#{number}")
            element.clear()
        if depth == 1:
            has_deletions = has_deletions or element.tag == DELETIONS
            root.clear()  # otherwise, finished elements would be kept until the end
    if not number and not has_deletions:
        yield CorpusRecord(f"{source}:empty", source).without_content("no_records", _describe(root))


def has_xml_ending(path: Path | str) -> bool:
    """Return whether a file name has an XML ending."""
    return str(path).lower().endswith((".xml", ".xml.gz"))


def _describe(root: Element) -> str:
    known = f", as in {OTHER_FORMATS[root.tag]}" if root.tag in OTHER_FORMATS else ""
    return (
        "there is no PubMed citation (<PubmedArticle>) in it; the root element is "
        f"<{root.tag[:40]}>{known}. Convert it to JSON lines with 'id' and 'text'"
    )


def _read(element: Element, source: str, numbered: str) -> CorpusRecord:
    try:
        return _parse_citation(element, source, numbered)
    except Exception as error:  # a broken citation must not prevent the next from being read
        return CorpusRecord(numbered, numbered).without_content("broken", describe(error))


def _parse_citation(element: Element, source: str, numbered: str) -> CorpusRecord:
    """Make the record of a citation.

    element (Element): A PubmedArticle or PubmedBookArticle.
    source (str): The file's name.
    numbered (str): The id of a citation without a PMID.
    """
    citation = element.find(CITATIONS[element.tag])
    if citation is None:
        reason = f"there is no <{CITATIONS[element.tag]}> in <{element.tag}>"
        return CorpusRecord(numbered, numbered).without_content("broken", reason)
    pmid = citation.find("PMID")
    name = "" if pmid is None else _text(pmid)
    version = parse_version("" if pmid is None else pmid.get("Version", ""))
    english, foreign = _parts(citation)
    text = "\n".join(english or foreign)
    record = CorpusRecord(
        name or numbered,
        f"{source}:{name}" if name else numbered,
        text,
        meta=f'{{"version": {version}}}' if version > 1 else "",
        version=version,
        is_citation=True,
        left_out=sum(map(len, foreign)) if english else 0,
    )
    if not text:
        return record.without_content("missing_text", "the citation has no title and no abstract")
    return record


def parse_version(value: str) -> int:
    """Return the version of a citation; 1 if it has none."""
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 1


def _parts(citation: Element) -> tuple[list[str], list[str]]:
    """Return the distinct paragraphs of a citation in English, and in other languages."""
    article = citation.find("Article")
    parent = citation if article is None else article
    title = _text(parent.find("ArticleTitle"))
    english = ["" if NOT_AVAILABLE.fullmatch(title) else title, *_sections(parent, "Abstract")]
    foreign = [_text(parent.find("VernacularTitle"))]
    for abstract in citation.iterfind("OtherAbstract"):
        sections = [_section(section) for section in abstract.iterfind("AbstractText")]
        parts = english if abstract.get("Language", "eng") == "eng" else foreign
        parts += [section for section in sections if section not in parts]
    return [part for part in english if part], [part for part in foreign if part]


def _sections(parent: Element, name: str) -> list[str]:
    return [_section(section) for section in parent.iterfind(f"{name}/AbstractText")]


def _section(section: Element) -> str:
    label, text = " ".join(section.get("Label", "").split()), _text(section)
    return f"{label}: {text}" if label and text else text


def _text(element: Element | None) -> str:
    """Return the text of an element and its children, with white space normalized."""
    if element is None:
        return ""
    if not len(element):
        return " ".join((element.text or "").split())
    special = any(map(_is_special, {child.tag for child in element.iter()}))
    return " ".join("".join(_strings(element) if special else element.itertext()).split())


def _is_special(tag: str) -> bool:
    return tag in BLOCKS or tag.endswith(SECOND_FORMS)


def _strings(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if not child.tag.endswith(SECOND_FORMS):
            border = " " if child.tag in BLOCKS else ""
            yield border
            yield from _strings(child)
            yield border
        yield child.tail or ""

"""Read BioC, as XML and as JSON, with the package bioc."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.common.xml_elements import read_elements
from spacy_gliner_biomed.training.corpora import LINE_KEYS, AnnotatedText
from spacy_gliner_biomed.training.formats.bioc_relations import read_bioc_relations
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.passages import PassageText
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.json_items import read_values
from spacy_gliner_biomed.training.record_checks import (
    MOVED,
    Counts,
    check_keys,
    cover,
    located,
    make_span,
)

MAX_GAP = 8  # characters between two passages; their offsets may skip a table of many thousands
COLLECTION = "<collection><source/><date/><key/>{}</collection>"
TYPE, IDENTIFIER = "type", "identifier"  # infons of annotations


def read_bioc_xml(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read a BioC collection as XML, one document at a time.

    Passages stand at their offsets, so that offsets stay as they are. A document's id
    and infons, the infons of its passages, and types and identifiers of its annotations are kept.
    For relations, see `bioc_relations`.

    path (Path): The file.
    options (ReadOptions): Not used: the file declares its encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and document, for what cannot be read.
    RAISES (ImportError): If bioc is not installed.
    """
    bioc = import_optional("bioc.biocxml", "BioC", extra="formats")
    for number, element in enumerate(read_elements(path, {"document"}), 1):
        with located(path, f"document {number}"):
            try:
                # A carriage return as it is would become a line feed.
                content = tostring(element, encoding="unicode").replace("\r", "&#13;")
                collection = bioc.loads(COLLECTION.format(content))
            except (AttributeError, KeyError, TypeError) as error:
                raise ValueError(f"an offset, id or other part is missing ({error})") from error
            except SyntaxError as error:  # lxml's, for texts and depths beyond its limits
                raise ValueError(f"it cannot be read as BioC ({error})") from error
            text = _annotated(collection.documents[0], counts)
        yield text


def read_bioc_json(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read BioC as JSON: a collection, several of them, or documents; see `read_bioc_xml`.

    path (Path): The file.
    options (ReadOptions): The encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and document, for what cannot be read.
    RAISES (ImportError): If bioc is not installed.
    """
    bioc = import_optional("bioc.biocjson", "BioC", extra="formats")
    number = 0
    for line, record in read_values(path, options.encoding):
        with located(path, line):
            documents = list(_json_documents(record))
        for document in documents:
            number += 1
            with located(path, f"document {number}"):
                check_keys(document, ("id", "passages"))
                try:
                    parsed = bioc.fromJSON(_complete(document), "BioCDocument")
                    text = _annotated(parsed, counts)
                except (AttributeError, KeyError, TypeError) as error:
                    raise ValueError(f"a key is missing or wrong ({error})") from error
            yield text


def _json_documents(record: Any) -> Iterator[Any]:
    check_keys(record, ())
    if "passages" in record:
        yield record
        return
    found = record.get("documents", record.get("PubTator3"))  # the service's own name
    if not isinstance(found, list):
        check_keys(record, ("documents",))
        raise ValueError("'documents' must be a list")
    yield from found


def _complete(value: Any) -> Any:
    """Return a document, passage or sentence with the lists that writers leave out if empty."""
    if not isinstance(value, dict):
        return value
    lists = {key: value.get(key) or [] for key in ("sentences", "annotations", "relations")}
    inner = {key: [_complete(x) for x in value[key]] for key in ("passages",) if key in value}
    lists["sentences"] = [_complete(x) for x in lists["sentences"]]
    lists["annotations"] = [
        {"infons": {}, "text": None, **x} if isinstance(x, dict) else x
        for x in lists["annotations"]
    ]
    return {**value, **lists, **inner, "infons": value.get("infons") or {}}


def _annotated(document: Any, counts: Counts) -> AnnotatedText:
    """Return the text and entities of a bioc document.

    RAISES (ValueError): If an annotation is not in the text.
    """
    made = PassageText()
    annotations = [(0, annotation) for annotation in document.annotations]
    relations = list(document.relations)
    for passage in document.passages:
        shift = _add_passage(made, passage, counts) - passage.offset
        parts = [passage, *passage.sentences]
        annotations += [(shift, annotation) for part in parts for annotation in part.annotations]
        relations += [relation for part in parts for relation in part.relations]
    text, spans = made.text, dict[GoldSpan, None]()
    concepts, named = [], {}
    for shift, annotation in annotations:
        span = _span(annotation, shift, text, counts)
        spans[span], named[str(annotation.id)] = None, span
        if ids := annotation.infons.get(IDENTIFIER):
            concepts.append((*span, str(ids)))
    return AnnotatedText(
        text,
        list(spans),
        [],
        None,
        name="" if document.id is None else str(document.id),
        concepts=concepts,
        passages=made.passages,
        meta={str(key): x for key, x in document.infons.items() if key not in LINE_KEYS},
        relations=read_bioc_relations(relations, named, concepts, counts),
    )


def _add_passage(made: PassageText, passage: Any, counts: Counts) -> int:
    """Add a passage at its offset, or on a line of its own if this does not fit; return where."""
    gap = passage.offset - made.length
    fits = 0 <= gap <= MAX_GAP if made.passages else gap == 0
    counts[MOVED] += not fits
    infons = {str(key): str(value) for key, value in passage.infons.items()}
    return made.add(_text(passage), infons, "\n" * gap if fits else "\n")


def _text(passage: Any) -> str:
    """Return the text of a passage, or of its sentences at their offsets."""
    if passage.text or not passage.sentences:
        return _string(passage.text)
    parts, length = [], 0
    for sentence in passage.sentences:
        gap = sentence.offset - passage.offset - length
        if not 0 <= gap <= MAX_GAP:
            raise ValueError(f"the sentence at {sentence.offset} does not follow the one before")
        parts.append(" " * gap + _string(sentence.text))
        length += len(parts[-1])
    return "".join(parts)


def _string(text: Any) -> str:
    """Return the text of a passage or sentence; it may be missing.

    RAISES (ValueError): If it is no string.
    """
    found = "" if text is None else text
    if not isinstance(found, str):
        raise ValueError(f"'text' must be a string; found {type(text).__name__}")
    return found


def _span(annotation: Any, shift: int, text: str, counts: Counts) -> GoldSpan:
    """Return the entity of an annotation.

    RAISES (ValueError): If it has no type, or its text is not where its locations are.
    """
    label = annotation.infons.get(TYPE)
    if label is None:
        found = list_names(annotation.infons)
        raise ValueError(f"annotation {annotation.id!r} has no infon 'type'; it has: {found}")
    numbers = [number for x in annotation.locations for number in (x.offset, x.length)]
    if not all(type(number) is int for number in numbers):
        raise ValueError(f"offsets and lengths must be whole numbers; found {numbers}")
    fragments = [(x.offset + shift, x.offset + shift + x.length) for x in annotation.locations]
    start, end = cover(fragments, text, counts)
    mention = annotation.text if len(fragments) == 1 else None
    return make_span(text, start, end, label, counts, mention or None)

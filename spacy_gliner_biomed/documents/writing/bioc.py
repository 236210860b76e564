"""Write BioC, as XML and as JSON, with the package `bioc`."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import as_text
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import EntityRelation, entity_relations
from spacy_gliner_biomed.documents.writing.text_forms import count_invalid, xml_name, xml_text
from spacy_gliner_biomed.documents.writing.writer import (
    SYSTEM,
    JsonList,
    WriterSettings,
    attribute_keys,
)
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.training.corpora import PASSAGES_KEY
from spacy_gliner_biomed.training.formats.passages import known_passages


class BiocXmlWriter:
    """Writes one BioC collection as XML, document by document.

    XML cannot hold control characters: each becomes U+FFFD, in ids and keys "\u0001" and the like,
    and a warning counts them.
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.bioc = _import_bioc()
        self.settings = settings
        self.n_invalid = 0
        xml = import_optional("bioc.biocxml", "BioC", extra="formats")
        self.writer = xml.BioCXMLDocumentWriter(stream, encoding="utf-8")
        collection = self.bioc.BioCCollection()
        collection.source, collection.key = SYSTEM, ""
        collection.date = settings.started.date().isoformat()
        self.writer.write_collection_info(collection)

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one document."""
        document = make_document(self.bioc, doc, record, found, self.settings)
        n_invalid = _clean(document)
        self.writer.write_document(document)
        self.n_invalid += n_invalid

    def finish(self) -> None:
        """Close the collection."""
        self.writer.close()
        if self.n_invalid:
            warn(Warnings.W210.format(n=self.n_invalid, format="XML"))


class BiocJsonWriter:
    """Writes one BioC collection as JSON, document by document. Texts and ids are unchanged."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.bioc = _import_bioc()
        self.to_json = import_optional("bioc.biocjson", "BioC", extra="formats").toJSON
        self.settings = settings
        date = settings.started.date().isoformat()
        head = f'{{"bioctype": "BioCCollection", "source": "{SYSTEM}", "date": "{date}", '
        head += '"key": "", "version": "1.0", "infons": {}, "documents": ['
        self.list = JsonList(stream, head.encode("utf8"), b"]}")

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one document."""
        document = make_document(self.bioc, doc, record, found, self.settings)
        self.list.add(self.to_json(document))

    def finish(self) -> None:
        """Close the collection."""
        self.list.finish()


def make_document(
    bioc: Any, doc: Doc, record: Record, found: Sequence[Entity], settings: WriterSettings
) -> Any:
    """Make a `BioCDocument`. Offsets are characters of the whole text.

    An entity is in the passage in which it begins; relations and metadata (as infons) are in the
    document.

    bioc (Any): The package.
    doc (Doc): The Doc.
    record (Record): Its id and metadata.
    found (Sequence[Entity]): Its entities.
    settings (WriterSettings): Settings of the run.
    RETURNS (Any): The document.
    """
    document = bioc.BioCDocument()
    document.id = as_text(record.id)
    document.infons = {key: value for key, value in record.meta.items() if key != PASSAGES_KEY}
    text = doc.text
    annotations = [_annotation(bioc, i, each, settings) for i, each in enumerate(found, 1)]
    for start, end, infons in cut_passages(doc):
        passage = bioc.BioCPassage()
        passage.offset, passage.text, passage.infons = start, text[start:end], dict(infons)
        document.add_passage(passage)
    starts = [passage.offset for passage in document.passages]
    for entity, annotation in zip(found, annotations, strict=True):
        # In white space between passages, it is in the passage before; of two with the same
        # start, the first is empty.
        index = max(bisect_right(starts, entity.start) - 1, 0)
        document.passages[index].add_annotation(annotation)
    for i, relation in enumerate(entity_relations(doc, found), 1):
        document.add_relation(_relation(bioc, i, relation))
    return document


def cut_passages(doc: Doc) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Cut a text into its passages. Text between them is a passage, too, unless it is white space.

    doc (Doc): A Doc; `user_data["passages"]` has its sections, if its reader knew any.
    YIELDS (tuple[int, int, dict[str, Any]]): First character, one past the last, and infons.
    """
    text, position = doc.text, 0
    known = sorted(known_passages(doc.user_data), key=lambda each: int(each["start"]))
    for passage in known:
        start, end = max(passage["start"], position), min(passage["end"], len(text))
        if text[position:start].strip():
            yield position, start, {}
        if end >= start:
            yield start, end, dict(passage.get("infons") or {})
            position = end
    if text[position:].strip() or not known:
        yield position, len(text), {}


def _annotation(bioc: Any, number: int, entity: Entity, settings: WriterSettings) -> Any:
    annotation = bioc.BioCAnnotation()
    annotation.id = f"T{number}"
    annotation.text = entity.text
    known = {
        "type": entity.label,
        "score": entity.score,
        "identifier": entity.concept_id,
        "name": entity.concept_name,
        "link_score": entity.concept_score,
    }
    infons = {key: value for key, value in known.items() if value is not None}
    annotation.infons = {**infons, **attribute_keys(entity, settings)}
    annotation.add_location(bioc.BioCLocation(entity.start, entity.end - entity.start))
    return annotation


def _relation(bioc: Any, number: int, relation: EntityRelation) -> Any:
    made = bioc.BioCRelation()
    made.id = f"R{number}"
    made.infons = {"type": relation.label, "score": relation.score}
    for role, entity in (("head", relation.head), ("tail", relation.tail)):
        made.add_node(bioc.BioCNode(refid=f"T{entity + 1}", role=role))
    return made


def _clean(document: Any) -> int:
    """Replace what XML cannot hold in a document, and count it. The texts of annotations are parts
    of those of passages, so they do not count.
    """
    n_invalid = count_invalid(document.id)
    document.id = xml_name(document.id)
    for passage in document.passages:
        n_invalid += count_invalid(passage.text)
        passage.text = xml_text(passage.text)
        for annotation in passage.annotations:
            annotation.text = xml_text(annotation.text)
    for part in _parts(document):
        n_invalid += sum(count_invalid(key) + count_invalid(x) for key, x in part.infons.items())
        part.infons = {xml_name(key): xml_text(x) for key, x in part.infons.items()}
    return n_invalid


def _parts(document: Any) -> Iterator[Any]:
    """Yield the document and all that is in it and has infons."""
    yield document
    for passage in document.passages:
        yield passage
        yield from passage.annotations
    yield from document.relations


def _import_bioc() -> Any:
    return import_optional("bioc", "BioC", extra="formats")

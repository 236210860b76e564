"""Write annotated texts, with all that is known of them, in the formats of `documents.formats`."""

from collections import Counter
from typing import Any, BinaryIO

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writers import DocBinWriter, storable
from spacy_gliner_biomed.documents.writing.attributes import plain_value
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.tokenization.alignment import cut_points
from spacy_gliner_biomed.training.corpora import (
    PASSAGES_KEY,
    SENTENCES_KEY,
    WRITTEN_LABELS,
    AnnotatedText,
    gold_doc,
    write_example,
)
from spacy_gliner_biomed.training.entity_values import write_entity_values
from spacy_gliner_biomed.training.gold import (
    ANNOTATED,
    join_concepts,
    labelled_offsets,
    write_concepts,
)
from spacy_gliner_biomed.training.gold_relations import write_relations
from spacy_gliner_biomed.training.line_entities import (
    CONCEPT_NAME,
    CONCEPT_SCORE,
    SCORE,
    is_number,
)
from spacy_gliner_biomed.training.line_relations import ANNOTATED_RELATIONS

# Formats that hold any value of an entity, and those that hold no scores either.
WITH_VALUES, WITHOUT_SCORES = ("jsonl", "docbin"), ("pubtator", "conll", "gliner", "instructions")
MAX_LENGTH = 2**63 - 1


class TextWriter:
    """Writes annotated texts; `finish` must be called after the last one.

    stream (BinaryIO): The stream to write to.
    target (str): One of `documents.formats.FORMATS`.
    lang (str): Language of the tokenizer.
    spans_key (str): The span group of the entities in DocBins.
    """

    def __init__(
        self, stream: BinaryIO, target: str, *, lang: str = "en", spans_key: str = "sc"
    ) -> None:
        self.nlp, self.target, self.spans_key = spacy.blank(lang), target, spans_key
        self.nlp.max_length = MAX_LENGTH
        self.writer = FORMATS[target].factory(
            stream, WriterSettings(all_attributes=True, gold=True)
        )

    def write(self, text: AnnotatedText) -> None:
        """Write one text."""
        entities = gold_entities(text, with_values=self.target == "jsonl")
        record = Record(text.name, _meta(text, self.target))
        with self.nlp.memory_zone():  # a million texts would fill the vocabulary
            self.writer.write(full_doc(self.nlp, text, self.spans_key), record, entities)

    def keep(self, doc: Doc) -> None:
        """Write a Doc as it is; only into a DocBin."""
        assert isinstance(self.writer, DocBinWriter)
        self.writer.docs.add(doc)

    def finish(self) -> None:
        """Write the end of the output; the writer warns about what it could not hold."""
        self.writer.finish()


def full_doc(nlp: Language, text: AnnotatedText, spans_key: str) -> Doc:
    """Make the Doc of a text, with its concepts and further values.

    nlp (Language): The pipeline, whose tokenizer is used.
    text (AnnotatedText): The text. If it has its own Doc, whose tokens fit its entities, that one
        is used and changed in place, so that all else on it is kept.
    spans_key (str): The span group of the entities.
    RETURNS (Doc): The Doc.
    """
    doc = text.doc
    if doc is not None and spans_key in doc.spans and _spans_of(doc, spans_key) == [*text.spans]:
        if text.annotated is not None:
            doc.spans[spans_key].attrs[ANNOTATED] = sorted(text.annotated)
        if text.relations is not None:
            write_relations(doc, text.relations, text.annotated_relations, text.relation_scores)
        return doc
    if doc is not None and _fits(doc, text):
        write_example(doc, text, spans_key)
    else:
        doc = gold_doc(nlp, text, spans_key)
    write_concepts(doc, join_concepts(text.concepts), spans_key)
    values = {span: storable(plain_value(each)) for span, each in text.entity_values.items()}
    write_entity_values(doc, values, spans_key)
    return doc


def gold_entities(text: AnnotatedText, *, with_values: bool) -> list[Entity]:
    """Return the entities of a text, as writers need them.

    text (AnnotatedText): The text.
    with_values (bool): Whether all their further values are wanted, as attributes.
    RETURNS (list[Entity]): In the order of its spans.
    """
    ids, found = join_concepts(text.concepts), []
    for span in text.spans:
        start, end, label = span
        rest = dict(text.entity_values.get(span, {}))
        score, link = (_pop(rest, key, is_number(rest.get(key))) for key in (SCORE, CONCEPT_SCORE))
        name = _pop(rest, CONCEPT_NAME, isinstance(rest.get(CONCEPT_NAME), str))
        mention, values = text.text[start:end], plain_value(rest) if with_values else {}
        found.append(Entity(start, end, label, score, mention, ids.get(span), name, link, values))
    return found


class LeftOut:
    """Counts what is known of texts, but not in an output.

    target (str): The format of the output.
    spans_key (str): The span group of the entities in DocBins.
    """

    def __init__(self, target: str, spans_key: str = "sc") -> None:
        self.target, self.spans_key = target, spans_key
        self.values: Counter[str] = Counter()
        self.n_docs = 0

    def add(self, text: AnnotatedText) -> None:
        """Count what is left out of one text."""
        if self.target not in WITH_VALUES:
            held = () if self.target in WITHOUT_SCORES else (SCORE, CONCEPT_NAME, CONCEPT_SCORE)
            names = (name for each in text.entity_values.values() for name in each)
            self.values.update(name for name in names if name not in held)
        if self.target != "docbin" and text.doc is not None:
            groups = text.doc.spans.keys() - {self.spans_key}
            self.n_docs += bool(text.doc.cats or groups or text.doc.has_annotation("TAG"))

    def report(self) -> None:
        """Warn once about each kind of what was left out."""
        if self.values:
            found, n = list_names(self.values), self.values.total()
            warn(Warnings.W402.format(n=n, found=found, format=self.target))
        if self.n_docs:
            warn(Warnings.W403.format(n=self.n_docs, spans_key=self.spans_key))


def _pop(values: dict[str, Any], key: str, is_right: bool) -> Any:
    """Remove and return a value of the right type; another stays, as a value of the user's own."""
    return values.pop(key) if is_right else None


def _spans_of(doc: Doc, spans_key: str) -> list[tuple[int, int, str]]:
    return [labelled_offsets(span) for span in doc.spans[spans_key]]


def _fits(doc: Doc, text: AnnotatedText) -> bool:
    starts = [token.idx for token in doc]
    ends = [token.idx + len(token) for token in doc]
    return not cut_points(starts, ends, [span[:2] for span in text.spans])


def _meta(text: AnnotatedText, target: str) -> dict[str, Any]:
    """Return the metadata to write. Only JSON lines need passages in it: the other writers read
    them from the Doc. A Doc also has labels and relations, but no gold sentences.
    """
    sentences = {SENTENCES_KEY: list(map(list, text.sentences))} if text.sentences else {}
    if target == "docbin":
        own = {key: value for key, value in text.meta.items() if key != WRITTEN_LABELS}
        return {**own, **sentences}
    further = {ANNOTATED: text.annotated, ANNOTATED_RELATIONS: text.annotated_relations}
    meta = {key: list(labels) for key, labels in further.items() if labels is not None}
    if target != "jsonl":
        return {**text.meta, **meta}
    passages = {PASSAGES_KEY: list(text.passages)} if text.passages else {}
    return {**text.meta, **sentences, **meta, **passages}

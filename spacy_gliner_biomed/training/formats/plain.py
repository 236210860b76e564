"""Read texts and entities in this package's own formats: text, JSON lines, DocBins."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc

from spacy_gliner_biomed.common.files import read_text
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import (
    ID_KEY,
    META_KEY,
    SENTENCES_KEY,
    WRITTEN_LABELS,
    AnnotatedText,
    jsonl_texts,
    parse_sentences,
)
from spacy_gliner_biomed.training.docbins import open_docbin
from spacy_gliner_biomed.training.entity_values import read_entity_values
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.passages import known_passages
from spacy_gliner_biomed.training.gold import read_concepts, read_gold
from spacy_gliner_biomed.training.gold_relations import read_relation_scores, with_relations
from spacy_gliner_biomed.training.record_checks import TRIMMED, WITHOUT_ENDS, Counts


def read_plain_text(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read a text file as one document.

    path (Path): The file.
    options (ReadOptions): The encoding.
    counts (Counts): Not used.
    YIELDS (AnnotatedText): The text, with its line ends.
    RAISES (ValueError): If it has another encoding.
    """
    yield AnnotatedText(read_text(path, options.encoding), [], [], None)


def read_lines_of_json(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read JSON lines, see `corpora.read_jsonl`.

    path (Path): The file.
    options (ReadOptions): The encoding.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    return jsonl_texts(path, counts, encoding=options.encoding)


def read_docs(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
    """Read the Docs of a DocBin, see `gold.read_gold`.

    path (Path): The file.
    options (ReadOptions): The span group.
    counts (Counts): Changes are added.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): If the file is damaged.
    """
    number = 0
    try:
        for doc in open_docbin(path).get_docs(spacy.blank("en").vocab):
            gold, own = with_relations(read_gold(doc, options.spans_key), doc), doc.user_data
            counts[TRIMMED] += gold.n_trimmed
            found = set(gold.spans)
            relations = [x for x in gold.relations or () if x[0] in found and x[1] in found]
            counts[WITHOUT_ENDS] += len(gold.relations or ()) - len(relations)
            concepts = read_concepts(doc, options.spans_key).items()
            meta = _full_meta(doc, options.spans_key)
            yield AnnotatedText(
                doc.text,
                gold.spans,
                _sentences(meta, doc.text),
                gold.annotated,
                str(own.get(ID_KEY, "")),
                gold.corpus,
                concepts=tuple((*span, ids) for span, ids in concepts if span in found),
                partial=gold.partial,
                passages=known_passages(own),
                relations=None if gold.relations is None else relations,
                annotated_relations=gold.annotated_relations,
                meta=meta,
                entity_values=read_entity_values(doc, options.spans_key),
                relation_scores=read_relation_scores(doc),
                doc=doc if options.with_docs else None,
            )
            number += 1
    except Exception as error:  # depending on the damage, zlib, msgpack or key errors
        problem = f"{shorten(error) or type(error).__name__} (after Doc {number})"
        raise ValueError(Errors.E053.format(path=path, what="a DocBin", error=problem)) from error


def known_meta(doc: Doc) -> dict[str, Any]:
    """Return the metadata of a Doc; none if a user keeps a value of another form there."""
    found = doc.user_data.get(META_KEY)
    return dict(found) if isinstance(found, dict) else {}


def _full_meta(doc: Doc, spans_key: str) -> dict[str, Any]:
    """Return the metadata of a Doc, and the labels of its entities before they were renamed."""
    group = doc.spans.get(spans_key)
    written = None if group is None else group.attrs.get(WRITTEN_LABELS)
    return known_meta(doc) | ({} if written is None else {WRITTEN_LABELS: list(written)})


def _sentences(meta: dict[str, Any], text: str) -> list[tuple[int, int]]:
    """Take the gold sentences out of metadata, unless the key has a user's own value."""
    try:
        found = parse_sentences(meta.get(SENTENCES_KEY), text)
    except ValueError:
        return []
    meta.pop(SENTENCES_KEY, None)
    return found

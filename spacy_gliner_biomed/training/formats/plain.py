"""Read texts and entities in this package's own formats: text, JSON lines, DocBins."""

from collections.abc import Iterator
from pathlib import Path

import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.common.files import read_text
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import (
    ID_KEY,
    AnnotatedText,
    jsonl_texts,
)
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.passages import known_passages
from spacy_gliner_biomed.training.gold import read_concepts, read_gold
from spacy_gliner_biomed.training.gold_relations import with_relations
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
        docs = DocBin(store_user_data=True).from_disk(path).get_docs(spacy.blank("en").vocab)
        for doc in docs:
            gold, own = with_relations(read_gold(doc, options.spans_key), doc), doc.user_data
            counts[TRIMMED] += gold.n_trimmed
            found = set(gold.spans)
            relations = [x for x in gold.relations or () if x[0] in found and x[1] in found]
            counts[WITHOUT_ENDS] += len(gold.relations or ()) - len(relations)
            concepts = read_concepts(doc, options.spans_key).items()
            yield AnnotatedText(
                doc.text,
                gold.spans,
                [],
                gold.annotated,
                str(own.get(ID_KEY, "")),
                gold.corpus,
                concepts=[(*span, ids) for span, ids in concepts if span in found],
                partial=gold.partial,
                passages=known_passages(own),
                relations=None if gold.relations is None else relations,
                annotated_relations=gold.annotated_relations,
            )
            number += 1
    except Exception as error:  # depending on the damage, zlib, msgpack or key errors
        problem = f"{shorten(error) or type(error).__name__} (after {number} Docs)"
        raise ValueError(Errors.E053.format(path=path, what="a DocBin", error=problem)) from error

"""Registered readers of documents: corpora in their order, or one file of any format."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.training import Example

from spacy_gliner_biomed.common.files import UTF8
from spacy_gliner_biomed.common.json_files import read_json_object
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.table import read_format
from spacy_gliner_biomed.training.gold_relations import pair_mentions
from spacy_gliner_biomed.training.line_relations import read_document_relations
from spacy_gliner_biomed.training.record_checks import (
    WITHOUT_ENDS,
    Counts,
    report_changes,
)

RELATIONS_NAME = "relations.jsonl.gz"

Reader = Callable[[Language], Iterable[Example]]


def make_corpus(
    path: Path,
    split: str,
    corpora: list[str],
    merge_labels: dict[str, str] | None = None,
    share: float = 1.0,
    limit: int = 0,
    spans_key: str = "sc",
    relations: bool = False,
) -> Reader:
    """Make a reader of whole documents of some corpora, in order. Registered as
    `spacy-gliner-biomed.Corpus.v1`.

    path (Path): A folder with one folder per corpus, each with `meta.json` and `<split>.jsonl.gz`.
    split (str): "train", "dev" or "test".
    corpora (list[str]): The names of the corpora.
    merge_labels (dict[str, str] | None): One label for all entities of a corpus, by corpus.
    share (float): The share of each corpus, from its start, that is read; from 0 to 1.
    limit (int): Maximum number of documents of each corpus; 0 for all.
    spans_key (str): The group of gold spans.
    relations (bool): Also read `relations.jsonl.gz` of each corpus, see `read_relations`.
    RETURNS (Reader): The reader.
    """

    def read(nlp: Language) -> Iterator[Example]:
        for corpus in corpora:
            texts = read_corpus(path, corpus, [split], (merge_labels or {}).get(corpus))
            texts = (
                read_relations(texts, Path(path) / corpus / RELATIONS_NAME) if relations else texts
            )
            for text in first_part(texts, share)[: limit or None]:
                yield make_example(nlp, text, spans_key)

    return read


def make_file(
    path: Path,
    data_format: str | None = None,
    limit: int = 0,
    spans_key: str = "sc",
    encoding: str = UTF8,
    column: int | None = None,
) -> Reader:
    """Make a reader of one file or folder. Registered as `spacy-gliner-biomed.File.v1`.

    path, data_format: See `training.formats.table.read_format`.
    limit (int): Maximum number of documents; 0 for all.
    spans_key (str): The group of gold spans.
    encoding, column: See `training.formats.options.ReadOptions`.
    RETURNS (Reader): The reader.
    """
    options = ReadOptions(encoding=encoding, column=column, spans_key=spans_key)

    def read(nlp: Language) -> Iterator[Example]:
        for text in islice(read_format(path, data_format, options), limit or None):
            yield make_example(nlp, text, spans_key)

    return read


def read_corpus(
    path: Path,
    corpus: str,
    splits: Sequence[str],
    merge_into: str | None = None,
    left_out: Mapping[str, Collection[str]] | None = None,
) -> list[AnnotatedText]:
    """Read the documents of a corpus.

    path (Path): The folder that contains the corpus.
    corpus (str): The name of the corpus.
    splits (Sequence[str]): The splits to read, if the corpus has them.
    merge_into (str | None): One label for all entities; None keeps the labels.
    left_out (Mapping[str, Collection[str]] | None): Ids of documents to leave out, by split.
    RETURNS (list[AnnotatedText]): The documents.
    RAISES (ValueError): If the corpus has none of the splits, or a file cannot be read.
    """
    folder = Path(path) / corpus
    files, labels = split_files(folder, splits), corpus_labels(folder)
    texts = []
    for file in files:
        skip = (left_out or {}).get(file.name.split(".")[0], {})
        texts += [
            text
            for text in read_jsonl(file, labels, merge_into=merge_into, corpus=corpus)
            if text.name not in skip
        ]
    return texts


def split_files(folder: Path, splits: Sequence[str]) -> list[Path]:
    """Return the files of those splits that a corpus has.

    folder (Path): The folder of the corpus.
    splits (Sequence[str]): Names of splits, in order.
    RETURNS (list[Path]): The files.
    RAISES (ValueError): If the corpus has none of the splits.
    """
    files = [folder / f"{split}.jsonl.gz" for split in splits]
    found = [file for file in files if file.exists()]
    if not found:
        raise ValueError(Errors.E061.format(folder=folder, files=", ".join(f.name for f in files)))
    return found


def corpus_labels(folder: Path) -> dict[str, str]:
    """Read how the labels of a corpus are asked.

    folder (Path): The folder of the corpus; its `meta.json` has the object "labels".
    RETURNS (dict[str, str]): The prompt of each label of the corpus.
    RAISES (ValueError): If there is no such object.
    """
    path = folder / "meta.json"
    labels = read_json_object(path).get("labels")
    if not isinstance(labels, dict):
        raise ValueError(Errors.E182.format(path=path, error="it has no object 'labels'"))
    return labels


def read_relations(texts: Sequence[AnnotatedText], path: Path) -> list[AnnotatedText]:
    """Add the relations of documents, which are between concepts, to all their mentions.

    texts (Sequence[AnnotatedText]): The documents; their own relations are replaced.
    path (Path): See `line_relations.read_document_relations`. A document that is not in it has no
        relation, and all labels in it count as annotated.
    RETURNS (list[AnnotatedText]): The documents. Relations without a mention are left out, with one
        warning.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    by_document, labels = read_document_relations(path)
    counts, related = Counts(), []
    for text in texts:
        found, n_lost = pair_mentions(by_document.get(text.name, ()), text.concepts)
        counts[WITHOUT_ENDS] += n_lost
        related.append(replace(text, relations=found, annotated_relations=labels))
    report_changes(counts, path)
    return related


def first_part(texts: Sequence[AnnotatedText], share: float) -> Sequence[AnnotatedText]:
    """Return a share of texts, from the first on, rounded up."""
    return texts[: math.ceil(share * len(texts))]


def make_example(nlp: Language, text: AnnotatedText, spans_key: str) -> Example:
    """Make a training example of a text.

    nlp (Language): The pipeline, whose tokenizer is used.
    text (AnnotatedText): The text and its entities.
    spans_key (str): The group of gold spans.
    RETURNS (Example): The example.
    """
    return Example(nlp.make_doc(text.text), gold_doc(nlp, text, spans_key))

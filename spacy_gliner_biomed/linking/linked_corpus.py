"""The registered reader of corpora whose entities have concept ids."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.util import filter_spans

from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.gold import GoldSpan, join_concepts, trim_spans, write_concepts
from spacy_gliner_biomed.training.readers import corpus_labels, split_files

LinkedCorpusReader = Callable[[Language], Iterable[Example]]


def make_linked_corpus(
    path: Path,
    splits: list[str],
    corpora: list[str],
    merge_labels: dict[str, str] | None = None,
    gold_mentions: bool = False,
    limit: int = 0,
    spans_key: str = "sc",
) -> LinkedCorpusReader:
    """Make a reader of linked documents, registered as `spacy-gliner-biomed.LinkedCorpus.v1`.

    path (Path): A folder of folders `<corpus>`, each with `meta.json` and `<split>.jsonl.gz`,
        whose entities have an "id" where one is known; several are separated by "|".
    splits (list[str]): "train", "dev" or "test", where a corpus has them.
    corpora (list[str]): Names of the folders.
    merge_labels (dict[str, str] | None): One label that replaces all labels of a corpus, by corpus.
    gold_mentions (bool): Whether the predicted Docs have the gold entities, without ids, so that
        linking alone is measured.
    limit (int): Maximum number of documents of each corpus; 0 for all.
    spans_key (str): The group of gold spans; `doc.ents` has those that do not overlap.
    RETURNS (LinkedCorpusReader): The reader. It raises ValueError if a corpus has none of the
        splits, or a file cannot be read.
    """

    def read(nlp: Language) -> Iterator[Example]:
        for corpus in corpora:
            folder = Path(path) / corpus
            files, labels = split_files(folder, splits), corpus_labels(folder)
            merged = (merge_labels or {}).get(corpus)
            documents = (pair for file in files for pair in read_links(file, labels, merged))
            for i, (text, links) in enumerate(documents):
                if limit and i >= limit:
                    break
                reference = linked_doc(nlp, text, links, spans_key)
                yield Example(_predicted(nlp, reference, gold_mentions, spans_key), reference)

    return read


def read_links(
    path: Path, labels: dict[str, str], merge_into: str | None = None
) -> Iterator[tuple[AnnotatedText, dict[GoldSpan, str]]]:
    """Read texts with entities, and the ids of the entities that have them.

    path, labels, merge_into: See `training.corpora.read_jsonl`.
    YIELDS (tuple[AnnotatedText, dict[GoldSpan, str]]): Each text, and its concept ids by entity;
        an entity that is repeated has the ids of all.
    RAISES (ValueError): With file and line, if a line cannot be read.
    """
    for text in read_jsonl(path, labels, merge_into=merge_into):
        yield text, join_concepts(_trimmed(text))


def linked_doc(
    nlp: Language, text: AnnotatedText, links: dict[GoldSpan, str], spans_key: str
) -> Doc:
    """Make a gold Doc: a span group and entities with their ids as `kb_id_`.

    nlp (Language): The pipeline, whose tokenizer is used.
    text (AnnotatedText): The text and its entities.
    links (dict[GoldSpan, str]): Concept ids by entity.
    spans_key (str): The span group.
    RETURNS (Doc): The Doc; `doc.ents` has the entities that do not overlap.
    """
    doc = gold_doc(nlp, text, spans_key)
    write_concepts(doc, links, spans_key)
    doc.set_ents(filter_spans(doc.spans[spans_key]))
    return doc


def _predicted(nlp: Language, reference: Doc, gold_mentions: bool, spans_key: str) -> Doc:
    if not gold_mentions:
        return nlp.make_doc(reference.text)
    doc = Doc(
        nlp.vocab,
        words=[token.text for token in reference],
        spaces=[bool(token.whitespace_) for token in reference],
    )
    spans = [Span(doc, s.start, s.end, label=s.label) for s in reference.spans[spans_key]]
    doc.spans[spans_key] = SpanGroup(doc, name=spans_key, spans=spans)
    doc.set_ents([Span(doc, s.start, s.end, label=s.label) for s in reference.ents])
    return doc


def _trimmed(text: AnnotatedText) -> Iterator[tuple[int, int, str, str]]:
    """Yield the concepts of a text; their entities have no white space at the ends, as Spans."""
    for start, end, label, ids in text.concepts:
        spans, _ = trim_spans(text.text, [(start, end, label)])
        yield from ((*span, ids) for span in spans)

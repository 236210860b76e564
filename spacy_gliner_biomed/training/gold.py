"""Gold entities of a Doc: its spans, and the labels that its corpus annotates.

A corpus is silent about what it does not annotate: an unmarked gene in a corpus of diseases is
no negative example (AIONER, table 2). So each Doc carries the labels of its corpus in
`doc.spans[key].attrs["annotated_labels"]`, which a DocBin keeps.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, SpanGroup

from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.types import WordOffsets

ANNOTATED = "annotated_labels"
CORPUS = "corpus"

# A gold entity: first character, one past the last, label.
GoldSpan = tuple[int, int, str]


@dataclass(frozen=True)
class Gold:
    """What is known of a Doc.

    spans (Sequence[GoldSpan]): Its entities, in characters.
    annotated (Sequence[str]): Labels of which every entity is marked; None in a Doc that does
        not say, of which all labels of the component are assumed to be.
    corpus (str): The name of the Doc's corpus; empty if the Doc does not say.
    """

    spans: Sequence[GoldSpan]
    annotated: Sequence[str] | None
    corpus: str = ""


def read_gold(doc: Doc, spans_key: str) -> Gold:
    """The gold entities of a Doc: of the span group if it has it, otherwise of `doc.ents`."""
    spans = doc.spans.get(spans_key, doc.ents)
    offsets = [(span.start_char, span.end_char, span.label_) for span in spans]
    attrs = doc.spans[spans_key].attrs if spans_key in doc.spans else {}
    return Gold(offsets, annotated_labels(doc, spans_key), attrs.get(CORPUS, ""))


def annotated_labels(doc: Doc, spans_key: str) -> Sequence[str] | None:
    """The labels that the Doc's corpus annotates; None if the Doc does not say."""
    if spans_key not in doc.spans:
        return None
    labels: Sequence[str] | None = doc.spans[spans_key].attrs.get(ANNOTATED)
    return labels


def gold_labels(golds: Iterable[Gold]) -> list[str]:
    """All labels that are annotated or occur, by first appearance."""
    labels: dict[str, None] = {}
    for gold in golds:
        labels.update(dict.fromkeys(gold.annotated or ()))
        labels.update(dict.fromkeys(label for *_, label in gold.spans))
    return list(labels)


def write_gold(doc: Doc, gold: Gold, spans_key: str) -> None:
    """Set the gold entities of a Doc, whose tokens have to fit (see `split_tokens`)."""
    attrs: dict[str, object] = {CORPUS: gold.corpus}
    if gold.annotated is not None:
        attrs[ANNOTATED] = sorted(gold.annotated)
    group = SpanGroup(doc, name=spans_key, attrs=attrs)
    for start, end, label in gold.spans:
        span = doc.char_span(start, end, label=label)
        assert span is not None  # the Doc's tokens were made to fit
        group.append(span)
    doc.spans[spans_key] = group


def word_spans(
    spans: Iterable[GoldSpan], words: WordOffsets, max_width: int
) -> tuple[list[tuple[int, int, str]], list[GoldSpan]]:
    """Gold spans in words, and those that no span of words can express.

    RETURNS: Triples of first word, one past the last, and label; and the rest, which are off
        word borders or wider than `max_width` words.
    """
    starts = {int(start): i for i, start in enumerate(words.starts)}
    ends = {int(end): i + 1 for i, end in enumerate(words.ends)}
    expressed, lost = [], []
    for span in spans:
        start, end = starts.get(span[0]), ends.get(span[1])
        if start is None or end is None or not 0 < end - start <= max_width:
            lost.append(span)
        else:
            expressed.append((start, end, span[2]))
    return expressed, lost


def count_lost(
    golds: Iterable[tuple[str, Gold]], splitter: str, max_width: int
) -> dict[str, tuple[int, int]]:
    """How many gold entities no span of words can express.

    golds (Iterable[tuple[str, Gold]]): Texts with their entities.
    splitter (str): See `tokenization.words`.
    max_width (int): K.
    RETURNS (dict[str, tuple[int, int]]): By corpus, those entities and all.
    """
    lost: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for text, gold in golds:
        total[gold.corpus] += len(gold.spans)
        lost[gold.corpus] += len(word_spans(gold.spans, split_words(text, splitter), max_width)[1])
    return {corpus: (lost[corpus], total[corpus]) for corpus in total}

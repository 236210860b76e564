"""Gold entities of a Doc: its spans, and the labels that its corpus annotates.

A corpus is silent about what it does not annotate: an unmarked gene in a corpus of diseases is
no negative example (AIONER, table 2). So each Doc carries the labels of its corpus in
`doc.spans[key].attrs["annotated_labels"]`, which a DocBin keeps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, SpanGroup

from spacy_gliner_biomed.types import WordOffsets

ANNOTATED = "annotated_labels"

# A gold entity: first character, one past the last, label.
GoldSpan = tuple[int, int, str]


@dataclass(frozen=True)
class Gold:
    """What is known of a Doc.

    spans (Sequence[GoldSpan]): Its entities, in characters.
    annotated (Sequence[str]): Labels of which every entity is marked; None in a Doc that does
        not say, of which all labels of the component are assumed to be.
    """

    spans: Sequence[GoldSpan]
    annotated: Sequence[str] | None


def read_gold(doc: Doc, spans_key: str) -> Gold:
    """The gold entities of a Doc: of the span group if it has it, otherwise of `doc.ents`."""
    spans = doc.spans.get(spans_key, doc.ents)
    offsets = [(span.start_char, span.end_char, span.label_) for span in spans]
    return Gold(offsets, annotated_labels(doc, spans_key))


def annotated_labels(doc: Doc, spans_key: str) -> Sequence[str] | None:
    """The labels that the Doc's corpus annotates; None if the Doc does not say."""
    if spans_key not in doc.spans:
        return None
    labels: Sequence[str] | None = doc.spans[spans_key].attrs.get(ANNOTATED)
    return labels


def write_gold(
    doc: Doc, spans: Iterable[GoldSpan], annotated: Sequence[str], spans_key: str
) -> None:
    """Set the gold entities of a Doc, whose tokens have to fit (see `split_tokens`)."""
    group = SpanGroup(doc, name=spans_key, attrs={ANNOTATED: sorted(annotated)})
    for start, end, label in spans:
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

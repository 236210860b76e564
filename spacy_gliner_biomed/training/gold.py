"""Gold entities of a Doc: its spans, and the labels that its corpus annotates.

A corpus is silent about what it does not annotate: an unmarked gene in a corpus of diseases is not
a negative example (AIONER, table 2). So each Doc carries the labels of its corpus in
`doc.spans[key].attrs["annotated_labels"]`, which a DocBin stores.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.types import WordOffsets

ANNOTATED = "annotated_labels"
CORPUS = "corpus"

PARTIAL = "partial_labels"

# A gold entity: first character, one past the last, label.
GoldSpan = tuple[int, int, str]

# A gold relation: head, tail, label.
GoldRelation = tuple[GoldSpan, GoldSpan, str]

# Labels that are known on some spans only: first character, one past the last, and whether the
# span has the label. Nothing is known of any other span.
PartialLabels = dict[str, list[tuple[int, int, bool]]]


@dataclass(frozen=True)
class Gold:
    """What is known of a Doc.

    spans (Sequence[GoldSpan]): Its entities, in characters.
    annotated (Sequence[str] | None): Labels of which every entity is marked. None if the Doc does
        not say; then all labels of the component count as annotated.
    corpus (str): The name of the Doc's corpus; empty if the Doc does not say.
    unknown (Sequence[tuple[int, int]]): Characters that were not annotated: no span there is a
        negative.
    partial (PartialLabels): Labels that are known on some spans only.
    n_trimmed (int): Entities that had white space at an end, or consisted of it.
    relations (Sequence[GoldRelation] | None): Relations between the entities; None if nothing is
        known of them.
    annotated_relations (Sequence[str] | None): Relations of which every one is marked. None if the
        Doc does not say; then all relations of the component count as annotated.
    """

    spans: Sequence[GoldSpan]
    annotated: Sequence[str] | None
    corpus: str = ""
    unknown: Sequence[tuple[int, int]] = ()
    n_trimmed: int = 0
    partial: PartialLabels = field(default_factory=dict)
    relations: Sequence[GoldRelation] | None = None
    annotated_relations: Sequence[str] | None = None


def merge_labels(gold: Gold, merge: Callable[[str], str]) -> Gold:
    """Rename the labels of entities. Entities that get the same label are one.

    gold (Gold): The gold.
    merge (Callable[[str], str]): Returns the new name of a label.
    RETURNS (Gold): With the new names.
    """

    def renamed(span: GoldSpan) -> GoldSpan:
        return (*span[:2], merge(span[2]))

    partial: PartialLabels = {}
    for label, known in gold.partial.items():
        partial.setdefault(merge(label), []).extend(known)
    annotated, relations = gold.annotated, gold.relations
    return replace(
        gold,
        spans=list(dict.fromkeys(map(renamed, gold.spans))),
        annotated=annotated and list(dict.fromkeys(map(merge, annotated))),
        partial=partial,
        relations=relations and [(renamed(a), renamed(b), label) for a, b, label in relations],
    )


def read_gold(doc: Doc, spans_key: str) -> Gold:
    """Read the gold entities of a Doc, from the span group if it exists, otherwise from `doc.ents`.

    Tokens whose entity annotation is missing (`token.ent_iob` 0) and entities without a label are
    unknown. A span group has no missing tokens.

    doc (Doc): The Doc.
    spans_key (str): The span group.
    RETURNS (Gold): The entities and what is known of them.
    """
    in_group = spans_key in doc.spans
    found = [labelled_offsets(span) for span in doc.spans.get(spans_key, doc.ents)]
    spans, n_trimmed = trim_spans(doc.text, [span for span in found if span[2].strip()])
    unknown = [] if in_group else missing_characters(doc)
    unknown += [(start, end) for start, end, label in found if not label.strip()]
    attrs = doc.spans[spans_key].attrs if in_group else {}
    annotated, corpus = annotated_labels(doc, spans_key), attrs.get(CORPUS, "")
    return Gold(spans, annotated, corpus, tuple(unknown), n_trimmed, attrs.get(PARTIAL, {}))


def has_gold(doc: Doc, spans_key: str) -> bool:
    """Return whether a Doc says which entities it has, even if it has none."""
    return spans_key in doc.spans or bool(doc.has_annotation("ENT_IOB"))


def missing_characters(doc: Doc) -> list[tuple[int, int]]:
    """Return the characters of neighbouring tokens whose entity annotation is missing."""
    missing: list[tuple[int, int]] = []
    before = -1
    for i, (iob, start, length) in enumerate(doc.to_array(["ENT_IOB", "IDX", "LENGTH"]).tolist()):
        if iob:
            continue
        first = missing.pop()[0] if missing and before == i - 1 else start
        missing.append((first, start + length))
        before = i
    return missing


def trim_spans(text: str, spans: Iterable[GoldSpan]) -> tuple[list[GoldSpan], int]:
    """Remove white space from the ends of gold spans, which no token or word has.

    text (str): The text.
    spans (Iterable[GoldSpan]): Spans; those outside the text stay as they are.
    RETURNS (tuple[list[GoldSpan], int]): The spans, without those of nothing but white space, and
        how many were changed or removed.
    """
    trimmed, n_changed = [], 0
    for start, end, label in spans:
        first, last = start, end
        if 0 <= start < end <= len(text):
            part = text[start:end]
            first, last = end - len(part.lstrip()), start + len(part.rstrip())
        n_changed += (first, last) != (start, end)
        if first < last or (first, last) == (start, end):
            trimmed.append((first, last, label))
    return trimmed, n_changed


def annotated_labels(doc: Doc, spans_key: str) -> Sequence[str] | None:
    """Return the labels that the Doc's corpus annotates; None if the Doc does not say."""
    if spans_key not in doc.spans:
        return None
    labels: Sequence[str] | None = doc.spans[spans_key].attrs.get(ANNOTATED)
    return labels


def gold_labels(golds: Iterable[Gold]) -> list[str]:
    """Return all labels that are annotated or occur, by first appearance."""
    labels: dict[str, None] = {}
    for gold in golds:
        labels.update(dict.fromkeys(gold.annotated or ()))
        labels.update(dict.fromkeys(label for *_, label in gold.spans))
    return list(labels)


def write_gold(doc: Doc, gold: Gold, spans_key: str) -> int:
    """Set the gold entities of a Doc, whose tokens have to fit (see `split_tokens`).

    doc (Doc): Changed in place.
    gold (Gold): The entities.
    spans_key (str): The span group.
    RETURNS (int): Entities that had white space at an end, or consisted of it; see `trim_spans`.
    RAISES (ValueError): If an entity begins or ends inside a token.
    """
    attrs: dict[str, object] = {CORPUS: gold.corpus}
    if gold.annotated is not None:
        attrs[ANNOTATED] = sorted(gold.annotated)
    if gold.partial:
        attrs[PARTIAL] = gold.partial
    group = SpanGroup(doc, name=spans_key, attrs=attrs)
    trimmed, n_changed = trim_spans(doc.text, gold.spans)
    for start, end, label in trimmed:
        span = doc.char_span(start, end, label=label)
        if not span:  # None, or no token
            quoted = shorten(repr(doc.text[start:end]))
            raise ValueError(Errors.E146.format(start=start, end=end, text=quoted))
        group.append(span)
    doc.spans[spans_key] = group
    return n_changed


def write_concepts(doc: Doc, concepts: Mapping[GoldSpan, str], spans_key: str) -> None:
    """Set the concept ids of gold entities as `Span.kb_id_`.

    doc (Doc): A Doc with a span group, see `write_gold`; changed in place.
    concepts (Mapping[GoldSpan, str]): The ids of the entities that have some.
    spans_key (str): The span group.
    """
    group = doc.spans[spans_key]
    spans = [
        Span(doc, x.start, x.end, x.label, kb_id=concepts.get(labelled_offsets(x), ""))
        for x in group
    ]
    doc.spans[spans_key] = SpanGroup(doc, name=spans_key, attrs=group.attrs, spans=spans)


def read_concepts(doc: Doc, spans_key: str) -> dict[GoldSpan, str]:
    """Read the concept ids of entities, from the span group and otherwise from `doc.ents`."""
    ents, group = (_linked(doc, spans) for spans in (doc.ents, doc.spans.get(spans_key, ())))
    return join_concepts(ents) | join_concepts(group)


def join_concepts(concepts: Iterable[tuple[int, int, str, str]]) -> dict[GoldSpan, str]:
    """Join the concept ids of repeated entities with ",".

    concepts (Iterable[tuple[int, int, str, str]]): See `corpora.AnnotatedText`.
    RETURNS (dict[GoldSpan, str]): The ids of each entity.
    """
    found: dict[GoldSpan, dict[str, None]] = {}
    for start, end, label, ids in concepts:
        found.setdefault((start, end, label), {})[ids] = None
    return {span: ",".join(ids) for span, ids in found.items()}


def _linked(doc: Doc, spans: Iterable[Span]) -> Iterator[tuple[int, int, str, str]]:
    for span in spans:
        if span.kb_id_:
            yield from (
                (*x, span.kb_id_) for x in trim_spans(doc.text, [labelled_offsets(span)])[0]
            )


def labelled_offsets(span: Span) -> GoldSpan:
    """Return the first character, one past the last, and the label of a span."""
    return span.start_char, span.end_char, span.label_


def word_spans(
    spans: Iterable[GoldSpan], words: WordOffsets, max_width: int
) -> tuple[list[tuple[int, int, str]], list[GoldSpan]]:
    """Convert gold spans to words.

    spans (Iterable[GoldSpan]): Character spans.
    words (WordOffsets): The words of the text.
    max_width (int): Words of the widest span.
    RETURNS (tuple): Triples of first word, one past the last, and label; and the spans that are off
        word borders or too wide.
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
    """Count the gold entities that no span of words can express.

    golds (Iterable[tuple[str, Gold]]): Texts with their entities.
    splitter (str): See `tokenization.words`.
    max_width (int): K.
    RETURNS (dict[str, tuple[int, int]]): By corpus, the numbers of these entities and of all.
    """
    lost: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for text, gold in golds:
        total[gold.corpus] += len(gold.spans)
        lost[gold.corpus] += len(word_spans(gold.spans, split_words(text, splitter), max_width)[1])
    return {corpus: (lost[corpus], total[corpus]) for corpus in total}

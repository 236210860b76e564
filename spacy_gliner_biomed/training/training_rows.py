"""Training rows: a window of words, sampled labels, and what should be found."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from spacy_gliner_biomed.tokenization.prompts import Prompt
from spacy_gliner_biomed.tokenization.rows import EncodedText
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from spacy_gliner_biomed.tokenization.windows import cut_windows, limit_counts
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.gold import Gold, PartialLabels, word_spans
from spacy_gliner_biomed.training.span_samples import SpanSampler
from spacy_gliner_biomed.types import BoolArray, FloatArray, Row, WordOffsets

# Labels that a row has and labels that may be negatives -> pairs of label and prompt.
Sampler = Callable[[Sequence[str], Sequence[str]], list[tuple[str, str]]]


@dataclass(frozen=True)
class TrainingRow:
    """A row with its targets, which have the shape of its logits: (W, K, C) of spans, (W, C, 3) of
    tokens, or (W, C, 3 + K) of tokens and spans. NaN marks an unknown target.
    """

    row: Row
    targets: FloatArray


@dataclass
class RowMaker:
    """Makes training rows from texts.

    subtokens (Subtokenizer): The checkpoint's.
    encode_prompt (Callable): Encodes as many of the prompts as fit, from the first on.
    sampler (Sampler): Chooses the labels of a row.
    splitter (str): See `tokenization.words`.
    max_width (int): Words of the widest entity.
    tokens (bool): Targets are start, end and inside of entities, instead of spans.
    spans_again (SpanSampler | None): Adds the targets of spans to those of tokens.
    max_words (int): Words in a row's text.
    max_subtokens (int): Subtokens in a row.
    counts (Counter[str]): Gold spans, those of them that no row could express or that had white
        space at their ends, and texts without any known annotation.
    """

    subtokens: Subtokenizer
    encode_prompt: Callable[[Sequence[str]], Prompt]
    sampler: Sampler
    splitter: str
    max_width: int
    tokens: bool
    max_words: int
    max_subtokens: int
    spans_again: SpanSampler | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def __call__(self, text: str, gold: Gold, labels: Sequence[str]) -> list[TrainingRow]:
        """Make the rows of a text: one, unless the text is too long.

        text (str): The text.
        gold (Gold): Its entities.
        labels (Sequence[str]): Possible negatives if the corpus does not say.
        RETURNS (list[TrainingRow]): The rows.
        """
        words = split_words(text, self.splitter)
        ids, counts = self.subtokens.encode_text(text, words)
        budget = self.max_subtokens // 2
        run = min(2 * self.max_width, self.max_words)
        truncated = limit_counts(counts, run=run, budget=budget)
        encoded = EncodedText(ids, counts, truncated)
        spans, lost = word_spans(gold.spans, words, self.max_width)
        annotated = labels if gold.annotated is None else gold.annotated
        windows = cut_windows(
            truncated, [], size=self.max_words, overlap=0, max_width=0, budget=budget
        )
        unknown = unknown_words(gold.unknown, words)
        known = partial_words(gold.partial, words, self.max_width)
        rows = [self._row(encoded, window, spans, annotated, unknown, known) for window in windows]
        inside = sum(a <= s and e <= b for s, e, _ in spans for a, b in windows)
        self.counts["gold"] += len(gold.spans)
        self.counts["gold_lost"] += len(lost) + len(spans) - inside
        self.counts["gold_trimmed"] += gold.n_trimmed
        self.counts["without_gold"] += bool(len(words)) and bool(unknown.all())
        return [row for row in rows if row is not None]

    def _row(
        self,
        encoded: EncodedText,
        window: tuple[int, int],
        spans: Sequence[tuple[int, int, str]],
        annotated: Sequence[str],
        unknown: BoolArray,
        known: Mapping[str, Sequence[tuple[int, int, bool]]],
    ) -> TrainingRow | None:
        first, last = window
        if unknown[first:last].all():
            return None
        inside = [span for span in spans if first <= span[0] and span[1] <= last]
        labels = self.sampler([label for *_, label in inside], annotated)
        local = {} if self.tokens else _in_window(known, window)  # they are of whole spans
        if local:
            labels += self.sampler(list(local), ())
        if not labels:
            return None
        prompt = self.encode_prompt([prompt for _, prompt in labels])
        labels = labels[: len(prompt.texts)]
        row = encoded.row(window, prompt, self.subtokens)
        columns = {label: c for c, (label, _) in enumerate(labels)}
        asked = [(a - first, b - first, columns[x]) for a, b, x in inside if x in columns]
        make = token_targets if self.tokens else partial(span_targets, max_width=self.max_width)
        targets = make(asked, last - first, len(labels))
        for label in local.keys() & columns.keys():
            set_partial(targets[..., columns[label]], local[label])
        if unknown[first:last].any():
            (hide_tokens if self.tokens else hide_spans)(targets, unknown[first:last])
        if self.spans_again is not None:
            of_spans = self.spans_again(asked, len(labels), unknown[first:last])
            targets = np.concatenate([targets, of_spans], axis=-1)
        return TrainingRow(row, targets)


def partial_words(
    partial_labels: PartialLabels, words: WordOffsets, max_width: int
) -> dict[str, list[tuple[int, int, bool]]]:
    """Convert the known spans of partial labels to words, without those that no span of words can
    express.

    partial_labels (PartialLabels): In characters.
    words (WordOffsets): The words of the text.
    max_width (int): Words of the widest span.
    RETURNS (dict[str, list[tuple[int, int, bool]]]): For each label that has any.
    """
    found = {}
    for label, known in partial_labels.items():
        fits = {(start, end): is_right for start, end, is_right in known}
        spans = [(start, end, f"{start} {end}") for start, end in fits]
        expressed, _ = word_spans(spans, words, max_width)
        triples = [
            (a, b, fits[int(words.starts[a]), int(words.ends[b - 1])]) for a, b, _ in expressed
        ]
        if triples:
            found[label] = triples
    return found


def set_partial(targets: FloatArray, known: Iterable[tuple[int, int, bool]]) -> None:  # (W, K)
    """Set a partial label's targets: NaN except at its known spans."""
    targets[:] = np.nan
    for start, end, is_right in known:
        targets[start, end - start - 1] = float(is_right)


def _in_window(
    known: Mapping[str, Sequence[tuple[int, int, bool]]], window: tuple[int, int]
) -> PartialLabels:
    first, last = window
    inside = {
        label: [(a - first, b - first, right) for a, b, right in spans if first <= a and b <= last]
        for label, spans in known.items()
    }
    return {label: spans for label, spans in inside.items() if spans}


def unknown_words(characters: Iterable[tuple[int, int]], words: WordOffsets) -> BoolArray:  # (W,)
    """Return which words touch characters that were not annotated. # (W,)"""
    unknown: BoolArray = np.zeros(len(words), dtype=np.bool_)
    for start, end in characters:
        unknown |= (words.starts < end) & (words.ends > start)
    return unknown


def hide_spans(targets: FloatArray, unknown: BoolArray) -> None:  # (W, K, C), (W,)
    """Set the targets of spans with an unknown word to NaN, except of entities."""
    before = np.concatenate([[0], np.cumsum(unknown)])
    starts = np.arange(len(unknown))[:, None]
    ends = np.minimum(starts + 1 + np.arange(targets.shape[1]), len(unknown))
    hidden = before[ends] > before[starts]  # (W, K)
    targets[hidden[..., None] & (targets == 0)] = np.nan


def hide_tokens(targets: FloatArray, unknown: BoolArray) -> None:  # (W, C, 3), (W,)
    """Set the targets of unknown words to NaN, except in entities."""
    targets[unknown[:, None, None] & (targets == 0)] = np.nan


def span_targets(
    entities: Iterable[tuple[int, int, int]], n_words: int, n_labels: int, *, max_width: int
) -> FloatArray:
    """Return 1 where an entity begins, at its width and label, else 0.

    entities (Iterable[tuple[int, int, int]]): First word, one past the last, and index of the
        label.
    n_words, n_labels, max_width (int): W, C and K.
    RETURNS (FloatArray): # (W, K, C)
    """
    targets = np.zeros((n_words, max_width, n_labels), dtype=np.float32)
    for start, end, label in entities:
        targets[start, end - start - 1, label] = 1.0
    return targets


def token_targets(
    entities: Iterable[tuple[int, int, int]], n_words: int, n_labels: int
) -> FloatArray:
    """Return 1 at the first word of each entity, at the last, and at all its words, else 0.

    Upstream `TokenProcessor.create_labels` (gliner/data_processing/processor.py).

    entities (Iterable[tuple[int, int, int]]): As for `span_targets`.
    n_words, n_labels (int): W and C.
    RETURNS (FloatArray): # (W, C, 3)
    """
    targets = np.zeros((n_words, n_labels, 3), dtype=np.float32)
    for start, end, label in entities:
        targets[start, label, 0] = targets[end - 1, label, 1] = 1.0
        targets[start:end, label, 2] = 1.0
    return targets

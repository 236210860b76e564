"""Training rows: a window of words, sampled labels, and what should be found."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from spacy_gliner_biomed.tokenization.prompts import Prompt
from spacy_gliner_biomed.tokenization.rows import EncodedText
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from spacy_gliner_biomed.tokenization.windows import cut_windows, limit_counts
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.entity_targets import (
    hide_spans,
    hide_tokens,
    set_partial,
    span_targets,
    token_targets,
)
from spacy_gliner_biomed.training.gold import Gold, PartialLabels, merge_labels, word_spans
from spacy_gliner_biomed.training.relation_sampling import RelationSampler
from spacy_gliner_biomed.training.relation_targets import RelationTargets, relation_targets
from spacy_gliner_biomed.training.sampling import with_own_prompts
from spacy_gliner_biomed.training.span_samples import SpanSampler
from spacy_gliner_biomed.training.word_gold import (
    WordGold,
    WordSpan,
    in_window,
    inside,
    partial_in_window,
    partial_words,
    unknown_words,
    word_relations,
)
from spacy_gliner_biomed.types import BoolArray, FloatArray, Row, WordOffsets

# Labels that a row has and labels that may be negatives -> pairs of label and prompt.
Sampler = Callable[[Sequence[str], Sequence[str]], list[tuple[str, str]]]


@dataclass(frozen=True)
class TrainingRow:
    """A row with its targets, which have the shape of its logits: (W, K, C) of spans, (W, C, 3) of
    tokens, or (W, C, 3 + K) of tokens and spans. NaN marks an unknown target. `relations` are the
    targets of relations, for a network that has some.
    """

    row: Row
    targets: FloatArray
    relations: RelationTargets | None = None


@dataclass
class RowMaker:
    """Makes training rows from texts.

    subtokens (Subtokenizer): The checkpoint's.
    encode_prompt (Callable): Encodes as many of the prompts of labels as fit, from the first on,
        and those of relations.
    sampler (Sampler): Chooses the labels of a row.
    splitter (str): See `tokenization.words`.
    max_width (int): Words of the widest entity.
    tokens (bool): Targets are start, end and inside of entities, instead of spans.
    spans_again (SpanSampler | None): Adds the targets of spans to those of tokens.
    max_words (int): Maximum number of words in a row's text.
    max_subtokens (int): Maximum number of subtokens in a row.
    text_subtokens (int | None): Maximum number of these for its text; None for half of them.
    relations (RelationSampler | None): Chooses relations and pairs, for a network that has some.
    relation_prompts (Mapping[str, str]): The prompts of relations that have one of their own.
    merge (Callable[[str], str]): Returns the label that stands for all labels with its prompt.
    counts (Counter[str]): Counts of gold spans and relations, of those that are lost because no row
        can express them, of spans that had white space at their ends, and of texts without any
        known annotation.
    """

    subtokens: Subtokenizer
    encode_prompt: Callable[[Sequence[str], Sequence[str]], Prompt]
    sampler: Sampler
    splitter: str
    max_width: int
    tokens: bool
    max_words: int
    max_subtokens: int
    spans_again: SpanSampler | None = None
    text_subtokens: int | None = None
    relations: RelationSampler | None = None
    relation_prompts: Mapping[str, str] = field(default_factory=dict)
    merge: Callable[[str], str] = str
    counts: Counter[str] = field(default_factory=Counter)

    def __call__(
        self, text: str, gold: Gold, labels: Sequence[str], relations: Sequence[str] = ()
    ) -> list[TrainingRow]:
        """Make the rows of a text: one, unless the text is too long.

        text (str): The text.
        gold (Gold): Its entities.
        labels, relations (Sequence[str]): The annotated ones, if the gold does not name its own.
        RETURNS (list[TrainingRow]): The rows.
        """
        gold, labels = merge_labels(gold, self.merge), list(dict.fromkeys(map(self.merge, labels)))
        words = split_words(text, self.splitter)
        ids, counts = self.subtokens.encode_text(text, words)
        budget = self.text_subtokens or self.max_subtokens // 2
        run = min(2 * self.max_width, self.max_words)
        truncated = limit_counts(counts, run=run, budget=budget)
        encoded = EncodedText(ids, counts, truncated)
        known = self._in_words(gold, words, labels, relations)
        windows = cut_windows(
            truncated, [], size=self.max_words, overlap=0, max_width=0, budget=budget
        )
        rows = [self._row(encoded, window, known) for window in windows]
        self._count(gold, known, windows)
        return [row for row in rows if row is not None]

    def _in_words(
        self, gold: Gold, words: WordOffsets, labels: Sequence[str], relations: Sequence[str]
    ) -> WordGold:
        spans, _ = word_spans(gold.spans, words, self.max_width)
        annotated = labels if gold.annotated is None else gold.annotated
        unknown = unknown_words(gold.unknown, words)
        partial_labels = partial_words(gold.partial, words, self.max_width)
        if self.relations is None or gold.relations is None:
            return WordGold(spans, annotated, unknown, partial_labels)
        found = word_relations(gold, words, self.max_width)
        own = relations if gold.annotated_relations is None else gold.annotated_relations
        return WordGold(spans, annotated, unknown, partial_labels, found, own)

    def _count(self, gold: Gold, known: WordGold, windows: Sequence[tuple[int, int]]) -> None:
        n_kept = sum(len(inside(known.spans, window)) for window in windows)
        self.counts["gold"] += len(gold.spans)
        self.counts["gold_lost"] += len(gold.spans) - n_kept
        self.counts["gold_trimmed"] += gold.n_trimmed
        self.counts["without_gold"] += bool(len(known.unknown)) and bool(known.unknown.all())
        if self.relations is not None and gold.relations is not None:
            n_kept = sum(
                len(inside(relation[:2], window)) == 2
                for relation in known.relations
                for window in windows
            )
            self.counts["gold_relations"] += len(gold.relations)
            self.counts["gold_relations_lost"] += len(gold.relations) - n_kept

    def _row(
        self, encoded: EncodedText, window: tuple[int, int], known: WordGold
    ) -> TrainingRow | None:
        first, last = window
        unknown = known.unknown[first:last]
        if unknown.all():
            return None
        spans = inside(known.spans, window)
        # Partial labels are known on whole spans, from which a token model cannot learn.
        local = {} if self.tokens else partial_in_window(known.partial, window)
        labels = self.sampler([label for *_, label in spans], known.annotated)
        labels += self.sampler(list(local), ()) if local else []
        if not labels:
            return None
        related = [each for each in known.relations if len(inside(each[:2], window)) == 2]
        relations = self._choose_relations(related, known)
        prompt = self.encode_prompt([x for _, x in labels], [x for _, x in relations])
        labels = labels[: len(prompt.texts)]
        row = encoded.row(window, prompt, self.subtokens)
        columns = {label: c for c, (label, _) in enumerate(labels)}
        asked = [(a - first, b - first, columns[x]) for a, b, x in spans if x in columns]
        targets = self._targets(asked, columns, len(labels), local, unknown)
        if self.relations is None:
            return TrainingRow(row, targets)
        numbers = {label: number for number, (label, _) in enumerate(relations)}
        learned = in_window(related, numbers, columns, first)
        of_relations = relation_targets(
            asked, learned, len(relations), self.relations, repeated=self.tokens
        )
        return TrainingRow(row, targets, of_relations)

    def _targets(
        self,
        asked: Sequence[tuple[int, int, int]],
        columns: Mapping[str, int],
        n_labels: int,
        local: PartialLabels,
        unknown: BoolArray,
    ) -> FloatArray:
        """Make the targets of a window, in which what is not annotated does not count.

        asked (Sequence[tuple[int, int, int]]): First word, one past the last, and column of spans.
        columns (Mapping[str, int]): The column of each label.
        n_labels (int): Number of columns.
        local (PartialLabels): Labels that are known on some spans only.
        unknown (BoolArray): Words without annotation. # (W,)
        RETURNS (FloatArray): See `TrainingRow`.
        """
        make = token_targets if self.tokens else partial(span_targets, max_width=self.max_width)
        targets = make(asked, len(unknown), n_labels)
        for label in local.keys() & columns.keys():
            set_partial(targets[..., columns[label]], local[label])
        if unknown.any():
            (hide_tokens if self.tokens else hide_spans)(targets, unknown)
        if self.spans_again is None:
            return targets
        of_spans = self.spans_again(asked, n_labels, unknown)
        return np.concatenate([targets, of_spans], axis=-1)

    def _choose_relations(
        self, related: Sequence[tuple[WordSpan, WordSpan, str]], known: WordGold
    ) -> list[tuple[str, str]]:
        """Choose relations and their prompts for a row, of which there may be none."""
        if self.relations is None:
            return []
        chosen = self.relations([label for *_, label in related], known.annotated_relations)
        return with_own_prompts(chosen, self.relation_prompts)

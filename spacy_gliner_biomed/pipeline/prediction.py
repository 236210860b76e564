"""Finds entities in texts: words, windows, rows, batches, logits, and back to characters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from spacy.tokens import Doc

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.pipeline.decoding import choose, span_candidates, token_candidates
from spacy_gliner_biomed.pipeline.label_groups import LabelGroup, encode_labels, with_shared_prompts
from spacy_gliner_biomed.pipeline.related import RelatedSpans, RelationRules
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.pipeline.windowing import sentence_starts, window_shape
from spacy_gliner_biomed.tokenization.prompts import Prompt
from spacy_gliner_biomed.tokenization.rows import EncodedText, length_batches
from spacy_gliner_biomed.tokenization.windows import (
    NO_LIMIT,
    Window,
    cut_windows,
    limit_counts,
    owned,
)
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.types import (
    Candidates,
    FloatArray,
    IntArray,
    PairLogits,
    Prediction,
    Row,
    ScoredSpan,
    SpanLogits,
    WordOffsets,
)

# Number of rows that are made and sorted by length at a time: small beside a long text itself, and
# enough to fill whole batches.
ROWS_AT_ONCE = 1024

# On a CPU, larger forward passes are 1 to 4 % faster, and memory grows with them.
CPU_SUBTOKENS = {"float32": 1024, "bfloat16": 3072, "float16": 3072}

# The candidates of a row; with relations, its spans and pairs, too.
Answer = tuple[Candidates, tuple[SpanLogits, PairLogits] | None]

# Indices of a Doc, of its window and of the group of labels, and the row of all three.
RowToScore = tuple[int, int, int, Row]


@dataclass
class PreparedDoc:
    """A Doc's text as the network needs it, and the candidates found in it so far."""

    words: WordOffsets
    encoded: EncodedText
    windows: list[Window]
    found: list[Candidates]
    counts: dict[str, int]
    related: list[RelatedSpans] = field(default_factory=list)


class Predictor:
    """Finds entities in Docs with one model and one set of settings; changes no Doc.

    model (GlinerModel): Loaded when this is built.
    settings (Settings): Checked settings.
    RAISES (ValueError): If labels or windows do not work with the checkpoint.
    """

    def __init__(self, model: GlinerModel, settings: Settings) -> None:
        self.model = model
        self.checkpoint: Checkpoint = network_shim(model).checkpoint
        if self.checkpoint.labels_in_words:  # other checkpoints give the GLiNER package's numbers
            settings = with_shared_prompts(settings, self.checkpoint)
        self.calibration = self.checkpoint.calibration
        if settings.threshold is None:
            settings = replace(settings, threshold=self.calibration.threshold)
        self.settings = settings
        config = self.checkpoint.config
        self.subtokens = self.checkpoint.subtokens
        on_cpu = network_shim(model).device.type == "cpu"
        precision = network_shim(model).runner.precision
        max_subtokens = CPU_SUBTOKENS[precision] if on_cpu else settings.batch_subtokens
        self.batch_subtokens = min(max_subtokens, settings.batch_subtokens)
        limit = self.subtokens.max_length or NO_LIMIT
        special = len(self.subtokens.prefix) + len(self.subtokens.suffix)
        self.row_budget = min(limit, settings.batch_subtokens) - special
        if self.row_budget < 4 * self._max_width():
            minimum = 4 * self._max_width() + special
            raise ValueError(Errors.E035.format(found=settings.batch_subtokens, minimum=minimum))
        self.relations = RelationRules(self.settings, self.checkpoint)
        self.groups = [
            LabelGroup.of(prompt, self.settings, self.calibration, self.checkpoint.catalogue)
            for prompt in self._encode_prompts()
        ]
        longest = max((len(group.prompt.input_ids) for group in self.groups), default=0)
        self.text_budget = self.row_budget - longest
        self.size, self.overlap = window_shape(settings, config.max_len, self._max_width())
        # Two prompts of one label are one label to the overlap rule.
        self.names = list(dict.fromkeys(spec.label for spec in settings.labels))
        index_of = {name: i for i, name in enumerate(self.names)}
        named = [index_of[spec.label] for spec in settings.labels]
        self.name_of_label: IntArray = np.array(named or [0], dtype=np.int32)

    def find_entities(self, docs: Sequence[Doc]) -> list[Prediction]:
        """Find the entities of Docs.

        docs (Sequence[Doc]): The Docs, which are not changed.
        RETURNS (list[Prediction]): The entities of each, in characters of its text.
        """
        prepared = [self._prepare(doc) for doc in docs]
        for chunk in batches(self._rows(prepared), ROWS_AT_ONCE):
            self._score(prepared, chunk)
        return [self._decode(doc) for doc in prepared]

    def _score(self, docs: Sequence[PreparedDoc], rows: Sequence[RowToScore]) -> None:
        """Add the candidates of rows to those that were found in their Docs."""
        for batch in length_batches([len(row) for *_, row in rows], self.batch_subtokens):
            chosen = [rows[i] for i in batch]
            groups = [self.groups[group] for _, _, group, _ in chosen]
            every = [row for *_, row in chosen]
            find = self._related if self.relations.specs else self._candidates
            for (doc, window, *_), group, (found, answer) in zip(
                chosen, groups, find(every, groups), strict=True
            ):
                docs[doc].found.append(self._in_text(docs[doc], window, group, found))
                if answer is not None:
                    spans, pairs = answer
                    windows = docs[doc].windows
                    related = self.relations.in_text(spans, pairs, windows, window)
                    docs[doc].related.append(related)

    def _related(self, rows: Sequence[Row], groups: Sequence[LabelGroup]) -> Iterator[Answer]:
        """Yield the candidates of each row, and the spans and pairs of them that may be related."""
        answers = network_shim(self.model).related_spans(
            rows,
            [group.min_logits for group in groups],
            self.relations.min_logits,
            self.relations.min_adjacency,
        )
        for (spans, pairs), group in zip(answers, groups, strict=True):
            yield self._span_candidates(spans, group), (spans, pairs)

    def _candidates(self, rows: Sequence[Row], groups: Sequence[LabelGroup]) -> Iterator[Answer]:
        """Yield the candidates of each row, in words and labels of the row."""
        if not self.checkpoint.config.selects_spans:
            for logits, group in zip(self.model.predict(rows), groups, strict=True):
                yield token_candidates(self._calibrated(logits, group), group.thresholds), None
            return
        min_logits = [group.min_logits for group in groups]
        answers = network_shim(self.model).span_logits(rows, min_logits)
        for spans, group in zip(answers, groups, strict=True):
            yield self._span_candidates(spans, group), None

    def _span_candidates(self, spans: SpanLogits, group: LabelGroup) -> Candidates:
        tokens = spans.token_logits
        calibrated = replace(
            spans,
            logits=self._calibrated(spans.logits, group),
            token_logits=None if tokens is None else self._calibrated(tokens, group),
        )
        return span_candidates(calibrated, group.thresholds, multi_label=self.settings.multi_label)

    def _calibrated(self, logits: FloatArray, group: LabelGroup) -> FloatArray:
        """Return the calibrated logits of a group's labels. # (N, columns, ..) -> (N, C, ..)"""
        shifts = group.shifts.reshape(-1, *[1] * (logits.ndim - 2))
        return self.calibration.calibrated(group.of_labels(logits), shifts)

    def _in_text(
        self, doc: PreparedDoc, window: int, group: LabelGroup, found: Candidates
    ) -> Candidates:
        """Select the candidates that a row's window owns, and return them in words of the text."""
        first = np.int32(doc.windows[window][0])
        labels = group.labels[found.labels]
        moved = Candidates(found.starts + first, found.ends + first, labels, found.scores)
        return moved.take(owned(moved.starts, moved.ends, doc.windows, window))

    def _encode_prompts(self) -> list[Prompt]:
        texts = list(dict.fromkeys(spec.prompt for spec in self.settings.labels))
        budget = self.row_budget // 2  # the other half is for text
        return encode_labels(texts, self.checkpoint, budget, self.relations.prompts)

    def _prepare(self, doc: Doc) -> PreparedDoc:
        text = doc.text
        words = split_words(text, self.checkpoint.config.words_splitter_type)
        ids, counts = self.subtokens.encode_text(text, words)
        width = self._max_width()
        truncated = limit_counts(counts, run=2 * width, budget=self.text_budget)
        windows = cut_windows(
            truncated,
            sentence_starts(doc, words),
            size=self.size,
            overlap=self.overlap,
            max_width=width,
            budget=self.text_budget,
        )
        statistics = {
            "docs": 1,
            "words": len(words),
            "windows": len(windows),
            "windowed_docs": int(len(windows) > 1),
            "shortened_words": int((truncated < counts).sum()),
            "unknown_words": int((counts == 0).sum()),
        }
        return PreparedDoc(words, EncodedText(ids, counts, truncated), windows, [], statistics)

    def _rows(self, docs: Sequence[PreparedDoc]) -> Iterator[RowToScore]:
        for d, doc in enumerate(docs):
            for w, window in enumerate(doc.windows):
                for g, group in enumerate(self.groups):
                    yield d, w, g, doc.encoded.row(window, group.prompt, self.subtokens)

    def _decode(self, doc: PreparedDoc) -> Prediction:
        settings, found = self.settings, Candidates.join(doc.found)
        names, index = self.names, self.name_of_label
        named = Candidates(found.starts, found.ends, index[found.labels], found.scores)
        selected = named.take(
            choose(named, overlap=settings.overlap, multi_label=settings.multi_label)
        )
        spans = [
            ScoredSpan(int(doc.words.starts[s]), int(doc.words.ends[e - 1]), names[c], float(p))
            for s, e, c, p in zip(
                selected.starts, selected.ends, selected.labels, selected.scores, strict=True
            )
        ]
        counts = {**doc.counts, "entities": len(spans)}
        if not self.relations.specs:
            return Prediction(spans, counts)
        words = list(zip(selected.starts.tolist(), selected.ends.tolist(), strict=True))
        related = self.relations.choose(doc.related, spans, words)
        counts |= {"relations": len(related), "label_groups": int(len(self.groups) > 1)}
        return Prediction(spans, counts, related)

    def _max_width(self) -> int:
        """Return K. For a token model, which has no widest span, it is limited to a quarter of the
        window, because its config may store one that fills the window.
        """
        config = self.checkpoint.config
        if config.token_level:
            return min(config.max_width, config.max_len // 4)
        return config.max_width

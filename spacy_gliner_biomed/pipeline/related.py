"""Turns logits of pairs into relations between the entities that were chosen.

The rules are GLiNER's (gliner/decoding/decoder.py, `SpanRelexDecoder`): a score has to be strictly
greater than its threshold, and both ends have to be among the chosen entities. A relation is found
once, and never between a span and itself; GLiNER's token model repeats some.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.calibration import DEFAULT_THRESHOLD
from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.pipeline.decoding import sigmoid, threshold_logits
from spacy_gliner_biomed.pipeline.relation_settings import RelationSpec
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.tokenization.windows import Window, owned
from spacy_gliner_biomed.types import (
    FloatArray,
    IntArray,
    PairLogits,
    ScoredRelation,
    ScoredSpan,
    SpanLogits,
)


@dataclass(frozen=True)
class RelatedSpans:
    """Pairs of spans that passed a relation's threshold, as parallel arrays. # (P,)

    heads, tails (IntArray): First word of the text, and one past the last. # (P, 2)
    relations (IntArray): Index of the relation.
    scores (FloatArray): Probability.
    """

    heads: IntArray
    tails: IntArray
    relations: IntArray
    scores: FloatArray


class RelationRules:
    """Selects the pairs that are among the requested relations.

    settings (Settings): Checked settings, with the threshold in use.
    checkpoint (Checkpoint): The checkpoint.
    RAISES (ValueError): If relations are asked for and the checkpoint has none.
    """

    def __init__(self, settings: Settings, checkpoint: Checkpoint) -> None:
        self.specs: Sequence[RelationSpec] = settings.relations
        if self.specs and not checkpoint.config.relations_layer:
            found = list_names(spec.label for spec in self.specs)
            raise ValueError(Errors.E280.format(source=checkpoint.source, found=found))
        default = DEFAULT_THRESHOLD if settings.threshold is None else settings.threshold
        # Relations with the same prompt share a column of the logits.
        self.prompts = list(dict.fromkeys(spec.prompt for spec in self.specs))
        self.columns = [self.prompts.index(spec.prompt) for spec in self.specs]
        thresholds = [default if s.threshold is None else s.threshold for s in self.specs]
        self.thresholds = np.array(thresholds, dtype=np.float32)
        self.min_adjacency = float(default)
        self.min_logits = np.full(len(self.prompts), np.inf, dtype=np.float32)
        np.minimum.at(self.min_logits, self.columns, threshold_logits(self.thresholds))

    def in_text(
        self, spans: SpanLogits, pairs: PairLogits, windows: Sequence[Window], index: int
    ) -> RelatedSpans:
        """Select the pairs of a row above a threshold that its window owns.

        A pair is owned like a span from the first word of both ends to the last one.

        spans (SpanLogits): The row's spans.
        pairs (PairLogits): Its pairs.
        windows (Sequence[Window]): All windows of the text.
        index (int): Index of the row's window.
        RETURNS (RelatedSpans): The pairs, in words of the text.
        """
        scores = sigmoid(pairs.logits[:, self.columns])  # (P, specs)
        which, relations = np.nonzero(scores > self.thresholds)
        borders = np.stack([spans.starts, spans.ends], axis=1) + np.int32(windows[index][0])
        heads, tails = borders[pairs.heads[which]], borders[pairs.tails[which]]
        first = np.minimum(heads[:, 0], tails[:, 0])
        last = np.maximum(heads[:, 1], tails[:, 1])
        mine = owned(first, last, windows, index)
        labels, of_pair = relations.astype(np.int32), scores[which, relations]
        return RelatedSpans(heads[mine], tails[mine], labels[mine], of_pair[mine])

    def choose(
        self,
        found: Sequence[RelatedSpans],
        entities: Sequence[ScoredSpan],
        words: Sequence[tuple[int, int]],
    ) -> list[ScoredRelation]:
        """Select the relations between chosen entities of the right labels.

        found (Sequence[RelatedSpans]): The pairs of all windows.
        entities (Sequence[ScoredSpan]): The chosen entities.
        words (Sequence[tuple[int, int]]): First word of each, and one past the last.
        RETURNS (list[ScoredRelation]): In order of head and tail; each relation once, with its best
            score.
        """
        by_words: dict[tuple[int, int], list[int]] = {}
        for i, borders in enumerate(words):
            by_words.setdefault(borders, []).append(i)

        def end(borders: list[int], labels: Sequence[str]) -> int | None:
            several = by_words.get((borders[0], borders[1]), [])
            fitting = [i for i in several if not labels or entities[i].label in labels]
            return fitting[0] if fitting else None

        best: dict[tuple[int, int, str], float] = {}
        for part in found:
            columns = (part.heads, part.tails, part.relations, part.scores)
            for head, tail, relation, score in zip(*(x.tolist() for x in columns), strict=True):
                spec = self.specs[relation]
                first, second = end(head, spec.heads), end(tail, spec.tails)
                if first is not None and second is not None:
                    key = (first, second, spec.label)
                    best[key] = max(score, best.get(key, 0.0))
        ordered = sorted(best.items(), key=lambda item: (item[0][:2], -item[1]))
        return [ScoredRelation(entities[h], entities[t], x, s) for (h, t, x), s in ordered]

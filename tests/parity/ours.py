"""The component on a checkpoint, with what passes through its network on record."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import spacy
import torch

from spacy_gliner_biomed.models.checkpoints import load_checkpoint
from spacy_gliner_biomed.models.shim import NetworkShim
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.types import FloatArray, Row, SpanLogits
from tests.parity.upstream import LABELS

Entity = tuple[int, int, str, float]


class RememberingShim(NetworkShim):
    """Runs each batch of rows once for what counts in them, and remembers it."""

    def logits(self, rows: Sequence[Row]) -> list[FloatArray]:
        return self._remember(rows, None, super().logits)  # type: ignore[no-any-return]

    def span_logits(
        self, rows: Sequence[Row], min_logits: Sequence[FloatArray]
    ) -> list[SpanLogits]:
        run = partial(super().span_logits, min_logits=min_logits)
        return self._remember(rows, [each.tobytes() for each in min_logits], run)  # type: ignore[no-any-return]

    def _remember(self, rows: Sequence[Row], minima: Any, run: Callable[..., Any]) -> Any:
        key = (tuple(row.input_ids.tobytes() for row in rows), minima and tuple(minima))
        if key not in self.runs:
            self.runs[key] = (rows, run(rows))
        return self.runs[key][1]

    @property
    def runs(self) -> dict[Any, tuple[Sequence[Row], Any]]:
        found: dict[Any, tuple[Sequence[Row], Any]] = self.__dict__.setdefault("_runs", {})
        return found


class Ours:
    """What the component finds, one text at a time or all in batches.

    folder (Path): Of the checkpoint.
    dtype (torch.dtype): That the network computes in.
    """

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float32) -> None:
        self.nlp = spacy.blank("en")
        settings = {"labels": LABELS, "batch_subtokens": 2048}
        component = self.nlp.add_pipe("gliner_biomed", config=settings)
        assert isinstance(component, GlinerBiomed)
        self.component = component
        self.shim = RememberingShim(partial(load_checkpoint, str(folder)))
        self.component.model.shims[0] = self.shim
        self.shim.checkpoint.network.to(dtype)

    def logits(self, texts: Sequence[str], *, batched: bool) -> dict[tuple[int, ...], FloatArray]:
        """Logits of each row, by its input ids."""
        self.shim.runs.clear()
        self.entities(texts, batched=batched)
        every: dict[tuple[int, ...], FloatArray] = {}
        for rows, _ in [*self.shim.runs.values()]:
            logits = self.shim.logits(rows)
            every |= {tuple(r.input_ids.tolist()): x for r, x in zip(rows, logits, strict=True)}
        return every

    def entities(
        self, texts: Sequence[str], *, batched: bool, **options: Any
    ) -> list[list[Entity]]:
        """Start, end, label and score of each text's entities."""
        docs = [self.nlp.make_doc(text) for text in texts]
        groups = [docs] if batched else [[doc] for doc in docs]
        return [
            [(span.start, span.end, span.label, span.score) for span in prediction.spans]
            for group in groups
            for prediction in self.component.predict(group, **options)
        ]

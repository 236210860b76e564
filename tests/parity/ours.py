"""The component on a checkpoint, with what passes through its network on record."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch

from spacy_gliner_biomed.models.checkpoints import load_checkpoint
from spacy_gliner_biomed.models.shim import NetworkShim
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.types import FloatArray, Row
from tests.parity.upstream import LABELS

Entity = tuple[int, int, str, float]


class RememberingShim(NetworkShim):
    """Runs each batch once: logits do not depend on what is decoded from them."""

    def predict(self, rows: Sequence[Row]) -> list[FloatArray]:
        key = tuple(row.input_ids.tobytes() for row in rows)
        if key not in self.runs:
            self.runs[key] = super().predict(rows)
        return self.runs[key]

    @property
    def runs(self) -> dict[tuple[bytes, ...], list[FloatArray]]:
        found: dict[tuple[bytes, ...], list[FloatArray]] = self.__dict__.setdefault("_runs", {})
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
        return {
            tuple(np.frombuffer(ids, dtype=np.int32).tolist()): row
            for keys, logits in self.shim.runs.items()
            for ids, row in zip(keys, logits, strict=True)
        }

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

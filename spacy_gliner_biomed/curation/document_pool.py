"""Reads a pool of documents that are not annotated, and keeps the candidates for annotation."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.curation.annotation_order import (
    FLOOR,
    BestCandidates,
    Candidate,
    OrderSettings,
    uncertainty_of,
)
from spacy_gliner_biomed.curation.coverage import text_vectors
from spacy_gliner_biomed.curation.document_files import read_documents
from spacy_gliner_biomed.documents.inputs import InputDocument
from spacy_gliner_biomed.documents.pipelines import find_component
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.types import FloatArray

# What became of the documents of a pool, in the order of a report.
READ, ANNOTATED, REPEATS, NO_TEXT = "read", "annotated already", "repeats", "without words"


class DocumentPool:
    """The candidates for annotation, and the vectors that stand for the pool.

    nlp (Language): A configured pipeline; only its `gliner_biomed` component is used here.
    settings (OrderSettings): What is kept, see there.
    annotated (Sequence[Path]): Files of annotated documents, which are not proposed again.
    """

    def __init__(
        self, nlp: Language, settings: OrderSettings, annotated: Sequence[Path] = ()
    ) -> None:
        self.nlp, self.settings, self.annotated = nlp, settings, annotated
        self.component = find_component(nlp)
        self.unsure = BestCandidates(max(settings.sample, settings.count))
        self.sample = BestCandidates(settings.sample)
        self.counts = Counter(dict.fromkeys((READ, ANNOTATED, REPEATS, NO_TEXT), 0))
        self.known = {self._key(text) for text in self._annotated_texts()}

    def read(self, documents: Iterable[InputDocument], batch_size: int = 64) -> None:
        """Read documents once and keep the candidates among them.

        A repeat of a text is found while the first one is a candidate.

        documents (Iterable[InputDocument]): The documents, one by one.
        batch_size (int): How many are in memory at a time, besides the candidates.
        """
        for batch in batches(documents, batch_size):
            self.counts[READ] += len(batch)
            new = self._new_ones(batch)
            texts = [_text_of(document) for document, _ in new.values()]
            scored = zip(new.items(), self._uncertainties(texts), self._vectors(texts), strict=True)
            for (key, source), uncertainty, vector in scored:
                candidate = Candidate(key, source, uncertainty, vector)
                self.unsure.offer(uncertainty, candidate)
                self.sample.offer(key, candidate)  # the key is random

    def candidates(self) -> list[Candidate]:
        """Return the candidates, in an order that does not depend on that of the pool."""
        found = {each.key: each for each in (*self.unsure, *self.sample)}
        return [found[key] for key in sorted(found)]

    def vectors(self) -> FloatArray:
        """Return the vectors that stand for the pool. # (P, D)"""
        vectors = [each.vector for each in self.sample if each.vector is not None]
        return np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)

    def covered(self, pool: FloatArray) -> FloatArray:
        """Return how similar each of these vectors is to the nearest annotated document.

        pool (FloatArray): See `vectors`. # (P, D)
        RETURNS (FloatArray): From 0 to 1. # (P,)
        """
        nearest = np.zeros(len(pool), dtype=np.float32)
        if self.settings.coverage:
            for batch in batches(self._annotated_texts(), 64):
                similar = self._embed(batch) @ pool.T
                np.maximum(nearest, similar.max(axis=0), out=nearest)
        return nearest

    def _annotated_texts(self) -> Iterator[str]:
        return (doc.text.text for path in self.annotated for doc in read_documents(path))

    def _new_ones(self, batch: Iterable[InputDocument]) -> dict[int, InputDocument]:
        """Return the documents with text that are neither annotated nor kept, by their keys."""
        new: dict[int, InputDocument] = {}
        for document, record in batch:
            text = _text_of(document)
            key = self._key(text)
            if not text.strip():
                self.counts[NO_TEXT] += 1
            elif key in self.known:
                self.counts[ANNOTATED] += 1
            elif key in new or key in self.unsure.keys or key in self.sample.keys:
                self.counts[REPEATS] += 1
            else:
                new[key] = document, record
        return new

    def _uncertainties(self, texts: Sequence[str]) -> list[float]:
        if not self.settings.uncertainty:
            return [0.0] * len(texts)
        specs = self.component.settings().labels
        # without thresholds of their own, which would hide what the model doubts
        labels = [{"label": spec.label, "prompt": spec.prompt} for spec in specs]
        asked: dict[str, Any] = {"labels": labels, "threshold": FLOOR, "overlap": "flat"}
        with self.nlp.memory_zone():
            docs = [self.nlp.make_doc(text) for text in texts]
            found = self.component.predict(docs, multi_label=False, **asked)
            return [uncertainty_of(each.spans, each.counts.get("words", 0)) for each in found]

    def _vectors(self, texts: Sequence[str]) -> list[FloatArray] | list[None]:
        return list(self._embed(texts)) if self.settings.coverage else [None] * len(texts)

    def _embed(self, texts: Iterable[str]) -> FloatArray:
        """Return the vectors of texts. # (N, D)"""
        return text_vectors(self.component, [AnnotatedText(text, [], [], None) for text in texts])

    def _key(self, text: str) -> int:
        """Return a random number for a text, the same wherever it stands in a pool."""
        seed = str(self.settings.seed).encode()[:64]
        return int.from_bytes(blake2b(text.encode(), digest_size=8, key=seed).digest(), "big")


def _text_of(document: Any) -> str:
    return document if isinstance(document, str) else str(document.text)

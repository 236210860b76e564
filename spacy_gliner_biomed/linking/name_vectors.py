"""Encodes names as vectors, to find candidates by meaning rather than by letters."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from numpy.typing import NDArray
from tqdm import tqdm

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.candidates import N_FORMS, SIMILAR, LookupCache, Scope, Scores
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.storage import (
    CHECKSUM,
    checksum,
    dump_arrays,
    open_arrays,
    parse_arrays,
    verify,
    write_arrays,
)
from spacy_gliner_biomed.linking.kb.tables import Arrays
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.types import FloatArray

FORMAT = "spacy-gliner-biomed name vectors 1"
BATCH = 1024  # names that are encoded between updates of the progress bar
MAX_CACHED = 50_000  # vectors of mentions

# Names -> vectors of unit length. # (N, H)
Embed = Callable[[Sequence[str]], FloatArray]
# Wraps a loop to show its progress.
ShowProgress = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True)
class FormVectors:
    """The forms of a knowledge base as vectors.

    kb (KnowledgeBase): The knowledge base.
    vectors (FloatArray): A unit vector for each form. # (F, H)
    """

    kb: KnowledgeBase
    vectors: FloatArray

    @classmethod
    def build(cls, kb: KnowledgeBase, embed: Embed, progress: ShowProgress = iter) -> "FormVectors":
        """Encode one name of each form; the names of a form have the same words.

        kb (KnowledgeBase): The knowledge base.
        embed (Embed): Encodes names.
        progress (ShowProgress): Shows the progress over batches of names.
        RETURNS (FormVectors): The vectors.
        """
        tables = kb.tables
        firsts = tables.forms[tables.first_forms[:-1]].tolist()
        parts = [
            embed([tables.names[row] for row in firsts[first : first + BATCH]])
            for first in progress(range(0, len(firsts), BATCH))
        ]
        return cls(kb, np.concatenate(parts))

    def to_disk(self, path: Path) -> None:
        """Write the vectors to one file, without the knowledge base."""
        write_arrays(path, {"vectors": self.vectors.reshape(-1)}, self._about())

    def to_bytes(self) -> bytes:
        """Return the content that `to_disk` writes."""
        return dump_arrays({"vectors": self.vectors.reshape(-1)}, self._about())

    @classmethod
    def from_disk(cls, kb: KnowledgeBase, path: Path) -> "FormVectors":
        """Map a file of `to_disk` into memory.

        kb (KnowledgeBase): The knowledge base of the vectors.
        path (Path): The file.
        RAISES (ValueError): If the file is damaged, or belongs to another knowledge base.
        """
        return cls._from_arrays(kb, *open_arrays(path), path)

    @classmethod
    def from_bytes(cls, kb: KnowledgeBase, content: bytes) -> "FormVectors":
        """Load the content of `to_bytes`."""
        return cls._from_arrays(kb, *parse_arrays(content, "bytes"), "bytes")

    def merge(self, scores: Scores, query: FloatArray, scope: Scope, weight: float) -> Scores:
        """Combine scores by letters with cosines; add the concepts with the nearest vectors.

        scores (Scores): Scores by letters, 0 to `SIMILAR`; a missing concept counts as 0.
        query (FloatArray): The mention's vector. # (H,)
        scope (Scope): The concepts that may be added.
        weight (float): Weight of the cosine, 0 to 1.
        RETURNS (Scores): The combined scores.
        """
        cosines = self.vectors @ query  # (F,)
        nearest = self._concepts(_best(cosines, scope.forms))
        merged = Scores()
        for concept in {**scores, **dict.fromkeys(nearest)}:
            if scope.allows(concept):
                cosine = max(0.0, float(cosines[self._forms_of(concept)].max()))
                letters = scores.get(concept, 0.0)
                merged[concept] = (1 - weight) * letters + weight * SIMILAR * cosine
        return merged

    def _about(self) -> dict[str, Any]:
        about = {"format": FORMAT, "name": self.kb.name, "shape": self.vectors.shape}
        return {**about, CHECKSUM: checksum({"vectors": self.vectors.reshape(-1)}, about)}

    @classmethod
    def _from_arrays(
        cls, kb: KnowledgeBase, arrays: Arrays, about: dict[str, Any], path: object
    ) -> "FormVectors":
        n_forms = len(kb.tables.first_forms) - 1
        shape, vectors = about.get("shape"), arrays.get("vectors")
        right = about.get("format") == FORMAT and vectors is not None
        if not right or not isinstance(shape, list) or len(shape) != 2 or shape[0] != n_forms:
            error = f"these are not the vectors of the {n_forms:,} forms of {kb.name!r}"
            raise ValueError(Errors.E083.format(path=path, error=error))
        # The first mention reads everything anyway. Older versions wrote no checksum.
        if CHECKSUM in about:
            verify(arrays, about, path)
        assert vectors is not None
        if vectors.dtype != np.float32 or len(vectors) != shape[0] * shape[1]:
            error = f"there are {len(vectors):,} {vectors.dtype} instead of {shape} float32"
            raise ValueError(Errors.E083.format(path=path, error=error))
        return cls(kb, vectors.reshape(shape))

    def _concepts(self, forms: NDArray[np.int64]) -> Iterator[int]:
        tables = self.kb.tables
        for form in forms.tolist():
            rows = tables.forms[tables.first_forms[form] : tables.first_forms[form + 1]]
            yield from tables.concepts[rows].tolist()

    def _forms_of(self, concept: int) -> NDArray[np.int64]:
        first, last = self.kb.tables.first_names[concept : concept + 2]
        return self._form_of_name[first:last]

    @cached_property
    def _form_of_name(self) -> NDArray[np.int64]:
        tables = self.kb.tables
        forms = np.empty(len(tables.names), dtype=np.int64)
        counts = np.diff(tables.first_forms)
        forms[tables.forms] = np.repeat(np.arange(len(counts)), counts)
        return forms


@dataclass
class NameVectors:
    """Ranks candidates by the vectors of names, in addition to letters.

    embed (Embed): Encodes mentions, as it encoded the forms.
    forms (Mapping[str, FormVectors]): Vectors by name of the knowledge base.
    weight (float): See `FormVectors.merge`.
    """

    embed: Embed
    forms: Mapping[str, FormVectors]
    weight: float
    _cache: LookupCache[str, FloatArray] = field(default_factory=lambda: LookupCache(MAX_CACHED))

    def merge(
        self, kb: KnowledgeBase, names: Sequence[str], found: Sequence[Scores], scope: Scope
    ) -> list[Scores]:
        """Apply `FormVectors.merge` to each name without an equal name among its candidates.

        kb (KnowledgeBase): The knowledge base of the candidates.
        names (Sequence[str]): The names that were looked up.
        found (Sequence[Scores]): The candidates of each, by letters.
        scope (Scope): The concepts that may be added.
        RETURNS (list[Scores]): The candidates of each name.
        """
        similar = [max(scores.values(), default=0.0) <= SIMILAR for scores in found]
        # Encoding them one by one takes several times as long.
        vectors = self._cache.get_all(compress(names, similar), self.embed)
        return [
            self.forms[kb.name].merge(scores, vectors[name], scope, self.weight)
            if chosen
            else scores
            for name, scores, chosen in zip(names, found, similar, strict=True)
        ]


def _best(cosines: FloatArray, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """Return the nearest forms, in any order."""
    rows = np.arange(len(cosines)) if allowed is None else np.flatnonzero(allowed)
    if len(rows) > N_FORMS:
        rows = rows[np.argpartition(-cosines[rows], N_FORMS)[:N_FORMS]]
    return rows


ENDING = ".vectors"


class NameEncoder:
    """Encodes names, and keeps the vectors of knowledge bases.

    model (GlinerModel): Provides the label or text encoder, see `NetworkShim.embed_names`.
    """

    def __init__(self, model: GlinerModel) -> None:
        self.model = model
        self.forms: list[FormVectors] = []

    def __call__(self, names: Sequence[str]) -> FloatArray:
        """Encode names as unit vectors. # (N, H)"""
        return network_shim(self.model).embed_names(names)

    def build(self, kbs: Sequence[KnowledgeBase]) -> None:
        """Encode the names of knowledge bases unless that is done, with a progress bar."""
        if [each.kb for each in self.forms] != list(kbs):
            show = partial(tqdm, desc="Encoding names", unit=" batches", disable=None, leave=False)
            self.forms = [FormVectors.build(kb, self, show) for kb in kbs]

    def vectors(self, kbs: Sequence[KnowledgeBase], weight: float) -> NameVectors:
        """Return the vectors of these knowledge bases, with their weight in the ranking."""
        self.build(kbs)
        return NameVectors(self, {each.kb.name: each for each in self.forms}, weight)

    def to_disk(self, path: Path) -> None:
        """Save the encoder, and one file of vectors for each knowledge base."""
        network_shim(self.model).to_disk(path / "model")
        for i, each in enumerate(self.forms):
            each.to_disk(path / f"{i:02}{ENDING}")
        for old in sorted(path.glob("*" + ENDING))[len(self.forms) :]:
            old.unlink()

    def from_disk(self, path: Path, kbs: Sequence[KnowledgeBase]) -> None:
        """Load what `to_disk` saved with these knowledge bases.

        RAISES (ValueError): If the vectors belong to others; nothing is changed then.
        """
        files = [path / f"{i:02}{ENDING}" for i in range(len(kbs))]
        forms = [FormVectors.from_disk(*pair) for pair in zip(kbs, files, strict=True)]
        network_shim(self.model).from_disk(path / "model")
        self.forms = forms

    def to_bytes(self) -> bytes:
        """Serialize what `to_disk` saves."""
        forms = [each.to_bytes() for each in self.forms]
        content: bytes = srsly.msgpack_dumps([network_shim(self.model).to_bytes(), forms])
        return content

    def from_bytes(self, content: bytes, kbs: Sequence[KnowledgeBase]) -> None:
        """Load the content of `to_bytes`."""
        model, saved = srsly.msgpack_loads(content)
        forms = [FormVectors.from_bytes(*pair) for pair in zip(kbs, saved, strict=True)]
        network_shim(self.model).from_bytes(model)
        self.forms = forms

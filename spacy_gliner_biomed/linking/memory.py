"""A memory of gold mentions, whose nearest neighbours vote (kNN-BioEL, arXiv 2312.09806).

Authors use names that no knowledge base has, and annotators choose between concepts that share a
name. Gold mentions show both. The memory finds the gold mentions most similar to a mention; each
votes for its ids, and the votes are added to the scores of the candidates.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import srsly
from numpy.typing import NDArray

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.saving import reading
from spacy_gliner_biomed.linking.kb.candidates import LookupCache
from spacy_gliner_biomed.linking.kb.names import bag_key, differ_in_marks, words
from spacy_gliner_biomed.linking.kb.ngrams import NgramIndex, SimilarRows
from spacy_gliner_biomed.linking.kb.tables import HashTable, hash_string

NEIGHBOURS = 5
MIN_COSINE = 0.5
SHARPNESS = 20  # a neighbour's vote is its cosine to this power, so near neighbours decide
TRUST = 4  # the sum of votes is the nearest neighbour's cosine to this power
MAX_CACHED = 50_000  # names
MAX_COUNT = 4  # maximum number of mentions of one name that add to its weight
UNDEFINED = 0.9  # similarity of an abbreviation to itself in another document

# Name, label, and whether the name is an abbreviation.
MentionKey = tuple[str, str, bool]


@dataclass
class MentionMemory:
    """Ids of gold mentions by name and label.

    entries (dict): How often each id was annotated, by `MentionKey`.
    """

    entries: dict[MentionKey, Counter[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, label: str, text: str, long_form: str | None, ids: Iterable[str]) -> None:
        """Remember a mention.

        label, text (str): The mention.
        long_form (str | None): Its long form, if its document defines one; it is remembered as the
            name. The abbreviation votes only where it is undefined.
        ids (Iterable[str]): The gold ids; several ids share one vote.
        """
        found = list(ids)
        self._count(label, long_form or text, False, found)
        if long_form:
            self._count(label, text, True, found)

    def prepare(self, names: Iterable[str]) -> None:
        """Search all new names together, which is faster than one by one."""
        self._found.get_all(names, self._search)

    def votes(self, label: str, name: str, *, defined: bool) -> dict[str, float]:
        """Let similar mentions of the label vote.

        label (str): The label.
        name (str): The mention, or its long form if the document defines one.
        defined (bool): Whether the document defines one.
        RETURNS (dict[str, float]): Votes by id; their sum is at most 1.
        """
        similar = self._neighbours(label, name, defined)
        if not similar:
            return {}
        votes: Counter[str] = Counter()
        whole = 0.0
        for row, cosine in similar.items():
            ids = self._counters[row]
            count = sum(ids.values())
            weight = cosine**SHARPNESS * min(count, MAX_COUNT) ** 0.5
            whole += weight
            for concept_id, n in ids.items():
                votes[concept_id] += weight * n / count
        trust = max(similar.values()) ** TRUST
        return {concept_id: trust * vote / whole for concept_id, vote in votes.items()}

    def to_bytes(self) -> bytes:
        """Serialize the memory."""
        rows = [[*key, dict(ids)] for key, ids in self.entries.items()]
        content: bytes = srsly.msgpack_dumps(rows)
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> "MentionMemory":
        """Load the bytes of `to_bytes`.

        RAISES (ValueError): If it is damaged.
        """
        with reading("the memory of a linker"):
            rows: list[list[Any]] = srsly.msgpack_loads(content)
            entries = {(name, label, short): Counter(ids) for name, label, short, ids in rows}
            for (name, label, short), ids in entries.items():
                _check_entry(name, label, short, ids)
        return cls(entries)

    def _count(self, label: str, name: str, short: bool, ids: list[str]) -> None:
        key = (name if short else bag_key(words(name)), label, short)
        counter = self.entries.setdefault(key, Counter())
        for concept_id in ids:
            counter[concept_id] += 1 / len(ids)  # type: ignore[assignment]
        for name_ in ("_keys", "_counters", "_index", "_by_name", "_found"):
            self.__dict__.pop(name_, None)

    def _neighbours(self, label: str, name: str, defined: bool) -> dict[int, float]:
        rows, cosines = self._found.get_all([name], self._search)[name]
        found: dict[int, float] = {}
        for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
            if self._keys[row][1] == label and len(found) < NEIGHBOURS:
                found[row] = min(cosine, 1.0)
        if not defined:
            for row in self._by_name.find([name])[0]:
                if self._keys[row] == (name, label, True):
                    found[row] = UNDEFINED
        return found

    def _search(self, names: list[str]) -> list[SimilarRows]:
        bags = [bag_key(words(name)) for name in names]
        found = self._index.search(bags, k=4 * NEIGHBOURS, min_cosine=MIN_COSINE)
        return [self._alike(bag, *each) for bag, each in zip(bags, found, strict=True)]

    def _alike(
        self, bag: str, rows: NDArray[np.int64], cosines: NDArray[np.float64]
    ) -> SimilarRows:
        """Leave out mentions with other numbers: "interleukin 4" is not "interleukin 5"."""
        names = (self._keys[row][0] for row in rows.tolist())
        alike = np.array([not differ_in_marks(bag, name) for name in names], dtype=bool)
        return rows[alike], cosines[alike]

    @cached_property
    def _found(self) -> LookupCache[str, SimilarRows]:
        """Similar mentions by name."""
        return LookupCache(MAX_CACHED)

    @cached_property
    def _keys(self) -> list[MentionKey]:
        return list(self.entries)

    @cached_property
    def _counters(self) -> list[Counter[str]]:
        return list(self.entries.values())

    @cached_property
    def _index(self) -> NgramIndex:
        return NgramIndex.build("" if short else name for name, _, short in self._keys)

    @cached_property
    def _by_name(self) -> HashTable:
        return HashTable.build([hash_string(name) for name, _, _ in self._keys])


def _check_entry(name: object, label: object, short: object, ids: Counter[str]) -> None:
    are_texts = all(isinstance(text, str) for text in (name, label, *ids))
    if not are_texts or not isinstance(short, bool) or not all(0 < n < 1e9 for n in ids.values()):
        raise ValueError(f"it holds no mention with ids, but {shorten(name)!r}")

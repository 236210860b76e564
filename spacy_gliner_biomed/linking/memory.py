"""Memory of training mentions: their neighbours vote (kNN-BioEL, arXiv 2312.09806).

A terminology does not know all the names that authors use, nor what annotators mean by a name that
stands for several concepts. Gold mentions do. Their names are searched as the terminology's are;
each neighbour votes for its ids, and the votes are added to the scores of the candidates.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import srsly

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.saving import reading
from spacy_gliner_biomed.linking.kb.candidates import LookupCache
from spacy_gliner_biomed.linking.kb.names import bag_key, words
from spacy_gliner_biomed.linking.kb.ngrams import NgramIndex, SimilarRows
from spacy_gliner_biomed.linking.kb.tables import HashTable, hash_string

NEIGHBOURS = 5
MIN_COSINE = 0.5
SHARPNESS = 20  # a neighbour's vote is its cosine to this power: near ones decide
TRUST = 4  # votes as a whole count as the nearest one's cosine to this power
MAX_CACHED = 50_000  # names
MAX_COUNT = 4  # mentions of one name that add to its weight
UNDEFINED = 0.9  # similarity of a short form to itself in another document

# Name and label of mentions; short forms are apart from names.
MentionKey = tuple[str, str, bool]


@dataclass
class MentionMemory:
    """Ids of gold mentions by their names.

    entries (dict): For each name and label how often each id was meant.
    """

    entries: dict[MentionKey, Counter[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, label: str, text: str, long_form: str | None, ids: Iterable[str]) -> None:
        """Remember a mention.

        long_form (str | None): What it stands for, if it is a short form that its text defines:
            remembered as the mention's name. The short form is only good where it is undefined.
        ids (Iterable[str]): The gold ids; several share one vote.
        """
        found = list(ids)
        self._count(label, long_form or text, False, found)
        if long_form:
            self._count(label, text, True, found)

    def prepare(self, names: Iterable[str]) -> None:
        """Search names that are not known yet, all together, which is faster than one by one."""
        self._found.get_all(names, self._search)

    def votes(self, label: str, name: str, *, defined: bool) -> dict[str, float]:
        """Ids that similar mentions of the label had, with their shares of the votes.

        name (str): The mention, or the long form if the text defines it.
        defined (bool): Whether it does.
        RETURNS (dict[str, float]): 1 at most in sum.
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
        """Everything as bytes."""
        rows = [[*key, dict(ids)] for key, ids in self.entries.items()]
        content: bytes = srsly.msgpack_dumps(rows)
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> "MentionMemory":
        """Load what `to_bytes` gave.

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
        return self._index.search(bags, k=4 * NEIGHBOURS, min_cosine=MIN_COSINE)

    @cached_property
    def _found(self) -> LookupCache[str, SimilarRows]:
        """What is similar to names that were searched."""
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

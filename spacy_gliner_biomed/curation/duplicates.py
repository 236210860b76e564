"""Finds near-duplicates among any number of texts by MinHash, in about 340 bytes per text.

datasketch would keep several kilobytes of Python objects per text, and the time of an exact
comparison by TF-IDF grows with the square of the number of texts. Here, scikit-learn hashes words
and pairs of words, and a few lines of numpy do the rest: the minimum of each of 128 permutations
(Broder 1997), and bands of these minima, at least one of which near-duplicates share.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.errors import Errors

N_VALUES = 128
BATCH = 512  # texts per batch
GROWTH = 1.25
HIGH = np.uint64(32)
RECALL = 0.995  # probability that a pair at the threshold becomes a candidate
ROUNDING = 1e-9
WORD = re.compile(r"\w+|[^\w\s]")


class NearDuplicates:
    """Finds texts that nearly repeat another text.

    The similarity of two texts is the cosine of their sets of words and pairs of words, estimated
    to about 0.03. It is 1 only for texts with the same words in the same order. Signs such as "<"
    and "+" are words; case and punctuation do not count.

    cosine (float): Minimum similarity of near-duplicates, above 0. Above 1, there are none.
    RAISES (ValueError): If `cosine` is not above 0.
    RAISES (ImportError): If scikit-learn is not installed.
    """

    def __init__(self, cosine: float) -> None:
        if not cosine > 0:
            allowed = "more than 0"
            raise ValueError(Errors.E030.format(name="cosine", allowed=allowed, found=cosine))
        text = import_optional(
            "sklearn.feature_extraction.text", "The option 'cosine'", extra="curate"
        )
        self.cosine = cosine
        self.hashing: Any = text.HashingVectorizer(
            n_features=2**30,
            analyzer=_words_and_pairs,
            binary=True,
            norm=None,
            alternate_sign=False,
        )
        drawn = np.random.default_rng(0).integers(0, 2**64, size=(2, N_VALUES), dtype=np.uint64)
        self.factors, self.offsets = drawn[0] | np.uint64(1), drawn[1]
        self.values = np.zeros((0, N_VALUES), dtype=np.uint16)
        self.sizes = np.zeros(0, dtype=np.int32)  # of the sets
        self.digests = np.zeros(0, dtype=np.uint64)  # of the sequences of words
        self.n_texts = 0

    def add(self, texts: Iterable[str]) -> None:
        """Add texts. Only hashes of them are stored."""
        for batch in batches(texts, BATCH):
            sequences = [_words(text) for text in batch]
            rows = self.hashing.transform(sequences)
            end = self.n_texts + len(batch)
            if end > len(self.values):  # in place where the system can
                room = max(int(GROWTH * len(self.values)), end)
                self.values.resize((room, N_VALUES), refcheck=False)
                self.sizes.resize(room, refcheck=False)
                self.digests.resize(room, refcheck=False)
            self.sizes[self.n_texts : end] = np.diff(rows.indptr)
            self.digests[self.n_texts : end] = [_digest(words) for words in sequences]
            self._hash(rows, self.values[self.n_texts : end])
            self.n_texts = end

    def find(self) -> NDArray[np.int64]:
        """Return, for each text, the first text that it nearly repeats, directly or via others.

        RETURNS (NDArray[np.int64]): Indices of texts; a text's own index if it repeats none. A
            text without words repeats none. # (N,)
        """
        first = np.arange(self.n_texts)
        (filled,) = np.nonzero(self.sizes[: self.n_texts])
        for keys in self._keys(filled) if self.cosine <= 1 else ():
            order = np.argsort(keys, kind="stable")
            ordered, keys = filled[order], keys[order]
            for a, b in _pairs(ordered, keys[1:] == keys[:-1]):
                new = first[a] != first[b]
                a, b = a[new], b[new]
                near = self._similarity(a, b) >= self.cosine - ROUNDING
                _join(first, a[near].tolist(), b[near].tolist())
        while (first[first] != first).any():
            first = first[first]
        return first

    def _hash(self, rows: Any, out: NDArray[np.uint16]) -> None:
        """Write the minimum of each of V permutations for each text. # out: (N, V)"""
        features = rows.indices.astype(np.uint64)
        (filled,) = np.nonzero(np.diff(rows.indptr))
        if not len(filled):
            return
        starts = rows.indptr[filled]
        for v in range(N_VALUES):
            hashed = (features * self.factors[v] + self.offsets[v]) >> HIGH
            out[filled, v] = np.minimum.reduceat(hashed, starts).astype(np.uint16)

    def _bands(self) -> Iterator[slice]:
        """Return the widest bands that find pairs at the threshold with probability `RECALL`."""
        jaccard = self.cosine / (2 - self.cosine)  # of sets of one size
        width = 1
        while 1 - (1 - jaccard ** (width + 1)) ** (N_VALUES // (width + 1)) >= RECALL and width < 4:
            width += 1
        return (slice(i, i + width) for i in range(0, N_VALUES - width + 1, width))

    def _keys(self, texts: NDArray[np.int64]) -> Iterator[NDArray[np.uint64]]:
        """Yield numbers that similar texts share: their digests, then the values of each band.

        A band has at most four values, which are one number.
        """
        yield self.digests[texts]
        for columns in self._bands():
            keys = np.zeros(len(texts), dtype=np.uint64)
            for v in range(columns.start, columns.stop):
                keys = (keys << np.uint64(16)) | self.values[texts, v]
            yield keys

    def _similarity(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        found = np.empty(len(a))
        for i in range(0, len(a), BATCH):
            part = slice(i, i + BATCH)
            equal = (self.values[a[part]] == self.values[b[part]]).mean(axis=1)
            sizes = np.stack([self.sizes[a[part]], self.sizes[b[part]]]).astype(np.float64)
            shared = equal / (1 + equal) * sizes.sum(axis=0)
            # An estimate of long texts can be 1 though they differ in a word.
            differ = self.digests[a[part]] != self.digests[b[part]]
            most = sizes.min(axis=0) - (sizes[0] == sizes[1])
            shared = np.where(differ, np.minimum(shared, most), shared)
            found[part] = shared / np.sqrt(sizes.prod(axis=0))
        return found


def _words(text: str) -> list[str]:
    """Return the words of a text, and its signs and combining marks, without punctuation."""
    return [each for each in WORD.findall(text.lower()) if not _is_punctuation(each)]


def _is_punctuation(token: str) -> bool:
    return len(token) == 1 and not token.isalnum() and unicodedata.category(token)[0] == "P"


def _words_and_pairs(words: Sequence[str]) -> list[str]:
    return [*words, *map(" ".join, pairwise(words))]


def _digest(words: Sequence[str]) -> int:
    content = " ".join(words).encode("utf8", "surrogatepass")
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def _pairs(
    ordered: NDArray[np.int64], is_same: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pair texts with equal keys: each with the one before it, and each with the first one.

    ordered (NDArray[np.int64]): Indices of texts, sorted by key. # (N,)
    is_same (NDArray[np.bool_]): Whether a text has the key of the one before it. # (N - 1,)
    YIELDS (tuple): Two arrays of indices, which are pairs.
    """
    (later,) = np.nonzero(is_same)
    yield ordered[later], ordered[later + 1]
    begins = np.concatenate([[True], ~is_same]) if len(ordered) else np.zeros(0, dtype=bool)
    heads = np.maximum.accumulate(np.where(begins, np.arange(len(ordered)), 0))
    yield ordered[heads[later + 1]], ordered[later + 1]


def _join(first: NDArray[np.int64], a: Sequence[int], b: Sequence[int]) -> None:
    """Join the groups of similar texts; the first text of a group stands for it."""
    for one, other in zip(a, b, strict=True):
        x, y = _root(first, one), _root(first, other)
        first[max(x, y)] = min(x, y)


def _root(first: NDArray[np.int64], text: int) -> int:
    while first[text] != text:
        first[text] = first[first[text]]
        text = int(first[text])
    return text

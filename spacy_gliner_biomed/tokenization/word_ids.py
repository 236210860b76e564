"""A cache of the subtoken ids of words, most of which occur again and again."""

from collections.abc import Sequence
from itertools import islice, pairwise

import numpy as np
from tokenizers import Tokenizer

# An encoding holds about a kilobyte a word until its ids are read.
WORDS_AT_ONCE = 4096
# The cache is emptied when it holds more words than this, some 10 MB. Longer words are not cached.
MAX_WORDS, MAX_LENGTH = 2**15, 40


class WordIds:
    """The ids of words, which do not depend on a word's neighbours.

    Everything but the network limits the speed on a GPU, and the tokenizer takes a third of that
    time without the cache. Threads can share it: they only add to its dict, and a full dict is
    replaced, not emptied.

    backend (Tokenizer): The tokenizer.
    """

    def __init__(self, backend: Tokenizer) -> None:
        self.backend = backend
        self.cache: dict[str, list[int]] = {}

    def get(self, words: Sequence[str]) -> list[list[int]]:
        """Return the ids of words.

        words (Sequence[str]): The words.
        RETURNS (list[list[int]]): For each word, in order; empty for words without ids, such as
            control characters.
        """
        cache = self.cache
        new = [word for word in dict.fromkeys(words) if word not in cache]
        encoded: dict[str, list[int]] = {}
        for first in range(0, len(new), WORDS_AT_ONCE):
            part = new[first : first + WORDS_AT_ONCE]
            encoded.update(zip(part, self._encode(part), strict=True))
        found = [encoded[word] if word in encoded else cache[word] for word in words]
        if len(cache) + len(encoded) > MAX_WORDS:
            cache = self.cache = {}
        short = ((word, ids) for word, ids in encoded.items() if len(word) <= MAX_LENGTH)
        cache.update(islice(short, MAX_WORDS))
        return found

    def _encode(self, words: list[str]) -> list[list[int]]:
        encoding = self.backend.encode(words, is_pretokenized=True, add_special_tokens=False)
        of_word = np.array(encoding.word_ids, dtype=np.int64)
        ends = np.bincount(of_word, minlength=len(words)).cumsum()
        ids = encoding.ids
        return [ids[a:b] for a, b in pairwise([0, *ends.tolist()])]

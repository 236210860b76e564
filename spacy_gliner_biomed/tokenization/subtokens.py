"""Encode words as subtoken ids, with the tokenizer that a checkpoint was trained with."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain

import numpy as np
from tokenizers import Tokenizer

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.tokenization.layout import LayoutMarks, insert_marks
from spacy_gliner_biomed.tokenization.word_ids import WordIds
from spacy_gliner_biomed.types import IntArray, WordOffsets


@dataclass(frozen=True)
class Subtokenizer:
    """A tokenizer as plain data, so that it saves with the pipeline and pickles.

    definition (str): The tokenizer's JSON, as `tokenizers` reads it.
    prefix, suffix (tuple[int, ...]): Ids before and after each sequence, e.g. CLS and SEP.
    pad_id (int): Id that fills padded rows.
    max_length (int | None): Maximum number of subtokens that the model reads; None for no limit.
    layout (tuple[int, ...]): Ids of the layout marks, in the order of `layout.MARK_NAMES`;
        empty for a model that reads none.
    """

    definition: str
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    pad_id: int
    max_length: int | None
    layout: tuple[int, ...] = ()

    @cached_property
    def backend(self) -> Tokenizer:
        """The tokenizer itself."""
        tokenizer = Tokenizer.from_str(self.definition)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def word_ids(self) -> WordIds:
        """The ids of single words."""
        return WordIds(self.backend)

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def encode(self, words: Sequence[str]) -> tuple[IntArray, IntArray]:
        """Encode words that are already split.

        A word's ids do not depend on its neighbours. A word may have no ids (control characters);
        this moves no other word.

        words (Sequence[str]): The words.
        RETURNS (tuple[IntArray, IntArray]): Ids (S,), and the number of ids of each word (W,).
        """
        ids = self.word_ids.get(words)
        counts = np.fromiter(map(len, ids), np.int32, len(ids))
        return np.fromiter(chain.from_iterable(ids), np.int32, int(counts.sum())), counts

    def encode_text(self, text: str, words: WordOffsets) -> tuple[IntArray, IntArray]:
        """Encode the words of a text, with layout marks if the model reads them.

        text (str): The text.
        words (WordOffsets): Its words.
        RETURNS (tuple[IntArray, IntArray]): Ids (S,), and the number of ids of each word (W,).
        """
        pieces = [
            text[a:b] for a, b in zip(words.starts.tolist(), words.ends.tolist(), strict=True)
        ]
        ids, counts = self.encode(pieces)
        if not self.layout:
            return ids, counts
        return insert_marks(text, words, ids, counts, LayoutMarks(*self.layout))

    def encode_sequence(self, text: str) -> IntArray:
        """Encode a bi-encoder's label, with the special tokens around it.

        text (str): The label.
        RETURNS (IntArray): # (S,)
        RAISES (ValueError): If the label has no subtoken, or more than the encoder takes.
        """
        ids = self.backend.encode(text, add_special_tokens=False).ids
        if not ids:
            raise ValueError(Errors.E021.format(label=text))
        if self.max_length is not None:
            limit = self.max_length - len(self.prefix) - len(self.suffix)
            if len(ids) > limit:
                raise ValueError(Errors.E024.format(label=text, n=len(ids), limit=limit))
        return np.array([*self.prefix, *ids, *self.suffix], dtype=np.int32)

    def encode_names(self, names: Sequence[str], limit: int) -> list[IntArray]:
        """Encode names, with the special tokens around them.

        names (Sequence[str]): Any texts, also empty ones.
        limit (int): Maximum number of a name's own ids; others are left out.
        RETURNS (list[IntArray]): # (S,) each
        """
        if self.max_length is not None:
            limit = min(limit, self.max_length - len(self.prefix) - len(self.suffix))
        found = [self.backend.encode(name, add_special_tokens=False).ids for name in names]
        return [
            np.array([*self.prefix, *ids[:limit], *self.suffix], dtype=np.int32) for ids in found
        ]

    def token_id(self, token: str) -> int | None:
        """Return the id of one token, or None if the tokenizer does not have it."""
        found: int | None = self.backend.token_to_id(token)
        return found

"""Builds rows: a window of a text with a group of labels, as the network reads it."""

from collections.abc import Sequence

import numpy as np

from spacy_gliner_biomed.tokenization.prompts import Prompt
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from spacy_gliner_biomed.tokenization.windows import Window
from spacy_gliner_biomed.types import IntArray, Row


class EncodedText:
    """A text's words as subtokens, from which rows are cut.

    ids (IntArray): Subtokens of all words. # (S,)
    counts (IntArray): Subtokens of each word. # (W,)
    truncated (IntArray): Subtokens of each word that are used, from its first on. # (W,)
    """

    def __init__(self, ids: IntArray, counts: IntArray, truncated: IntArray) -> None:
        firsts = np.cumsum(counts, dtype=np.int64) - counts
        word_of = np.repeat(np.arange(len(counts)), counts)
        in_word = np.arange(len(ids)) - np.repeat(firsts, counts)
        self.ids = ids[in_word < truncated[word_of]]
        self.counts = truncated
        self.totals = np.concatenate([[0], np.cumsum(truncated, dtype=np.int64)])

    def row(self, window: Window, prompt: Prompt, subtokens: Subtokenizer) -> Row:
        """Make the row of a window and a prompt.

        window (Window): First word, and one past the last.
        prompt (Prompt): The labels to ask for.
        subtokens (Subtokenizer): The checkpoint's; adds its special tokens.
        RETURNS (Row): The network's input.
        """
        start, end = window
        ids = self.ids[self.totals[start] : self.totals[end]]
        head = len(subtokens.prefix)
        before = head + len(prompt.input_ids)
        related = prompt.relation_positions
        positions = self.totals[start:end] - self.totals[start] + before
        return Row(
            input_ids=np.concatenate(
                [subtokens.prefix, prompt.input_ids, ids, subtokens.suffix]
            ).astype(np.int32),
            word_positions=np.where(self.counts[start:end] > 0, positions, -1).astype(np.int32),
            word_lengths=self.counts[start:end],
            label_positions=prompt.label_positions + np.int32(head),
            prompts=prompt.texts,
            relation_positions=None if related is None else related + np.int32(head),
        )


def length_batches(lengths: Sequence[int], max_subtokens: int) -> list[list[int]]:
    """Group rows of similar length into batches of bounded padded size.

    lengths (Sequence[int]): Subtokens of each row.
    max_subtokens (int): Maximum of a batch's number of rows times its longest row; a row that is
        longer is a batch of its own.
    RETURNS (list[list[int]]): Indices of the rows, longest first.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    for i in order:
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= max_subtokens:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches

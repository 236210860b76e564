"""Line breaks, blank lines and columns as subtokens between words.

GLiNER's word splitters drop white space, so that its networks read four drugs on four lines as
one sentence. A checkpoint with layout marks reads a mark where the layout breaks. The mark is
the last subtoken of the word before it: a word is represented by its first subtoken, so a mark
is context only, and neither words nor spans change.
"""

import re
from dataclasses import dataclass, fields

import numpy as np

from spacy_gliner_biomed.types import IntArray, WordOffsets

# Carriage returns, form feeds and Unicode's separators break lines, too.
LINE_BREAK = re.compile("\r\n|[\n\r\f\v\x85\u2028\u2029]")
COLUMN_GAP = re.compile(r"\t|\s{3}")
PLAIN = frozenset(("", " "))


@dataclass(frozen=True)
class LayoutMarks:
    """Ids of the marks.

    line (int): A line break.
    paragraph (int): Two line breaks or more: a blank line.
    column (int): A tab, or three spaces or more, on one line.
    """

    line: int
    paragraph: int
    column: int

    def mark(self, gap: str) -> int | None:
        """Return the mark for the white space between two words; None for a plain space."""
        if gap in PLAIN:
            return None
        breaks = len(LINE_BREAK.findall(gap))
        if breaks:
            return self.paragraph if breaks > 1 else self.line
        return self.column if COLUMN_GAP.search(gap) else None


# In the order in which a checkpoint stores their ids.
MARK_NAMES = tuple(field.name for field in fields(LayoutMarks))


def insert_marks(
    text: str, words: WordOffsets, ids: IntArray, counts: IntArray, marks: LayoutMarks
) -> tuple[IntArray, IntArray]:
    """Add layout marks to a text's subtokens.

    text (str): The text.
    words (WordOffsets): Its words. # (W,)
    ids, counts (IntArray): Subtokens of all words, and how many each has. # (S,), (W,)
    marks (LayoutMarks): The checkpoint's.
    RETURNS (tuple[IntArray, IntArray]): The same with the marks. A word without subtokens gets
        none, since a mark would then stand for the word.
    """
    ends, starts = words.ends[:-1].tolist(), words.starts[1:].tolist()
    found = [
        (i, mark)
        for i, (a, b) in enumerate(zip(ends, starts, strict=True))
        if b > a and (mark := marks.mark(text[a:b])) is not None and counts[i]
    ]
    if not found:
        return ids, counts
    indices, values = (np.array(column, dtype=np.int32) for column in zip(*found, strict=True))
    after = np.cumsum(counts, dtype=np.int64)[indices]
    marked = counts.copy()
    marked[indices] += 1
    return np.insert(ids, after, values), marked

"""Windows of a text: their size, and the sentences that they follow."""

import numpy as np
from spacy.tokens import Doc

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.types import WordOffsets


def window_shape(settings: Settings, max_len: int, max_width: int) -> tuple[int, int]:
    """Return the number of words in a window, and how many of them neighbouring windows share.

    By default, a window is as long as the texts that the network was trained on, and neighbours
    share an eighth of it, or the widest span if that is more.

    settings (Settings): `window` and `stride`.
    max_len (int): The checkpoint's.
    max_width (int): K.
    RETURNS (tuple[int, int]): Size and overlap.
    RAISES (ValueError): If a span of `max_width` words could be cut.
    """
    window = settings.window or max_len
    overlap = max(window // 8, max_width) if settings.stride is None else window - settings.stride
    if window < 2 * max_width or not max_width <= overlap < window:
        raise ValueError(
            Errors.E032.format(
                window=settings.window,
                stride=settings.stride,
                width=max_width,
                minimum=2 * max_width,
            )
        )
    return window, overlap


def sentence_starts(doc: Doc, words: WordOffsets) -> list[int]:
    """Return the first word of each sentence; nothing if the Doc has no sentences.

    doc (Doc): The Doc.
    words (WordOffsets): Its words.
    RETURNS (list[int]): Ascending, each once.
    """
    if not doc.has_annotation("SENT_START"):
        return []
    characters = [token.idx for token in doc if token.is_sent_start]
    borders = np.unique(np.searchsorted(words.starts, characters))
    return [int(border) for border in borders]

"""Change training windows at random: other mentions, another layout, more labels."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from spacy_gliner_biomed.training.augment import Mentions, collect_mentions, swap_mentions
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.far_labels import FAR_LABELS
from spacy_gliner_biomed.training.hierarchy import Hierarchy
from spacy_gliner_biomed.training.partial_labels import with_excluded, with_fine_labels
from spacy_gliner_biomed.training.text_layout import make_list, plain_mentions, wrap_lines

# Numbers of far labels that a window can get. Most windows get few.
N_FAR = (1, 1, 2, 3, 6, 12)

Windows = Iterator[AnnotatedText]


@dataclass(frozen=True)
class WindowChanges:
    """The shares of windows that are changed, each from 0 to 1.

    swap (float): Windows whose mentions are replaced by others of the same corpus and label
        (`augment.swap_mentions`).
    wrap (float): Windows whose lines are wrapped (`text_layout.wrap_lines`).
    lists (float): Windows that become lists of mentions (`text_layout.make_list`).
    far (float): Windows that get labels which cannot occur in them as possible negatives
        (`far_labels`).
    excluded (float): Windows that get labels of other families than those of their mentions as
        certain negatives (`families`).
    fine (float): Windows with concept ids that also get fine labels of the ontologies.
    hierarchy (Hierarchy | None): The ontologies of fine labels; None for no fine labels.
    """

    swap: float = 0.0
    wrap: float = 0.0
    lists: float = 0.0
    far: float = 0.0
    excluded: float = 0.0
    fine: float = 0.0
    hierarchy: Hierarchy | None = None


def change_windows(
    windows: Windows,
    texts: Sequence[AnnotatedText],
    changes: WindowChanges,
    *,
    more_labels: bool,
    new_rng: Callable[[], random.Random],
) -> Windows:
    """Change some windows of a corpus.

    windows (Windows): The windows.
    texts (Sequence[AnnotatedText]): All texts of the corpus, for mentions.
    changes (WindowChanges): The shares of windows that are changed.
    more_labels (bool): Whether windows can get far, excluded and fine labels.
    new_rng (Callable): Makes the random generator of a change. Each change has its own, so the
        others do not depend on its share.
    RETURNS (Windows): The windows.
    """
    windows = _with_swaps(windows, collect_mentions(texts), changes.swap, new_rng())
    windows = _with_layout(windows, texts, changes, new_rng())
    if not more_labels:
        return windows
    windows = _with_far_labels(windows, changes.far, new_rng())
    windows = with_excluded(windows, changes.excluded, new_rng())
    if changes.hierarchy is None:
        return windows
    return with_fine_labels(windows, changes.hierarchy, changes.fine, new_rng())


def _with_swaps(windows: Windows, mentions: Mentions, share: float, rng: random.Random) -> Windows:
    for text in windows:
        yield swap_mentions(text, mentions, rng) if rng.random() < share else text


def _with_layout(
    windows: Windows, texts: Sequence[AnnotatedText], changes: WindowChanges, rng: random.Random
) -> Windows:
    mentions = plain_mentions(texts) if changes.lists else {}
    for text in windows:
        if mentions and rng.random() < changes.lists:
            yield make_list(mentions, text.annotated, rng, text.corpus)
        elif rng.random() < changes.wrap:
            yield wrap_lines(text, rng.randint(30, 90))
        else:
            yield text


def _with_far_labels(windows: Windows, share: float, rng: random.Random) -> Windows:
    for text in windows:
        if text.annotated is not None and rng.random() < share:
            far = rng.sample(FAR_LABELS, rng.choice(N_FAR))
            yield replace(text, annotated=[*text.annotated, *far])
        else:
            yield text

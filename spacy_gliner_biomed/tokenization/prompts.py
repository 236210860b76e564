"""The uni-encoder's prompt: `<<ENT>> label <<ENT>> label ... <<SEP>>`, encoded once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from spacy_gliner_biomed.types import IntArray


@dataclass(frozen=True)
class Prompt:
    """A group of labels as subtokens, without the special tokens around the sequence.

    texts (tuple[str, ...]): The prompts. # (C,)
    input_ids (IntArray): # (S,)
    label_positions (IntArray): Index into `input_ids` of each label's vector. # (C,)
    relation_positions (IntArray | None): The same of each relation; None without relations. # (R,)
    """

    texts: tuple[str, ...]
    input_ids: IntArray
    label_positions: IntArray
    relation_positions: IntArray | None = None

    def followed_by(self, relations: "Prompt") -> "Prompt":
        """Return this prompt with another one after it, whose labels are relations."""
        return Prompt(
            texts=self.texts,
            input_ids=np.concatenate([self.input_ids, relations.input_ids]),
            label_positions=self.label_positions,
            relation_positions=relations.label_positions + np.int32(len(self.input_ids)),
        )


def bare_prompt(texts: Sequence[str]) -> Prompt:
    """Return the prompt of a bi-encoder: nothing in the sequence, all labels in one group."""
    none = np.zeros(0, dtype=np.int32)
    return Prompt(tuple(texts), none, none)


def stored_prompt(texts: Sequence[str], stored: Sequence[str], sep_id: int) -> Prompt:
    """Return the prompt of labels whose vectors the checkpoint stores: only the last marker.

    texts (Sequence[str]): The prompts.
    stored (Sequence[str]): The labels that the checkpoint stores.
    sep_id (int): Id of the marker after the last label.
    RETURNS (Prompt): The prompt, of all labels.
    RAISES (ValueError): If a label is not stored.
    """
    unknown = [text for text in texts if text not in stored]
    if unknown:
        allowed, found = list_names(stored), list_names(unknown)
        raise ValueError(Errors.E262.format(found=found, allowed=allowed))
    none = np.zeros(0, dtype=np.int32)
    return Prompt(tuple(texts), np.array([sep_id], dtype=np.int32), none)


def encode_prompts(
    texts: Sequence[str],
    subtokens: Subtokenizer,
    *,
    ent_id: int,
    sep_id: int,
    ent_token: str,
    after_marker: bool = False,
    budget: int | None = None,
) -> list[Prompt]:
    """Encode labels, in as few groups of even size as fit into the budget.

    texts (Sequence[str]): The prompts of the labels.
    subtokens (Subtokenizer): The checkpoint's tokenizer.
    ent_id, sep_id (int): Ids of the markers before each label and after the last.
    ent_token (str): The first marker's text, which no label may hold.
    after_marker (bool): Take a label's vector from the subtoken after the marker.
    budget (int | None): Maximum number of subtokens in a prompt; None for no limit.
    RETURNS (list[Prompt]): The groups, in the labels' order.
    RAISES (ValueError): If a label holds the marker, has no subtoken, or does not fit.
    """
    if not texts:
        return []
    for text in texts:
        if ent_token in text:
            raise ValueError(Errors.E020.format(label=text, token=ent_token))
    ids, counts = subtokens.encode(texts)
    pieces = np.split(ids, np.cumsum(counts)[:-1])
    for text, piece in zip(texts, pieces, strict=True):
        if not len(piece):
            raise ValueError(Errors.E021.format(label=text))
        if budget is not None and len(piece) + 2 > budget:
            raise ValueError(Errors.E022.format(label=text, n=len(piece), limit=budget - 2))
    groups = _even_groups([len(piece) + 1 for piece in pieces], budget)
    return [
        _prompt(texts[first:last], pieces[first:last], ent_id, sep_id, int(after_marker))
        for first, last in groups
    ]


def _prompt(
    texts: Sequence[str], pieces: Sequence[IntArray], ent_id: int, sep_id: int, shift: int
) -> Prompt:
    ids: list[int] = []
    positions: list[int] = []
    for piece in pieces:
        positions.append(len(ids) + shift)
        ids.extend((ent_id, *piece.tolist()))
    ids.append(sep_id)
    return Prompt(
        texts=tuple(texts),
        input_ids=np.array(ids, dtype=np.int32),
        label_positions=np.array(positions, dtype=np.int32),
    )


def _even_groups(lengths: Sequence[int], budget: int | None) -> list[tuple[int, int]]:
    """Split into the fewest groups whose lengths (and a separator) fit, of even size.

    Each length fits by itself, so one group for each label always works.
    """
    n_labels = len(lengths)
    n_groups = 1 if budget is None else -(-sum(lengths) // (budget - 1))
    while True:
        borders = [i * n_labels // n_groups for i in range(n_groups + 1)]
        groups = list(itertools.pairwise(borders))
        if budget is None or all(sum(lengths[a:b]) + 1 <= budget for a, b in groups):
            return groups
        n_groups += 1

"""Add layout marks to a network: unused tokens of its vocabulary, with initial vectors."""

from collections.abc import Callable
from dataclasses import replace

import torch

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.models.fresh import word_embeddings
from spacy_gliner_biomed.tokenization.layout import MARK_NAMES
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer

# BERT's vocabularies reserve these tokens. A mark's first vector is the mean of similar separators.
MARK_TOKENS = {"line": "[unused1]", "paragraph": "[unused2]", "column": "[unused3]"}
SIMILAR_TOKENS = {"line": (";", "-"), "paragraph": (".", ";"), "column": ("|", ",")}


def load_with_layout(load: Callable[[], Checkpoint]) -> Checkpoint:
    """Load a checkpoint, and add layout marks if it has none. A partial of this can be pickled."""
    checkpoint = load()
    return checkpoint if checkpoint.subtokens.layout else add_layout(checkpoint)


def add_layout(checkpoint: Checkpoint) -> Checkpoint:
    """Add layout marks to a network, which must then be trained with them.

    checkpoint (Checkpoint): The checkpoint; three rows of its embedding are changed in place.
    RETURNS (Checkpoint): The same network, with the marks in its tokenizer.
    RAISES (ValueError): If the vocabulary has no unused tokens, or words are not represented by
        their first subtoken.
    """
    subtokens, pooling = checkpoint.subtokens, checkpoint.config.subtoken_pooling
    if pooling != "first":
        raise ValueError(Errors.E263.format(found=pooling))
    ids = tuple(_token_id(subtokens, MARK_TOKENS[name]) for name in MARK_NAMES)
    vectors = word_embeddings(checkpoint.network).weight
    with torch.no_grad():
        for name, index in zip(MARK_NAMES, ids, strict=True):
            similar = [_token_id(subtokens, token) for token in SIMILAR_TOKENS[name]]
            vectors[index] = vectors[similar].mean(dim=0)
    return replace(checkpoint, subtokens=replace(subtokens, layout=ids))


def _token_id(subtokens: Subtokenizer, token: str) -> int:
    found = subtokens.token_id(token)
    if found is None:
        raise ValueError(Errors.E026.format(token=token))
    return found

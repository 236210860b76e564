"""Reads a checkpoint's tokenizer and puts GLiNER's markers into it."""

import json
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.hub import hub_errors
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.encoder import max_positions
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer

TOKENIZER_NAME = "tokenizer.json"
TOKENIZER_CONFIG_NAME = "tokenizer_config.json"
UNLIMITED = 1_000_000  # transformers writes 1e30 for a tokenizer without a limit

# Upstream adds this left-over of GLiNER 0.1 before its two markers (gliner/model.py,
# `_get_special_tokens`), so the ids of all checkpoints of that kind depend on it.
LEGACY_TOKEN = "[FLERT]"


def read_text_tokenizer(folder: Path, config: NetworkConfig) -> tuple[Subtokenizer, NetworkConfig]:
    """The text tokenizer of a checkpoint folder, and the config with its indices filled in.

    RAISES (ValueError): If the tokenizer and the indices in the config contradict each other.
    """
    stored = (folder / TOKENIZER_CONFIG_NAME).exists()
    tokenizer = _auto_tokenizer(str(folder) if stored else config.model_name)
    if config.kind != "bi_span":
        config = _add_markers(tokenizer, config)
    return _to_subtokenizer(tokenizer, max_positions(config.encoder_config)), config


def read_label_tokenizer(config: NetworkConfig) -> Subtokenizer:
    """The label tokenizer of a bi-encoder, which its checkpoints only name."""
    tokenizer = _auto_tokenizer(config.labels_encoder)
    return _to_subtokenizer(tokenizer, max_positions(config.labels_encoder_config))


def tokenizer_config(subtokens: Subtokenizer) -> dict[str, Any]:
    """A `tokenizer_config.json` with which transformers reads the tokenizer as it is."""
    token = subtokens.backend.id_to_token(subtokens.pad_id)
    limit = subtokens.max_length or int(1e30)
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": token,
        "model_max_length": limit,
    }


def _auto_tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer

    with hub_errors(name, f"The tokenizer {name!r}"):
        tokenizer = AutoTokenizer.from_pretrained(name)
    if not tokenizer.is_fast:
        raise ValueError(Errors.E018.format(found=f"{name!r} has no fast tokenizer"))
    return tokenizer


def _add_markers(tokenizer: Any, config: NetworkConfig) -> NetworkConfig:
    """Add the markers as upstream did when the checkpoint was made."""
    markers = [config.ent_token, config.sep_token]
    if -1 in (config.class_token_index, config.vocab_size):
        tokenizer.add_tokens([LEGACY_TOKEN, *markers], special_tokens=True)
        size = len(tokenizer)
        config = config.evolve(class_token_index=size - 2, vocab_size=size)
    elif config.ent_token not in tokenizer.get_vocab():
        extra = [LEGACY_TOKEN] if config.class_token_index == len(tokenizer) + 1 else []
        tokenizer.add_tokens([*extra, *markers], special_tokens=True)
    _check_markers(tokenizer, config)
    encoder_config = {**config.encoder_config, "vocab_size": config.vocab_size}
    return config.evolve(encoder_config=encoder_config)


def _check_markers(tokenizer: Any, config: NetworkConfig) -> None:
    vocab = tokenizer.get_vocab()
    found = vocab.get(config.ent_token)
    if found != config.class_token_index:
        problem = f"{config.ent_token!r} has the id {found}, not {config.class_token_index}"
    elif config.sep_token not in vocab:
        problem = f"there is no token {config.sep_token!r}"
    elif max(vocab.values()) >= config.vocab_size:
        problem = f"{max(vocab.values()) + 1} ids for {config.vocab_size} rows of the embedding"
    else:
        return
    raise ValueError(Errors.E018.format(found=problem))


def _to_subtokenizer(tokenizer: Any, positions: int | None) -> Subtokenizer:
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    bare = backend.encode(["a"], is_pretokenized=True, add_special_tokens=False).ids
    full = backend.encode(["a"], is_pretokenized=True, add_special_tokens=True).ids
    before = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
    limits = [tokenizer.model_max_length, positions]
    limits = [limit for limit in limits if limit is not None and limit < UNLIMITED]
    return Subtokenizer(
        definition=json.dumps(json.loads(backend.to_str()), ensure_ascii=False),
        prefix=tuple(full[:before]),
        suffix=tuple(full[before + len(bare) :]),
        pad_id=tokenizer.pad_token_id or 0,
        max_length=int(min(limits)) if limits else None,
    )

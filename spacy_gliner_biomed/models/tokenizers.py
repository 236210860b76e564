"""Read a checkpoint's tokenizers, and add GLiNER's markers to the text tokenizer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.hub import (
    LABEL_TOKENIZER_FOLDER,
    TOKENIZER_CONFIG_NAME,
    hub_errors,
)
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.encoder import max_positions, vocabulary_size
from spacy_gliner_biomed.nn.remote_code import NO_CODE, refuse_code
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer

UNLIMITED = 1_000_000  # transformers writes 1e30 for a tokenizer without a limit

# Names of the unknown token, for tokenizers whose definition has none.
UNKNOWN_TOKENS = ("[UNK]", "<unk>")

# GLiNER adds this token, which is left over from version 0.1, before its two markers
# (gliner/model.py, `_get_special_tokens`). The markers' ids in checkpoints depend on it.
LEGACY_TOKEN = "[FLERT]"


def read_text_tokenizer(folder: Path, config: NetworkConfig) -> tuple[Subtokenizer, NetworkConfig]:
    """Read the text tokenizer of a checkpoint, and add the ids of its markers to the config.

    folder (Path): The checkpoint.
    config (NetworkConfig): The checkpoint's config.
    RETURNS (tuple[Subtokenizer, NetworkConfig]): The tokenizer and the completed config.
    RAISES (ValueError): If the tokenizer cannot be found or read.
    """
    tokenizer = _auto_tokenizer(folder, config.model_name)
    if not config.bi_encoder:
        config = _add_markers(tokenizer, config)
    return _to_subtokenizer(tokenizer, config.encoder_config, bi=config.bi_encoder), config


def read_label_tokenizer(folder: Path, config: NetworkConfig) -> Subtokenizer:
    """Read the label tokenizer of a bi-encoder. Checkpoints before GLiNER 0.2.29 only name it.

    folder (Path): The checkpoint.
    config (NetworkConfig): The checkpoint's config.
    RETURNS (Subtokenizer): The tokenizer.
    RAISES (ValueError): If it cannot be found or read.
    """
    tokenizer = _auto_tokenizer(folder / LABEL_TOKENIZER_FOLDER, config.labels_encoder)
    return _to_subtokenizer(tokenizer, config.labels_encoder_config, bi=True)


def check_tokenizers(
    config: NetworkConfig, subtokens: Subtokenizer, label_subtokens: Subtokenizer | None
) -> None:
    """Compare tokenizers with the markers and the vocabulary sizes of the config.

    config (NetworkConfig): The checkpoint's config.
    subtokens (Subtokenizer): The text tokenizer.
    label_subtokens (Subtokenizer | None): The label tokenizer of a bi-encoder.
    RAISES (ValueError): If they do not match.
    """
    problems = []
    if not config.bi_encoder:
        found = subtokens.token_id(config.ent_token)
        if found != config.class_token_index:
            problems.append(
                f"{shorten(config.ent_token)!r} has the id {found}, not {config.class_token_index}"
            )
        named = [config.sep_token, *[config.rel_token] * bool(config.relations_layer)]
        for token in named:
            if subtokens.token_id(token) is None:
                problems.append(f"there is no token {shorten(token)!r}")
    pairs = [(subtokens, config.encoder_config), (label_subtokens, config.labels_encoder_config)]
    for tokenizer, encoder_config in pairs:
        n_rows = encoder_config.get("vocab_size")
        if tokenizer is not None and n_rows is not None:
            n_ids = max(tokenizer.backend.get_vocab().values()) + 1
            if n_ids > n_rows:
                problems.append(f"{n_ids} ids for {n_rows} rows of the embedding")
    if problems:
        raise ValueError(Errors.E018.format(found=" and ".join(problems)))


def tokenizer_config(subtokens: Subtokenizer) -> dict[str, Any]:
    """Return the `tokenizer_config.json` that transformers needs to read the tokenizer."""
    unknown = json.loads(subtokens.definition)["model"].get("unk_token")
    vocab = subtokens.backend.get_vocab()
    names = [name for name in (unknown, *UNKNOWN_TOKENS) if name in vocab]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": subtokens.backend.id_to_token(subtokens.pad_id),
        "unk_token": names[0] if names else None,
        "model_max_length": subtokens.max_length or int(1e30),
    }


def _auto_tokenizer(folder: Path, name: str) -> Any:
    """Load the tokenizer in a folder or, like GLiNER, the one with the given name."""
    from transformers import AutoTokenizer

    if not (folder / TOKENIZER_CONFIG_NAME).exists():
        with hub_errors(name, f"The tokenizer {name!r}"):
            tokenizer = AutoTokenizer.from_pretrained(name, **NO_CODE)
    else:
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(folder), **NO_CODE)
        except Exception as error:  # a damaged file can raise any exception
            refuse_code(error, f"The tokenizer in {folder}")
            raise ValueError(Errors.E071.format(path=folder, error=shorten(error))) from error
    if not tokenizer.is_fast:
        raise ValueError(Errors.E018.format(found=f"{name!r} has no fast tokenizer"))
    return tokenizer


def _add_markers(tokenizer: Any, config: NetworkConfig) -> NetworkConfig:
    """Add the markers as GLiNER did when the checkpoint was made."""
    unknown = -1 in (config.class_token_index, config.vocab_size)
    if config.ent_token not in tokenizer.get_vocab():
        related = bool(config.relations_layer)
        legacy = not related and (unknown or config.class_token_index == len(tokenizer) + 1)
        markers = [config.ent_token, config.sep_token, *[config.rel_token] * related]
        tokenizer.add_tokens([LEGACY_TOKEN] * legacy + markers, special_tokens=True)
    if unknown:
        index = tokenizer.get_vocab()[config.ent_token]
        config = config.evolve(class_token_index=index, vocab_size=len(tokenizer))
    encoder_config = {**config.encoder_config, "vocab_size": config.vocab_size}
    return config.evolve(encoder_config=encoder_config)


def _to_subtokenizer(
    tokenizer: Any, encoder_config: Mapping[str, Any], *, bi: bool
) -> Subtokenizer:
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    bare = backend.encode(["a"], is_pretokenized=True, add_special_tokens=False).ids
    full = backend.encode(["a"], is_pretokenized=True, add_special_tokens=True).ids
    if not bare:
        raise ValueError(Errors.E018.format(found="the tokenizer has no subtoken for 'a'"))
    before = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
    limits = [tokenizer.model_max_length, max_positions(encoder_config)]
    limits = [limit for limit in limits if limit is not None and limit < UNLIMITED]
    definition = json.loads(backend.to_str())
    if bi:
        _drop_tokens_without_a_row(definition, vocabulary_size(encoder_config))
    return Subtokenizer(
        definition=json.dumps(definition, ensure_ascii=False),
        prefix=tuple(full[:before]),
        suffix=tuple(full[before + len(bare) :]),
        pad_id=tokenizer.pad_token_id or 0,
        max_length=int(min(limits)) if limits else None,
    )


def _drop_tokens_without_a_row(definition: dict[str, Any], n_rows: int | None) -> None:
    """Remove added tokens that the embedding has no row for.

    GLiNER adds markers to the tokenizer of a bi-encoder, but does not resize its embedding, so
    that they cannot be encoded. A text that contains one of them is split like any other text.

    definition (dict[str, Any]): The tokenizer's JSON, changed in place.
    n_rows (int | None): Rows of the embedding.
    """
    if n_rows is not None:
        added = definition.get("added_tokens") or []
        definition["added_tokens"] = [token for token in added if token["id"] < n_rows]

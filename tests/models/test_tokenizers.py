"""Tokenizers of checkpoints: markers of all eras, limits, special tokens, contradictions."""

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from spacy_gliner_biomed.models.tokenizers import (
    LEGACY_TOKEN,
    check_tokenizers,
    read_label_tokenizer,
    read_text_tokenizer,
    tokenizer_config,
)
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from tests.tiny import ENT, SEP, tiny_tokenizer

SIZE = tiny_tokenizer(markers=False).backend.get_vocab_size()


def write_tokenizer(folder: Path, *, markers: bool, **values: Any) -> Path:
    subtokens = tiny_tokenizer(markers=markers)
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(subtokens.definition, encoding="utf8")
    config = {**tokenizer_config(subtokens), **values}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf8")
    return folder


def make_config(**values: Any) -> NetworkConfig:
    encoder = {"model_type": "bert", "hidden_size": 16, "max_position_embeddings": 128}
    return NetworkConfig.from_dict({"model_name": "none", "encoder_config": encoder, **values})


def read(folder: Path, **values: Any) -> tuple[Subtokenizer, NetworkConfig]:
    subtokens, config = read_text_tokenizer(folder, make_config(**values))
    check_tokenizers(config, subtokens, None)
    return subtokens, config


def test_markers_that_are_stored_are_taken_as_they_are(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, markers=True)
    subtokens, config = read(tmp_path, class_token_index=SIZE, vocab_size=SIZE + 2)
    assert (subtokens.token_id(ENT), subtokens.token_id(SEP)) == (SIZE, SIZE + 1)
    assert subtokens.token_id(LEGACY_TOKEN) is None
    assert config.encoder_config["vocab_size"] == SIZE + 2


@pytest.mark.parametrize(
    "values", [{}, {"class_token_index": -1, "vocab_size": SIZE + 3}, {"class_token_index": SIZE}]
)
def test_without_an_index_the_markers_follow_the_legacy_token(
    tmp_path: Path, values: dict[str, int]
) -> None:
    write_tokenizer(tmp_path, markers=False)
    subtokens, config = read(tmp_path, **values)
    ids = [subtokens.token_id(token) for token in (LEGACY_TOKEN, ENT, SEP)]
    assert ids == [SIZE, SIZE + 1, SIZE + 2]
    assert (config.class_token_index, config.vocab_size) == (SIZE + 1, SIZE + 3)
    assert config.encoder_config["vocab_size"] == SIZE + 3


def test_markers_that_are_stored_need_no_index(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, markers=True)
    _, config = read(tmp_path)
    assert (config.class_token_index, config.vocab_size) == (SIZE, SIZE + 2)


@pytest.mark.parametrize(("index", "legacy"), [(SIZE, None), (SIZE + 1, SIZE)])
def test_an_index_says_whether_there_is_a_legacy_token(
    tmp_path: Path, index: int, legacy: int | None
) -> None:
    """As 128001 and 128002 of DeBERTa-v3, where no tokenizer is stored."""
    folder = write_tokenizer(tmp_path / "named", markers=False)
    values = {"class_token_index": index, "vocab_size": index + 2, "model_name": str(folder)}
    subtokens, _ = read(tmp_path, **values)
    assert subtokens.token_id(LEGACY_TOKEN) == legacy
    assert (subtokens.token_id(ENT), subtokens.token_id(SEP)) == (index, index + 1)


@pytest.mark.parametrize(
    ("markers", "values", "found"),
    [
        (True, {"class_token_index": SIZE + 1, "vocab_size": SIZE + 3}, f"the id {SIZE}, not"),
        (True, {"class_token_index": SIZE, "vocab_size": SIZE + 1}, f"{SIZE + 2} ids for"),
        (False, {"class_token_index": 5, "vocab_size": SIZE + 2}, f"the id {SIZE}, not 5"),
        (
            True,
            {"class_token_index": SIZE, "vocab_size": SIZE + 2, "sep_token": "<<S>>"},
            "there is no token '<<S>>'",
        ),
    ],
)
def test_a_tokenizer_that_contradicts_the_config_is_refused(
    tmp_path: Path, markers: bool, values: dict[str, Any], found: str
) -> None:
    write_tokenizer(tmp_path, markers=markers)
    with pytest.raises(ValueError, match=r"\[GB-E018\]") as error:
        read(tmp_path, **values)
    assert found in str(error.value)


def test_added_tokens_without_a_row_are_split_like_other_text(tmp_path: Path) -> None:
    """GLiNER adds markers to the tokenizer of a bi-encoder whose embedding has no rows for them."""
    write_tokenizer(tmp_path, markers=True)
    encoder = {"model_type": "bert", "hidden_size": 16, "vocab_size": SIZE}
    values = {"encoder_config": encoder, "labels_encoder": "x", "labels_encoder_config": encoder}
    subtokens, _ = read(tmp_path, **values)
    assert (subtokens.token_id(ENT), subtokens.token_id(SEP)) == (None, None)
    ids, _ = subtokens.encode([f"fever{ENT}", SEP])
    plain, _ = tiny_tokenizer(markers=False).encode([f"fever{ENT}", SEP])
    assert ids.tolist() == plain.tolist()
    assert max(ids) < SIZE


@pytest.mark.parametrize(("limit", "expected"), [(64, 64), (512, 128), (10**30, 128)])
def test_the_smaller_limit_of_tokenizer_and_encoder_counts(
    tmp_path: Path, limit: int, expected: int
) -> None:
    write_tokenizer(tmp_path, markers=True, model_max_length=limit)
    subtokens, _ = read(tmp_path)
    assert subtokens.max_length == expected


def test_special_tokens_around_a_sequence_are_found(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, markers=True)
    subtokens, _ = read(tmp_path)
    assert (subtokens.prefix, subtokens.suffix, subtokens.pad_id) == ((2,), (3,), 0)


def test_stored_truncation_and_padding_are_switched_off(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, markers=True)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    subtokens, _ = read(tmp_path)
    ids, counts = subtokens.encode(["aspirin"] * 9)
    assert len(ids) == len(counts) == 9


def test_a_label_tokenizer_in_the_folder_goes_before_the_named_one(tmp_path: Path) -> None:
    write_tokenizer(tmp_path / "labels_tokenizer", markers=False)
    config = make_config(labels_encoder="none", labels_encoder_config={"model_type": "bert"})
    assert read_label_tokenizer(tmp_path, config).token_id("[CLS]") == 2


@pytest.mark.parametrize("content", ["", "{}", '{"version": "1.0"'])
def test_a_broken_tokenizer_file_is_named(tmp_path: Path, content: str) -> None:
    write_tokenizer(tmp_path, markers=True)
    (tmp_path / "tokenizer.json").write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match=rf"\[GB-E071\] The tokenizer {tmp_path} cannot be read"):
        read(tmp_path)

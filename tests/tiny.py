"""Tiny random checkpoints, made with this package alone, in the folder form that it reads."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from spacy_gliner_biomed.models.checkpoints import Checkpoint, write_checkpoint
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.network_base import Network
from spacy_gliner_biomed.nn.networks import build_network
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer

ENT, SEP, REL = "<<ENT>>", "<<SEP>>", "<<REL>>"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,;:()-+/%"
WORDS = ["disease", "drug", "gene", "cell", "cancer", "the", "of", "was", "patient", "aspirin"]

ENCODERS: dict[str, dict[str, Any]] = {
    "bert": {"model_type": "bert", "max_position_embeddings": 128},
    "deberta": {
        "model_type": "deberta-v2",
        "relative_attention": True,
        "position_buckets": 16,
        "max_relative_positions": -1,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
}


def tiny_tokenizer(*, markers: bool = True, relations: bool = False) -> Subtokenizer:
    """A WordPiece tokenizer over single letters and a few words."""
    vocab = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]
    table = {piece: i for i, piece in enumerate(vocab)}
    tokenizer = Tokenizer(models.WordPiece(table, unk_token="[UNK]", max_input_chars_per_word=1000))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    added = [*([ENT, SEP] if markers else []), *([REL] if relations else [])]
    tokenizer.add_special_tokens([*SPECIAL, *added])
    definition = json.dumps(json.loads(tokenizer.to_str()))
    return Subtokenizer(definition, prefix=(2,), suffix=(3,), pad_id=0, max_length=128)


def tiny_checkpoint(
    folder: Path, *, kind: str = "uni_span", encoder: str = "bert", seed: int = 0, **values: Any
) -> Path:
    """Write a random checkpoint whose scores spread over 0..1.

    folder (Path): Made if it does not exist.
    kind: "uni_span", "uni_token" or "bi_span".
    encoder: A key of `ENCODERS`.
    seed (int): Of the weights.
    values: Further keys of `gliner_config.json`, e.g. `max_width=4`, `hidden_size=24`.
    RETURNS (Path): The folder.
    """
    related = "relations_layer" in values
    subtokens = tiny_tokenizer(markers=kind != "bi_span", relations=related)
    if encoder == "deberta":
        subtokens = replace(subtokens, max_length=None)
    size = subtokens.backend.get_vocab_size()
    shape = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "vocab_size": size,
        "pad_token_id": 0,
    }
    encoder_config = {**shape, **ENCODERS[encoder]}
    raw: dict[str, Any] = {
        "model_name": "tiny",
        "encoder_config": encoder_config,
        "hidden_size": 16,
        "max_width": 4,
        "max_len": 40,
        "span_mode": "token_level" if kind == "uni_token" else "markerV0",
        "class_token_index": size - 2 - related if kind != "bi_span" else -1,
        "vocab_size": size if kind != "bi_span" else -1,
    }
    if kind == "bi_span":
        raw |= {"labels_encoder": "tiny-labels", "labels_encoder_config": {**encoder_config}}
    splitter = values.pop("words_splitter_type", "whitespace")
    config = NetworkConfig.from_dict({**raw, **values}).evolve(words_splitter_type=splitter)
    network = random_network(config, seed)
    labels = subtokens if kind == "bi_span" else None
    write_checkpoint(Checkpoint(config, network, subtokens, labels, "tiny"), folder)
    return folder


def random_network(config: NetworkConfig, seed: int) -> Network:
    """A network with weights large enough that its logits differ visibly."""
    network = build_network(config)
    torch.manual_seed(seed)  # now: what building draws differs between versions
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "LayerNorm" in name or "norm" in name.lower():
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
            elif parameter.dim() > 1:
                scale = 2.0 if name.startswith("encoder.") else 1.2
                parameter.normal_(0, scale / parameter.size(-1) ** 0.5)
            else:
                parameter.normal_(0, 0.1)
    return network.eval()

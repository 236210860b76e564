"""Checkpoints to measure: existing ones, and random ones of the usual sizes."""

from pathlib import Path
from typing import Any

import torch

from spacy_gliner_biomed.models.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from spacy_gliner_biomed.models.hub import find_checkpoint
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.network_base import Network
from spacy_gliner_biomed.nn.networks import SpanNetwork, build_network

MINILM = {
    "model_type": "bert",
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "max_position_embeddings": 512,
}
DEBERTA_SMALL = {
    "model_type": "deberta-v2",
    "hidden_size": 768,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "relative_attention": True,
    "position_buckets": 256,
    "max_relative_positions": -1,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": "p2c|c2p",
    "position_biased_input": False,
    "type_vocab_size": 0,
}
DEBERTA_BASE = {**DEBERTA_SMALL, "num_hidden_layers": 12}

# Keys of `gliner_config.json` by name of the kind.
KINDS: dict[str, dict[str, Any]] = {
    "random-minilm": {"encoder_config": MINILM, "hidden_size": 384},
    "random-small-512": {"encoder_config": DEBERTA_SMALL, "hidden_size": 512},
    "random-small-768": {"encoder_config": DEBERTA_SMALL, "hidden_size": 768},
    "random-base-768": {"encoder_config": DEBERTA_BASE, "hidden_size": 768},
    "random-bi-small": {
        "encoder_config": DEBERTA_SMALL,
        "hidden_size": 768,
        "labels_encoder": "random-minilm",
        "labels_encoder_config": MINILM,
    },
}
# The logit of most spans, so that few scores are above 0.5. A bi-encoder is measured with up to
# 1,000 labels; then 0.8 % of its spans are above (of the packaged model 1.3 %, with six labels).
LOGITS = {"uni_span": -4.0, "bi_span": -12.0}


def checkpoint_folder(name: str, work: Path) -> Path:
    """Return the folder of a checkpoint; a random one is made first.

    name (str): A key of `KINDS`, a folder, or a name that the component knows.
    work (Path): A folder for random checkpoints.
    RETURNS (Path): The checkpoint's folder.
    """
    return make_random(name, work / name) if name in KINDS else find_checkpoint(name, None)


def make_random(kind: str, folder: Path) -> Path:
    """Write a random checkpoint with the packaged model's tokenizer.

    kind (str): A key of `KINDS`.
    folder (Path): Made if it does not exist.
    RETURNS (Path): The folder.
    """
    packaged = read_checkpoint(find_checkpoint("packaged", None))
    raw = dict(KINDS[kind])
    size = packaged.config.vocab_size
    for key in ("encoder_config", "labels_encoder_config"):
        if key in raw:
            raw[key] = {**raw[key], "vocab_size": size, "pad_token_id": 0}
    if "labels_encoder" not in raw:
        raw |= {"class_token_index": packaged.config.class_token_index, "vocab_size": size}
    config = NetworkConfig.from_dict({"model_name": kind, "max_len": 384, **raw})
    labels = packaged.subtokens if config.bi_encoder else None
    network = _random_network(config)
    write_checkpoint(Checkpoint(config, network, packaged.subtokens, labels, kind), folder)
    return folder


def _random_network(config: NetworkConfig) -> Network:
    network = build_network(config)
    assert isinstance(network, SpanNetwork)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, parameter.size(-1) ** -0.5)
            else:
                parameter.fill_(float("norm" in name.lower() and name.endswith("weight")))
        # The first feature of all spans is 1, that of all labels the usual logit.
        for layer, constant in (
            (network.span_scorer.out_project[3], 1.0),
            (network.prompt_projection[3], LOGITS[config.kind]),
        ):
            layer.weight[0], layer.bias[0] = 0, constant
    return network.eval()

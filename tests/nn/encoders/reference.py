"""transformers' encoders with random weights, and ours with the same."""

from typing import Any

import torch
from torch import Tensor, nn

from spacy_gliner_biomed.nn.encoder import build_encoder, hf_config
from spacy_gliner_biomed.nn.encoders.blocks import PackedEncoder

SHAPE = {
    "vocab_size": 50,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 320,
    "pad_token_id": 0,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": {"model_type": "bert", **SHAPE},
    "deberta": {
        "model_type": "deberta-v2",
        **SHAPE,
        "relative_attention": True,
        "position_buckets": 16,
        "max_relative_positions": -1,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
}


def make_pair(kind: str, **values: Any) -> tuple[nn.Module, PackedEncoder]:
    """The same weights in transformers' class and in ours, in evaluation mode."""
    from transformers import AutoModel

    config = {**CONFIGS[kind], **values}
    theirs = AutoModel.from_config(hf_config({**config, "attn_implementation": "eager"})).eval()
    torch.manual_seed(3)
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 2 / parameter.size(-1) ** 0.5)
            else:
                parameter.normal_(1 if name.endswith("Norm.weight") else 0, 0.2)
    ours = build_encoder(config).eval()
    assert isinstance(ours, PackedEncoder)
    weights = {n: t for n, t in theirs.state_dict().items() if not n.startswith("pooler.")}
    ours.load_state_dict(weights)
    return theirs, ours


def padded(lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Random rows and their mask. # (B, S) each"""
    torch.manual_seed(5)
    ids = torch.randint(1, SHAPE["vocab_size"], (len(lengths), max(lengths)))
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return ids * mask, mask.long()

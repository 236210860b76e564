"""Create a new, untrained network on a pretrained text encoder."""

from pathlib import Path

import torch
from torch import nn

from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.models.hub import hub_errors
from spacy_gliner_biomed.models.tokenizers import read_text_tokenizer
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.encoder import vocabulary_size
from spacy_gliner_biomed.nn.finite import check_weights
from spacy_gliner_biomed.nn.network_base import Network
from spacy_gliner_biomed.nn.networks import build_network
from spacy_gliner_biomed.nn.remote_code import NO_CODE


def new_checkpoint(
    encoder: str,
    *,
    encoder_name: str | None,
    hidden_size: int | None,
    max_width: int,
    max_len: int,
    num_rnn_layers: int,
    words: str,
    seed: int,
) -> Checkpoint:
    """Return a uni-encoder span network with a pretrained encoder and a random scorer.

    encoder (str): A folder or a Hugging Face repository of a pretrained encoder.
    encoder_name (str | None): The name to store for an encoder that is loaded from a folder.
    hidden_size (int | None): D, the width of the scorer; None for the encoder's width.
    max_width (int): K, the number of words in the widest span that is scored.
    max_len (int): Maximum number of words in a window.
    num_rnn_layers (int): Number of LSTM layers; 0 for no LSTM.
    words (str): The word splitter, "fine" or "whitespace", see `tokenization.words`.
    seed (int): Seed of the random weights.
    RETURNS (Checkpoint): The network with its tokenizer.
    RAISES (ValueError): If the encoder cannot be loaded, or its weights are not finite.
    """
    from transformers import AutoConfig, AutoModel

    with hub_errors(encoder, f"The encoder {encoder!r}"):
        hf_config = AutoConfig.from_pretrained(encoder, **NO_CODE)
        hf_config._attn_implementation = None  # could name code that is downloaded and run
        pretrained = AutoModel.from_pretrained(encoder, config=hf_config, **NO_CODE).float()
    config = NetworkConfig.from_dict(
        {
            "model_name": encoder,
            "encoder_config": {**hf_config.to_dict(), "_name_or_path": encoder_name or encoder},
            "hidden_size": hidden_size or hf_config.hidden_size,
            "max_width": max_width,
            "max_len": max_len,
            "num_rnn_layers": num_rnn_layers,
            "dropout": 0.0,
        }
    ).evolve(words_splitter_type=words)
    subtokens, config = read_text_tokenizer(Path(encoder), config)
    config = config.evolve(model_name=encoder_name or encoder)
    torch.manual_seed(seed)
    network = build_network(config)
    copy_encoder(pretrained, network.encoder)
    check_weights(network, f"The weights of the encoder {encoder!r}")
    return Checkpoint(config, network.eval(), subtokens, None, f"new on {config.model_name}")


def copy_encoder(pretrained: nn.Module, encoder: nn.Module) -> None:
    """Copy all weights. The vectors of new tokens start near the mean of the other vectors.

    pretrained (nn.Module): The encoder to copy.
    encoder (nn.Module): Changed in place; it may have more tokens.
    """
    weights = pretrained.state_dict()
    target = encoder.state_dict()
    for name, tensor in target.items():
        source = weights[name]
        if source.shape == tensor.shape:
            tensor.copy_(source)
            continue
        known = min(len(source), len(tensor))
        tensor[:known] = source[:known]
        noise = 0.02 * torch.randn(len(tensor) - known, tensor.size(1))
        tensor[known:] = source.mean(dim=0) + noise


def word_embeddings(network: Network) -> nn.Embedding:
    """Return the word embeddings of a network's text encoder: its first table of that size."""
    size = vocabulary_size(network.config.encoder_config)
    tables = [module for module in network.encoder.modules() if isinstance(module, nn.Embedding)]
    return next(table for table in tables if table.num_embeddings == size)

"""A tiny random causal language model that comes to an end when its answer is constrained."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<end>"
# Likelier than other characters: there are entities, and strings and lists come to an end.
LIKELY = '"]{'


def tiny_llm(folder: Path, *, seed: int = 0, positions: int = 4096) -> Path:
    """Write a random GPT-2 over single bytes.

    folder (Path): Made if it does not exist.
    """
    pieces = [END, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END).save_pretrained(folder)
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=len(vocabulary),
        n_positions=positions,
        n_embd=16,
        n_layer=2,
        n_head=2,
        initializer_range=0.5,
        bos_token_id=0,
        eos_token_id=0,
    )
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        weights = model.transformer.wte.weight
        weights[:, 0] = 0
        weights[[vocabulary[sign] for sign in LIKELY], 0] = 1
        model.transformer.ln_f.bias[0] = 4
    model.save_pretrained(folder)
    return folder

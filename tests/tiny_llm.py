"""A tiny random causal language model that comes to an end when its answer is constrained."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<end>"
# Likelier than other characters: there are entities, and strings and lists come to an end.
LIKELY = '"]{'
WIDTH = 32  # of the Llama


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


def tiny_gguf(path: Path) -> Path:
    """Write a random Llama over single bytes as a GGUF file; its embeddings are in a `.pt` file.

    Needs gguf. The token that ends a text is not the first one, as in real models.

    path (Path): The file.
    """
    import gguf

    pieces = ["<begin>", END, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    pieces += [pieces[2] + piece for piece in pieces[3:5]]
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_block_count(1)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(WIDTH // 2)
    writer.add_vocab_size(len(pieces))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(pieces)
    writer.add_token_types([control, control, *[normal] * (len(pieces) - 2)])
    writer.add_token_merges([f"{pieces[2]} {piece}" for piece in pieces[3:5]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    torch.manual_seed(0)
    embeddings = torch.randn(len(pieces), WIDTH)
    embeddings[1] = 0
    torch.save(embeddings, path.with_suffix(".pt"))
    writer.add_tensor("token_embd.weight", embeddings.numpy())
    writer.add_tensor("output_norm.weight", torch.ones(WIDTH).numpy())
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", torch.ones(WIDTH).numpy())
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", (torch.randn(WIDTH, WIDTH) / 8).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path

"""A tiny language model in GGUF that copies words of its prompt, and llama.cpp's server for it.

    python -m benchmarks.curation.tiny_gguf PORT FOLDER CORPORA

Its weights are counted, not trained: the pairs of tokens inside gold mentions, and one attention
head that copies those words of the prompt that are often part of a mention. So some of its quotes
are in the text, and some are not. Needs xllamacpp and gguf from PyPI.
"""

import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import gguf
import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from benchmarks.curation.llama_server import serve_file

CORPORA = ("ncbi_disease", "bc5cdr")
FIRST, LAST = 250, 500  # documents of each that are counted; earlier ones are annotated
VOCABULARY, HEAD = 608, 640
CONSTANT, COPYING, FOCUS = 4.0, 30.0, 20.0
NEVER, RARELY, SELDOM = -25.0, -9.0, 1.5
END = "<|endoftext|>"
SIGNS = {"}": {",": 0.75, "]": 0.25}, "[": {"{": 0.95, "]": 0.05}}
SIGNS |= {digit: {",": 1.0} for digit in "0123456789"}


def read_mentions(corpora: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield texts with their mentions."""
    for corpus in CORPORA:
        with gzip.open(corpora / corpus / "train.jsonl.gz", "rt", encoding="utf8") as lines:
            for line in islice(lines, FIRST, LAST):
                record = json.loads(line)
                text = record["text"]
                spans = [(e["start"], e["end"]) for e in record["entities"]]
                yield text, [text[start:end] for start, end in spans]


def learn_tokens(mentions: list[str]) -> tuple[Tokenizer, list[str], list[str]]:
    """Learn byte pairs of letters from mentions.

    mentions (list[str]): The mentions.
    RETURNS (tuple[Tokenizer, list[str], list[str]]): The tokenizer, its tokens and its merges.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator((f" {x}" for x in mentions), trainer)
    learnt = json.loads(tokenizer.to_str())["model"]["merges"]
    pairs = [(a, b) for a, b in learnt if re.fullmatch("Ġ?[A-Za-z]+", a + b)]
    tokens = [END, *alphabet, *dict.fromkeys(a + b for a, b in pairs)]
    ids = {token: i for i, token in enumerate(tokens)}
    tokenizer.model = models.BPE(ids, pairs)
    return tokenizer, tokens, [f"{a} {b}" for a, b in pairs]


def count_pairs(tokenizer: Tokenizer, tokens: list[str], mentions: list[str]) -> np.ndarray:
    """Return the log-probability of each token (column) after each token (row)."""
    ids = {token: i for i, token in enumerate(tokens)}
    counts = np.zeros((len(tokens), len(tokens)), np.float32)
    for mention in mentions:
        inside = tokenizer.encode(f" {mention}").ids
        for pair in zip([ids['"'], *inside], [*inside, ids['"']], strict=True):
            counts[pair] += 1
    counts[counts.sum(1) == 0, ids['"']] = 1
    for before, shares in SIGNS.items():
        for after, share in shares.items():
            counts[ids[before], ids[after]] += 1e4 * share
    found = np.log(np.maximum(counts / counts.sum(1, keepdims=True), np.exp(RARELY)))
    strange = [i for i, token in enumerate(tokens) if not re.fullmatch(r"Ġ?[!-\[\]-~]+", token)]
    found[:, strange] = NEVER  # half characters and white space; llama.cpp refuses the first
    found[:, 0] = -2  # where the constraint lets it end, it does; without one, soon
    return found


def with_wrong(pairs: np.ndarray, wrong: dict[str, int]) -> np.ndarray:
    """Add misspelt tokens, each less probable than the token that it stands for."""
    right = list(wrong.values())
    columns = np.concatenate([pairs, pairs[:, right] - SELDOM], axis=1)
    return np.concatenate([columns, columns[right]])


def find_words(tokenizer: Tokenizer, tokens: list[str], read: list[tuple[str, list[str]]]) -> dict:
    """Weigh tokens that are whole words of mentions: 0.5 to 1 by the share of that use."""
    in_texts, in_mentions = Counter[int](), Counter[int]()
    for text, mentions in read:
        in_texts.update(_whole(tokenizer, text))
        for mention in mentions:
            in_mentions.update(_whole(tokenizer, f" {mention}"))
    shares = {i: n / max(in_texts[i], n) for i, n in in_mentions.items() if len(tokens[i]) > 4}
    return {i: 0.5 + share / 2 for i, share in shares.items() if share > 0.2}


def _whole(tokenizer: Tokenizer, text: str) -> list[int]:
    encoding = tokenizer.encode(text)
    n_tokens = Counter(encoding.word_ids)
    pairs = zip(encoding.ids, encoding.word_ids, strict=True)
    return [i for i, word in pairs if n_tokens[word] == 1]


def misspell(tokens: list[str], words: dict) -> dict[str, int]:
    """Make tokens that only the model writes: words with another case, or with an s."""
    changed = {}
    for i in words:
        name = tokens[i].removeprefix("Ġ")
        changed |= {f"Ġ{name[0].swapcase()}{name[1:]}": i, f"Ġ{name}s": i}
    return {token: i for token, i in changed.items() if token not in tokens}


def make_weights(tokens: list[str], pairs: np.ndarray, words: dict, wrong: dict) -> dict:
    """Make the weights. Dimensions: the token, what attention copies, a constant, three marks."""
    n = len(tokens)
    constant, score, other, quote = range(2 * n, 2 * n + 4)
    width = (2 * n + 4 + 31) // 32 * 32
    scale = np.sqrt(width) / np.sqrt(CONSTANT**2 + 2)  # what the normalization multiplies by
    embeddings, output = _zeros(n, width), _zeros(n, width)
    embeddings[:, :n], embeddings[:, constant] = np.eye(n), CONSTANT
    embeddings[tokens.index('"'), quote] = 1
    query, key, value, back = (_zeros(HEAD, width) for _ in range(4))
    strength = FOCUS * np.sqrt(HEAD) / scale**2
    query[-1, quote], key[-1, score] = strength, 1  # the last pairs turn least with the position
    query[-3, constant], query[-3, quote], key[-3, other] = strength / CONSTANT, -strength, 1
    for i in range(n):
        embeddings[i, score if i in words else other] = words.get(i, 1)
        if i in words:
            value[i, i] = 1 / scale
            back[i, n + i] = 1
            same = [tokens.index(token) for token, j in wrong.items() if j == i]
            output[[i, *same], n + i] = COPYING / scale
    output[:, :n] = pairs.T / scale
    return {
        "token_embd.weight": embeddings,
        "output.weight": output,
        "output_norm.weight": np.ones(width, np.float32),
        "blk.0.attn_norm.weight": np.ones(width, np.float32),
        "blk.0.ffn_norm.weight": np.ones(width, np.float32),
        "blk.0.attn_q.weight": query,
        "blk.0.attn_k.weight": key,
        "blk.0.attn_v.weight": value,
        "blk.0.attn_output.weight": np.ascontiguousarray(back.T),
        "blk.0.ffn_gate.weight": _zeros(32, width),
        "blk.0.ffn_up.weight": _zeros(32, width),
        "blk.0.ffn_down.weight": _zeros(width, 32),
    }


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def write_gguf(path: Path, corpora: Path, positions: int) -> None:
    """Count the weights, and write them in Llama's architecture."""
    read = list(read_mentions(corpora))
    mentions = [mention for _, found in read for mention in found]
    tokenizer, tokens, merges = learn_tokens(mentions)
    pairs = count_pairs(tokenizer, tokens, mentions)
    words = find_words(tokenizer, tokens, read)
    wrong = misspell(tokens, words)
    tokens += wrong
    weights = make_weights(tokens, with_wrong(pairs, wrong), words, wrong)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(positions)
    writer.add_embedding_length(weights["token_embd.weight"].shape[1])
    writer.add_feed_forward_length(32)
    writer.add_block_count(1)
    writer.add_head_count(1)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(1e12)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
    writer.add_token_types([control if token == END else normal for token in tokens])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    for name, tensor in weights.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def serve(port: int, folder: Path, corpora: Path, *, slots: int = 4, positions: int = 1536) -> None:
    """Run llama.cpp's server until the process ends."""
    path = folder / "tiny.gguf"
    if not path.exists():
        write_gguf(path, corpora, positions)
    serve_file(path, port, slots=slots, positions=positions)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))

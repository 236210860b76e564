"""Tiny encoders as local Hugging Face folders: a config and a real tokenizer."""

import json
import random
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModel

STEMS = [
    "aspirin",
    "fever",
    "tumor",
    "cell",
    "liver",
    "renal",
    "dose",
    "gene",
    "kinase",
    "mouse",
    "acid",
    "pain",
    "heart",
    "virus",
]
GLUE = [
    "the",
    "of",
    "was",
    "in",
    "with",
    "and",
    "after",
    "for",
    "patients",
    "treated",
    "by",
    "no",
    "two",
    "a",
]
SYMBOLS = list(".,;:()/%+&=<>[]'\"*") + ["-", "_", "α", "µ", "–", "é", "中", "🧬"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
MAX_SUBTOKENS = 2048  # holds 400 words and the prompt

SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": MAX_SUBTOKENS,
    "pad_token_id": 0,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": {"model_type": "bert", **SHAPE},
    # Positions start after the padding id; one embedding has two names.
    "roberta": {"model_type": "roberta", **SHAPE, "type_vocab_size": 1},
    "t5": {
        "model_type": "t5",
        "d_model": 32,
        "d_kv": 16,
        "d_ff": 48,
        "num_layers": 2,
        "num_heads": 2,
        "pad_token_id": 0,
        "is_encoder_decoder": True,
    },
    "small_bert": {"model_type": "bert", **SHAPE, "hidden_size": 24, "num_hidden_layers": 1},
    "deberta": {
        "model_type": "deberta-v2",
        **SHAPE,
        "max_position_embeddings": 512,
        "relative_attention": True,
        "position_buckets": 32,
        "max_relative_positions": -1,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    "modernbert": {
        "model_type": "modernbert",
        **SHAPE,
        "local_attention": 32,
        "global_attn_every_n_layers": 2,
        "attn_implementation": "eager",
        "bos_token_id": 2,
        "eos_token_id": 3,
        "cls_token_id": 2,
        "sep_token_id": 3,
    },
}


def encoder_folder(kind: str, folder: Path) -> Path:
    """Write a config and a tokenizer, to be used as `model_name` with no network.

    kind: A key of `CONFIGS`.
    RETURNS (Path): The folder.
    """
    folder.mkdir(parents=True)
    writers = {"bert": _write_pieces, "small_bert": _write_pieces, "deberta": _write_sentencepiece}
    writers.get(kind, _write_bytes)(folder)
    _write_json(folder / "config.json", encoder_config(kind))
    return folder


def random_encoder(kind: str, folder: Path) -> Path:
    """Write an encoder with random weights, in Hugging Face's form; see `encoder_folder`."""
    encoder_folder(kind, folder)
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


def encoder_config(kind: str) -> dict[str, Any]:
    return {**CONFIGS[kind], "vocab_size": 400 if kind == "deberta" else 320}


def sentences(seed: int, count: int) -> list[str]:
    """Words as of an abstract, and some that no vocabulary holds as a whole."""
    choose = random.Random(seed)

    def word() -> str:
        stem = choose.choice(STEMS)
        made = "".join(choose.choices(LETTERS, k=choose.randint(1, 7)))
        return choose.choice([stem, stem.title(), f"{stem}-{made}", made, made.upper(), "p_53"])

    pools = (lambda: choose.choice(GLUE), word, lambda: choose.choice(SYMBOLS))
    return [
        " ".join(choose.choices(pools, weights=(4, 5, 2))[0]() for _ in range(12))
        for _ in range(count)
    ]


def _write_pieces(folder: Path) -> None:
    """BERT's WordPiece, from `vocab.txt`."""
    pieces = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), *SYMBOLS]
    vocab = dict.fromkeys([*pieces, *GLUE, *STEMS])
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf8")
    _write_tokenizer_config(folder, "BertTokenizer", do_lower_case=True)


def _write_sentencepiece(folder: Path) -> None:
    """DeBERTa-v3's Unigram model, trained here, from `spm.model`."""
    import sentencepiece

    text = folder / "text.txt"
    text.write_text("\n".join(sentences(0, 300)), encoding="utf8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "spm"),
        vocab_size=250,
        character_coverage=0.999,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    _write_tokenizer_config(folder, "DebertaV2Tokenizer", do_lower_case=False, limit=10**30)


def _write_bytes(folder: Path) -> None:
    """ModernBERT's byte-level BPE, trained here, from `tokenizer.json`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(sentences(0, 300), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_tokenizer_config(folder, "PreTrainedTokenizerFast")


def _write_tokenizer_config(
    folder: Path, tokenizer_class: str, *, limit: int = MAX_SUBTOKENS, **values: Any
) -> None:
    names = {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
    values |= {"tokenizer_class": tokenizer_class, "model_max_length": limit, **names}
    _write_json(folder / "tokenizer_config.json", values)


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values), encoding="utf8")

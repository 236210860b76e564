"""A tiny causal language model, trained from scratch to answer with entities as JSON.

It takes the place of the weak model that BioSelectTune scores with, and needs no download.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from spacy_gliner_biomed.curation.language_model import FORM
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.exchange import entities_as_json, instruction_of

POSITIONS = 512
BATCH = 32
ALONE = 0.3  # share of answers trained without their prompt: the scorer reads both


def train_language_model(
    texts: Sequence[AnnotatedText], tokenizer_folder: Path, folder: Path, *, steps: int, seed: int
) -> None:
    """Train GPT-2's architecture (4 layers of 128) on the answers alone, and save it.

    texts (Sequence[AnnotatedText]): Texts with entities; none of those to be scored.
    tokenizer_folder (Path): The folder of the tokenizer.
    folder (Path): The folder to write to.
    steps (int): Steps.
    seed (int): The random seed.
    """
    rng = random.Random(seed)
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=POSITIONS,
        n_embd=128,
        n_layer=4,
        n_head=4,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )
    model = GPT2LMHeadModel(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    records = [_record(tokenizer, text) for text in texts]
    records = [(before, answer) for before, answer in records if len(before + answer) <= POSITIONS]
    for step in range(steps):
        batch = [
            ([] if rng.random() < ALONE else before, answer)
            for before, answer in rng.choices(records, k=BATCH)
        ]
        loss = _loss(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"language model, step {step}: {loss.item():.3f}", flush=True)
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _record(tokenizer: object, text: AnnotatedText) -> tuple[list[int], list[int]]:
    """Return the tokens of prompt and answer, as `curation.language_model` reads them."""
    before = FORM.format(instruction=instruction_of(text), text=text.text)
    answer = entities_as_json(text)
    return tokenizer(before).input_ids, tokenizer(answer, add_special_tokens=False).input_ids


def _loss(model: GPT2LMHeadModel, batch: Sequence[tuple[list[int], list[int]]]) -> Tensor:
    """Return the loss of all tokens of the answers but the first."""
    longest = max(len(before) + len(answer) for before, answer in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    wanted = torch.zeros(len(batch), longest, dtype=torch.bool)
    for i, (before, answer) in enumerate(batch):
        ids[i, : len(before) + len(answer)] = torch.tensor(before + answer)
        wanted[i, len(before) + 1 : len(before) + len(answer)] = True
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.transformer(ids).last_hidden_state[:, :-1]  # padding stands behind
        logits = model.lm_head(hidden[wanted[:, 1:]])
    return torch.nn.functional.cross_entropy(logits.float(), ids[wanted])

"""Difficulty for a causal language model: a real one, tiny and random, made here."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from spacy_gliner_biomed.curation.difficulty import NO_HELP
from spacy_gliner_biomed.curation.language_model import (
    TOO_LONG,
    make_language_model_difficulty,
)
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.exchange import entities_as_json

TEXT = AnnotatedText("the aspirin of cancer", [(15, 21, "disease"), (4, 11, "drug")], [], None)


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("language_model")
    characters = {chr(code): code - 31 for code in range(32, 127)} | {"[UNK]": 0}
    tokenizer = Tokenizer(models.WordLevel(characters, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=100, n_positions=400, n_embd=16, n_layer=2, n_head=2, initializer_range=0.5
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def test_difficulty_is_the_ratio_of_perplexities_of_the_answer(language_model: Path) -> None:
    form = "{text}: "
    (score,) = make_language_model_difficulty(str(language_model), form=form)([TEXT])
    model = AutoModelForCausalLM.from_pretrained(language_model).eval()
    prompt, answer = "the aspirin of cancer: ", entities_as_json(TEXT)
    before, ids = ([ord(c) - 31 for c in part] for part in (prompt, answer))
    losses = []
    for context in (before, []):
        tokens = torch.tensor([context + ids])
        labels = tokens.clone()
        labels[0, : len(context) + 1] = -100
        with torch.inference_mode():
            losses.append(model(tokens, labels=labels).loss)
    assert score.value == pytest.approx(float(torch.exp(losses[0] - losses[1])), rel=1e-4)
    assert score.reason == (NO_HELP if score.value >= 1 else "")


def test_what_the_model_cannot_read_whole_is_said(language_model: Path) -> None:
    long = AnnotatedText("x" * 500, [(0, 1, "drug")], [], None)
    (score,) = make_language_model_difficulty(str(language_model))([long])
    assert score.reason == TOO_LONG


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="GB-E111"):
        list(make_language_model_difficulty(str(tmp_path))([TEXT]))


@pytest.mark.slow
def test_a_real_model_finds_the_right_answer_easier_after_the_text(smollm: Path) -> None:
    text = "Metformin is the first drug for type 2 diabetes."
    right = AnnotatedText(text, [(0, 9, "drug"), (32, 47, "disease")], [], None)
    wrong = AnnotatedText(text, [(0, 9, "disease"), (13, 22, "drug")], [], None)
    scores = list(make_language_model_difficulty(str(smollm))([right, wrong]))
    assert 0 < scores[0].value < 1
    assert scores[0].reason == ""
    assert scores[0].value < scores[1].value

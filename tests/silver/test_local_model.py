import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.silver.answers import read_answer
from spacy_gliner_biomed.silver.failures import TOO_LONG, Failure
from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
from spacy_gliner_biomed.silver.local_model import LocalModel
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import LocalSettings
from tests.tiny_llm import tiny_gguf, tiny_llm

TYPES = ["drug", "disease"]
TEXTS = ["Aspirin for a cold.", "x", "é中"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llm(tmp_path_factory.mktemp("llm"), seed=2, positions=2048)


@pytest.fixture(scope="module")
def model(folder: Path) -> LocalModel:
    return LocalModel(LocalSettings(model=str(folder)), RunCounts())


@pytest.mark.parametrize("types", [[], TYPES])
def test_a_random_model_gives_answers_of_the_schema(model: LocalModel, types: list[str]) -> None:
    prompt = PromptBuilder(types=types, max_tokens=300)
    n_complete = n_mentions = 0
    for text in TEXTS:
        for attempt in (0, 2):
            reply = model.ask(prompt.request(text, attempt=attempt))
            assert reply.completion_tokens is not None
            if not reply.complete:
                assert reply.completion_tokens == 300
                continue
            answer = read_answer(reply.content)
            raw = json.loads(reply.content)
            assert list(raw) == ["entities", "relations"]
            assert all(list(item) == ["id", "text", "type"] for item in raw["entities"])
            if types:
                assert {entity.type for entity in answer.entities} <= set(types)
            n_complete += 1
            n_mentions += len(answer.entities)
    assert n_complete >= 3
    assert n_mentions >= 1


def test_the_likeliest_answer_is_the_same_each_time(model: LocalModel) -> None:
    request = PromptBuilder(types=TYPES, max_tokens=100).request("Aspirin")
    assert model.ask(request) == model.ask(request)


def test_an_answer_at_the_limit_of_tokens_is_not_complete(model: LocalModel) -> None:
    reply = model.ask(PromptBuilder(types=TYPES, max_tokens=5).request("x"))
    assert (reply.complete, reply.completion_tokens) == (False, 5)


def test_a_text_without_room_for_an_answer_is_too_long(model: LocalModel) -> None:
    with pytest.raises(Failure) as raised:
        model.ask(PromptBuilder(types=TYPES).request("x" * 2000))
    assert raised.value.kind == TOO_LONG
    assert "the model reads 2048" in raised.value.reason


def test_a_chat_template_is_used_where_there_is_one(model: LocalModel) -> None:
    plain = model.tokenizer.decode(model._encode(PromptBuilder().request("x").messages))
    assert plain.startswith("User: You mark")
    assert plain.endswith("Text: x\n\nAssistant: ")
    model.tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    )
    try:
        chat = model.tokenizer.decode(model._encode(PromptBuilder().request("x").messages))
    finally:
        model.tokenizer.chat_template = None
    assert chat.startswith("<user>You mark")
    assert chat.endswith("Text: x")


def test_new_weights_in_a_folder_are_another_model_for_the_cache(
    model: LocalModel, tmp_path: Path
) -> None:
    again = LocalModel(LocalSettings(model=str(tiny_llm(tmp_path, positions=64))), RunCounts())
    assert again.identity.partition("@")[0] == str(tmp_path)
    assert again.identity.partition("@")[2] > model.identity.partition("@")[2]


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="GB-E111"):
        LocalModel(LocalSettings(model=str(tmp_path)), RunCounts())


def test_a_gguf_file_is_held_to_the_schema_too(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="needs gguf (extra 'gguf')")
    path = tiny_gguf(tmp_path / "tiny.gguf")
    model = LocalModel(LocalSettings(model=str(path)), RunCounts())
    assert model.identity == f"{path}@{path.stat().st_mtime_ns}"
    assert model.vocabulary.eos_token == 1
    prompt = PromptBuilder(types=TYPES, relations=False, max_tokens=80)
    reply = model.ask(prompt.request("Aspirin"))
    assert reply.content.startswith('{"entities": [')  # the space has its own letter
    assert not reply.complete or list(json.loads(reply.content)) == ["entities"]

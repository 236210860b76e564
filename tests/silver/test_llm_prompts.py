import json

from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
from spacy_gliner_biomed.silver.worked_examples import EXAMPLES


def test_a_request_has_task_examples_and_text() -> None:
    request = PromptBuilder(examples=EXAMPLES[:2]).request("Aspirin.", ["Aspirin", "two words"])
    roles = [message["role"] for message in request.messages]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert json.loads(request.messages[1]["content"])["relations"]
    last = request.messages[-1]["content"]
    assert last.startswith("Text: Aspirin.\n")
    assert last.endswith('["Aspirin", "two words"]')


def test_fixed_types_are_told_and_relations_only_if_wanted() -> None:
    request = PromptBuilder(types=["drug", "gene"], relations=False, examples=EXAMPLES[:1]).request(
        "x"
    )
    told = json.dumps(request.messages)
    assert "one of these: drug, gene." in told
    assert "relations" not in told
    assert "{types}" not in told
    assert "relations" not in request.schema["properties"]
    assert request.messages[-1]["content"] == "Text: x"
    assert PromptBuilder().request("x").messages[0]["content"].endswith("\n\nText: x")


def test_a_further_attempt_is_another_request() -> None:
    prompt = PromptBuilder()
    first, second = prompt.request("x"), prompt.request("x", attempt=1)
    assert first.temperature == 0 < second.temperature
    assert first.messages == second.messages

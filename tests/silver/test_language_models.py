import sys
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from spacy_gliner_biomed.silver.language_models import make_language_model, make_prompt
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import PromptSettings, load_settings
from spacy_gliner_biomed.silver.worked_examples import EXAMPLES

SERVER = {"server.url": "http://127.0.0.1:9/v1", "server.model": "tiny"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({}, "GB-E126.*A language model"),
        ({"server.url": "http://127.0.0.1:9/v1"}, "GB-E126.*--model"),
        ({"server.model": "tiny"}, "GB-E126.*--url"),
        ({**SERVER, "local.model": "folder"}, "GB-E126.*both"),
        ({**SERVER, "server.url": "localhost"}, "GB-E030.*'url'"),
    ],
)
def test_exactly_one_model_must_be_named(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_language_model(load_settings(None, overrides), RunCounts(), Event())


def test_a_server_is_asked_under_the_name_of_its_model() -> None:
    with closing(make_language_model(load_settings(None, SERVER), RunCounts(), Event())) as model:
        assert model.name == "tiny"
        assert model.identity == '["tiny", "json_schema", {}]'


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tenacity", None)
    with pytest.raises(ImportError, match=r"GB-E107.*tenacity.*\[llm\]"):
        make_language_model(load_settings(None, SERVER), RunCounts(), Event())


def test_our_examples_are_shown_unless_types_or_others_are_given(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"text": "a b", "entities": []}\n')
    assert list(make_prompt(PromptSettings())[0].examples) == list(EXAMPLES)
    prompt, names = make_prompt(PromptSettings(types=["drug", "drug"]))
    assert (list(prompt.examples), list(prompt.types), names.allowed) == ([], ["drug"], ["drug"])
    own = PromptSettings(types=["drug"], examples=tmp_path / "own.jsonl")
    assert [example.text for example in make_prompt(own)[0].examples] == ["a b"]

import dataclasses
import json
from pathlib import Path

import pytest
from thinc.api import Config

from spacy_gliner_biomed.silver.run_settings import (
    SECTIONS,
    ServerSettings,
    SilverSettings,
    list_settings,
    load_settings,
)

EXAMPLE = Path(__file__).parents[2] / "configs" / "annotate_llm.cfg"


def test_without_a_file_all_settings_have_their_defaults() -> None:
    assert load_settings(None, {}) == SilverSettings()


@pytest.mark.parametrize("ending", [".cfg", ".json"])
def test_a_file_is_read_and_overrides_replace_its_values(tmp_path: Path, ending: str) -> None:
    values = {"server": {"timeout": 30, "body": {"seed": None}}, "prompt": {"types": ["drug "]}}
    path = tmp_path / f"run{ending}"
    path.write_text(json.dumps(values) if ending == ".json" else Config(values).to_str())
    settings = load_settings(path, {"server.timeout": 7, "run.cache": "a.cache"})
    assert settings.server == ServerSettings(timeout=7, body={"seed": None})
    assert settings.prompt.types == ["drug"]
    assert settings.run.cache == Path("a.cache")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("server.timeot", 1, r"GB-E140.*'server\.timeot'.*'server\.timeout'"),
        ("servr.timeout", 1, r"GB-E140.*'server\.timeout'"),
        ("server.timeout", 0, r"GB-E030.*'server\.timeout' must be greater than.*'0'"),
        ("server.retries", "many", r"GB-E030.*'server\.retries' must be a valid integer.*'many'"),
        ("server.constraint", "yes", r"GB-E030.*'json_schema', 'json_object' or 'none'"),
        ("server.body", "[1", r"GB-E030.*'server\.body' must be a valid dictionary"),
        ("prompt.types", ["a", " "], r"GB-E030.*'prompt\.types' must be at least 1 character"),
        ("run.similarity", 0.2, r"GB-E030.*'run\.similarity'"),
        ("run.workers", 0, r"GB-E030.*'run\.workers'"),
    ],
)
def test_unknown_names_and_wrong_values_are_named(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_settings(None, {name: value})


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.cfg", "[server"),
        ("a.cfg", "timeout = 1"),
        ("a.cfg", "[server]\ntimeout = 1\ntimeout = 2"),
        ("a.cfg", "[server]\ntimeout = ${nothing.here}"),
        ("a.json", "{"),
        ("a.json", "[1]"),
        ("a.json", '{"server": 1}'),
    ],
)
def test_a_file_that_is_no_config_is_named(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(ValueError, match=rf"GB-E128.*{file}"):
        load_settings(tmp_path / file, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="GB-E050"):
        load_settings(tmp_path / "none.cfg", {})


def test_every_setting_says_what_it_sets() -> None:
    listed = list(list_settings())
    assert len({setting.name for setting in listed}) == len(listed)
    assert all(setting.text.endswith(".") for setting in listed)


def test_the_example_config_names_every_setting_with_its_default() -> None:
    assert load_settings(EXAMPLE, {"server.url": "", "server.model": ""}) == SilverSettings()
    config = Config().from_disk(EXAMPLE)
    names = {
        section: {each.name for each in dataclasses.fields(group)}
        for section, group in SECTIONS.items()
    }
    assert {section: set(values) for section, values in config.items()} == names

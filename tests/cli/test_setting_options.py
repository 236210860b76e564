import pytest
import typer

from spacy_gliner_biomed.cli.setting_options import _take_settings

OLD = {"--timeout": ("server.timeout", None), "--no-relations": ("prompt.relations", False)}


@pytest.mark.parametrize(
    ("args", "rest", "overrides"),
    [
        (["in", "--server.timeout", "3", "-q"], ["in", "-q"], {"server.timeout": 3}),
        (['--server.body={"a": "b=c"}', "in"], ["in"], {"server.body": {"a": "b=c"}}),
        (["--run.cache", "a.cache", "--url", "x"], ["--url", "x"], {"run.cache": "a.cache"}),
        (["--no-relations", "in"], ["in"], {"prompt.relations": False}),
        (["--timeout", "3"], [], {"server.timeout": 3}),
        (["--", "--server.timeout", "3"], ["--", "--server.timeout", "3"], {}),
    ],
)
def test_settings_are_taken_out_of_the_arguments(
    args: list[str], rest: list[str], overrides: dict[str, object]
) -> None:
    found: dict[str, object] = {}
    assert _take_settings(args, OLD, found) == rest
    assert found == overrides


def test_a_setting_without_a_value_is_an_error() -> None:
    with pytest.raises(typer.BadParameter, match="requires a value"):
        _take_settings(["--server.timeout"], OLD, {})


@pytest.mark.parametrize(
    ("value", "problem"),
    [('{"a": 1, "a": 2}', "the key 'a' is repeated"), ("NaN", "NaN is no finite number")],
)
def test_json_that_says_nothing_definite_is_an_error(value: str, problem: str) -> None:
    with pytest.raises(typer.BadParameter, match=problem):
        _take_settings(["--server.body", value], OLD, {})


def test_an_old_option_says_how_to_write_it(capsys: pytest.CaptureFixture[str]) -> None:
    _take_settings(["--timeout", "3", "--no-relations", "--server.retries", "1"], OLD, {})
    first, second = capsys.readouterr().err.splitlines()
    assert "--timeout is deprecated: use --server.timeout" in first
    assert "--no-relations is deprecated: use --prompt.relations false" in second

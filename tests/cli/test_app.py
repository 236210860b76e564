import warnings

import pytest
import typer

from spacy_gliner_biomed.cli.app import reported


def test_error_with_a_code_becomes_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, reported():
        raise ValueError("[GB-E050] There is no file x.")
    assert exit_.value.exit_code == 1
    assert capsys.readouterr().err == "[GB-E050] There is no file x.\n"


def test_file_that_cannot_be_written_becomes_a_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit), reported():
        raise PermissionError(13, "Permission denied", "/out.jsonl")
    assert "Permission denied: '/out.jsonl'" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError("a fault of ours"), BrokenPipeError()])
def test_other_errors_keep_their_traceback(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, reported():
        raise error
    assert raised.value is error


@pytest.mark.filterwarnings("default:.GB-W001")
def test_warning_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    with reported():
        warnings.warn("[GB-W001] 3 entities were moved.", stacklevel=1)
    assert capsys.readouterr().err == "[GB-W001] 3 entities were moved.\n"


def test_a_file_that_ends_is_not_shown_as_aborted_by_the_user() -> None:
    with pytest.raises(RuntimeError, match="a file ended") as raised, reported():
        raise EOFError
    assert isinstance(raised.value.__cause__, EOFError)

"""Warnings point at the user's line; what a message quotes is short."""

import ast
import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spacy.language import Language

import spacy_gliner_biomed
from spacy_gliner_biomed.common.reporting import has_code, list_names, shorten, warn

PACKAGE = Path(spacy_gliner_biomed.__file__).parent


def line_of(call: Callable[[], object]) -> str:
    """The source line that the only warning of a call points at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    (warning,) = caught
    assert warning.filename == __file__
    return Path(warning.filename).read_text(encoding="utf8").splitlines()[warning.lineno - 1]


def test_a_warning_of_a_component_points_at_the_line_that_called_spacy(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp()
    assert "one word" in line_of(lambda: nlp("a" * 900))  # one word


def test_a_warning_of_add_pipe_points_at_that_line(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp()
    assert "repeated" in line_of(
        lambda: nlp.add_pipe("gliner_biomed", "repeated", config={"labels": ["a", "a"]})
    )


def test_a_warning_through_a_context_manager_points_at_its_user() -> None:
    @contextlib.contextmanager
    def warned() -> Iterator[None]:
        warn("x")
        yield

    def enter() -> None:
        with warned():
            pass

    assert "warn(" in line_of(enter)


def test_no_file_warns_by_itself() -> None:
    """`warnings.warn` with a fixed stack level points at a line of this package or of spaCy's."""
    for path in PACKAGE.rglob("*.py"):
        if path.name == "reporting.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            found = isinstance(node, ast.Attribute) and ast.unparse(node) == "warnings.warn"
            assert not found, f"{path}: use reporting.warn"


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("a\n b", "a b"),
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 97 + "..."),
        (ValueError("no\nsuch"), "no such"),
        (10**90, "1" + "0" * 90),
    ],
)
def test_what_is_quoted_is_one_short_line(found: object, shown: str) -> None:
    assert shorten(found) == shown


def test_long_lists_end_with_a_count() -> None:
    assert list_names([]) == "none"
    assert list_names(["b", "a"]) == "a, b"
    assert list_names((str(i) for i in range(1000, 2000)), 2) == "1000, 1001 and 998 more"


def test_only_codes_at_the_start_of_a_message_count() -> None:
    assert has_code(ValueError("[GB-E162] There is no document."), "GB-E053", "GB-E162")
    assert has_code("[E093] spaCy's")
    assert not has_code("[GB-E162] There is no document.", "GB-E053")
    assert not any(map(has_code, ("[Errno 2] No such file", "it says [GB-E162]", "")))

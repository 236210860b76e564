"""Show text to the user, without characters that a terminal would obey."""

import re

import typer

# Control characters (an escape character begins a terminal command), line ends other than "\n",
# marks that reverse the direction of text, and halves of surrogate pairs.
UNSAFE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
UNSAFE_CHARACTER = re.compile(f"[{UNSAFE}]")


def escape_controls(text: str) -> str:
    r"""Escape the characters that control a terminal or a page, as in "\x1b".

    text (str): The text.
    RETURNS (str): The text; line breaks, tabs and all other characters are unchanged.
    """
    return UNSAFE_CHARACTER.sub(lambda found: repr(found[0])[1:-1], text)


def echo(text: str, *, color: str | None = None) -> None:
    """Print a message on standard error; standard output is for results.

    text (str): The message. It may quote documents and file names: control characters are escaped.
    color (str | None): A colour as `typer.secho` takes it.
    """
    typer.secho(escape_controls(text), err=True, fg=color)

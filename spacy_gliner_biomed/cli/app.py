"""The command group, and the reporting of errors and warnings."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from spacy.cli._util import app

from spacy_gliner_biomed.common.reporting import has_code
from spacy_gliner_biomed.common.terminal import echo

HELP = "Find entities of any type with GLiNER models (spacy-gliner-biomed)."
INCOMPLETE = 3  # exit status: the run finished, but some documents or records failed
# For commands that override settings of a config as `spacy train` does.
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}

gliner_cli = typer.Typer(name="gliner", help=HELP, no_args_is_help=True, rich_markup_mode=None)
app.add_typer(gliner_cli)


@gliner_cli.callback()
def gliner() -> None:
    """Find entities of any type with GLiNER models (spacy-gliner-biomed)."""


@contextmanager
def reported() -> Iterator[None]:
    """Print warnings, and errors that have a code, as plain messages; exit with 1 on errors.

    An error without a code is a bug and keeps its traceback.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield
    except (ValueError, ImportError, OSError) as error:
        known = has_code(error) or isinstance(error, OSError)
        if isinstance(error, BrokenPipeError) or not known:
            raise
        echo(str(error), color=typer.colors.RED)
        raise typer.Exit(1) from error
    except EOFError as error:  # Click would print "Aborted!", as if the user had interrupted it
        raise RuntimeError("a file ended before its content did") from error


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    echo(str(message), color=typer.colors.YELLOW)

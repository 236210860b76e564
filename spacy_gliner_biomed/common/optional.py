"""Packages that only some inputs, outputs and engines need."""

from importlib import import_module
from typing import Any

from spacy_gliner_biomed.errors import Errors


def import_parquet(what: str) -> Any:
    """pyarrow.parquet.

    what (str): That needs it.
    RAISES (ImportError): If pyarrow is not installed; says how to.
    """
    return import_optional("pyarrow.parquet", what, extra="parquet")


def import_optional(module: str, what: str, *, extra: str) -> Any:
    """A module of a package that is an extra.

    RAISES (ImportError): If it is not installed; says how to.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        message = Errors.E107.format(what=what, package=package, extra=extra, error=error)
        raise ImportError(message) from error

"""Import packages that only some features need."""

from importlib import import_module
from typing import Any

from spacy_gliner_biomed.errors import Errors


def import_parquet(what: str) -> Any:
    """Import pyarrow.parquet.

    what (str): The feature that needs it, for the message.
    RETURNS (Any): The module.
    RAISES (ImportError): If pyarrow is not installed.
    """
    return import_optional("pyarrow.parquet", what, extra="parquet")


def import_optional(module: str, what: str, *, extra: str, hint: str = "") -> Any:
    """Import a module of a package that only an extra installs.

    module (str): The module.
    what (str): The feature that needs it, for the message.
    extra (str): The extra that installs the package.
    hint (str): A sentence that the message ends with.
    RETURNS (Any): The module.
    RAISES (ImportError): If the package is not installed, with the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        message = Errors.E107.format(what=what, package=package, extra=extra, error=error)
        raise ImportError(f"{message} {hint}".rstrip()) from error

"""Keep transformers from running Python code of a checkpoint."""

from typing import Any

from spacy_gliner_biomed.errors import Errors

# Arguments of each call of transformers that loads something.
NO_CODE: dict[str, Any] = {"trust_remote_code": False}


def refuse_code(error: Exception, what: str) -> None:
    """Raise an error with advice if transformers refused to run code.

    error (Exception): Any exception of a call with `NO_CODE`.
    what (str): The object to load, as the subject of the message.
    RAISES (ValueError): If the object needs code of its own.
    """
    if "trust_remote_code" in str(error):  # transformers has no exception class for this
        raise ValueError(Errors.E133.format(what=what)) from error

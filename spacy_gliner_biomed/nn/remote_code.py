"""No checkpoint's Python code is run: transformers would ask at a prompt, or be told to."""

from typing import Any

from spacy_gliner_biomed.errors import Errors

# Given to each call into transformers that loads something.
NO_CODE: dict[str, Any] = {"trust_remote_code": False}


def refuse_code(error: Exception, what: str) -> None:
    """Raise if transformers refused to run code.

    error (Exception): What a call with `NO_CODE` raised, for any reason.
    what (str): What was to be loaded, as the subject of the message.
    RAISES (ValueError): If the reason is that it needs its own code.
    """
    if "trust_remote_code" in str(error):  # transformers has no class for it
        raise ValueError(Errors.E133.format(what=what)) from error

"""Why a document could not be annotated, and how its line says so."""

import re
from collections.abc import Mapping
from typing import Any

from spacy_gliner_biomed.common.own_keys import free_key

TIMEOUT = "timeout"
UNREACHABLE = "server not reached"
SERVER_ERROR = "server error"
REFUSED = "request refused"
MALFORMED = "malformed answer"
TOO_LONG = "text too long for the model"

# Kinds that say something about the server rather than the text.
OF_SERVER = frozenset({TIMEOUT, UNREACHABLE, SERVER_ERROR, REFUSED})


class Failure(Exception):  # noqa: N818  it belongs to a document, and is no error of the program
    """A document that cannot be annotated.

    kind (str): One of the constants above.
    reason (str): Message for people.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason


FAILURE_KEY = "annotate_llm_failure"
NAMED_SO = re.compile(rf"{FAILURE_KEY}(_\d+)?")


def with_failure(line: Mapping[str, Any], failure: Failure) -> dict[str, Any]:
    """Return the line of a document that failed, with the reason under a key of its own.

    line (Mapping[str, Any]): Its id, text and metadata.
    failure (Failure): Why it failed.
    RETURNS (dict[str, Any]): The line. If the metadata has our key, a number follows it.
    """
    why = {"kind": failure.kind, "reason": failure.reason}
    return {**line, free_key(FAILURE_KEY, line): why}


def without_failure(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata without the reason of an earlier failure; the document is annotated again.

    meta (Mapping[str, Any]): What a line has besides its id and text.
    RETURNS (dict[str, Any]): All but what `with_failure` added.
    """
    return {name: value for name, value in meta.items() if not _is_failure(name, value)}


def _is_failure(name: str, value: Any) -> bool:
    is_ours = isinstance(value, dict) and value.keys() == {"kind", "reason"}
    return is_ours and NAMED_SO.fullmatch(name) is not None

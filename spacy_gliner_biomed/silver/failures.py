"""Why a document could not be annotated."""

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

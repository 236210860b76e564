"""Text in the form that other formats allow, with the same number of characters."""

import json
import re
from typing import Any

# Characters that XML and FHIR do not allow.
INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REPLACEMENT = "\ufffd"
# Characters that end a line or column for some program.
ONE_LINE = str.maketrans(dict.fromkeys("\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029", " "))


def xml_text(value: Any) -> str:
    """Return a value as text for XML: each character that is not allowed becomes U+FFFD.

    value (Any): A string, or a JSON value, which is written as JSON.
    RETURNS (str): Text of the same length.
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return INVALID.sub(REPLACEMENT, text)


def count_invalid(text: str) -> int:
    """Count the characters that `xml_text` replaces."""
    return len(INVALID.findall(text))


def utf8_text(value: Any) -> str:
    r"""Return a value as text that UTF-8 can hold: halves of surrogate pairs are escaped."""
    return str(value).encode("utf8", "backslashreplace").decode("utf8")


def one_line(text: str) -> str:
    """Return a text in one line: each line break or tab becomes one space, so offsets stay."""
    return text.translate(ONE_LINE)

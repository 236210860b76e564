"""Text in the form that other formats allow, with the same number of characters."""

import re
from collections.abc import Callable
from typing import Any

from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.documents.writing.attributes import as_text
from spacy_gliner_biomed.errors import Warnings

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
    return INVALID.sub(REPLACEMENT, as_text(value))


def xml_name(value: Any) -> str:
    r"""Return an id or key as text for XML: each character that is not allowed is escaped
    ("\u0001"), so that different names stay different.

    value (Any): A string, or a JSON value, which is written as JSON.
    RETURNS (str): The text.
    """
    return INVALID.sub(lambda found: f"\\u{ord(found[0]):04x}", as_text(value))


def count_invalid(value: Any) -> int:
    """Count the characters that `xml_text` replaces and `xml_name` escapes."""
    return len(INVALID.findall(as_text(value)))


def utf8_text(value: Any) -> str:
    r"""Return a value as text that UTF-8 can hold: halves of surrogate pairs are escaped."""
    return str(value).encode("utf8", "backslashreplace").decode("utf8")


def one_line(text: str) -> str:
    """Return a text in one line: each line break or tab becomes one space, so offsets stay."""
    return text.translate(ONE_LINE)


class LabelForms:
    """Labels in the form that a format allows; those that it changes are reported once.

    form (Callable[[str], str]): Returns a label in this form.
    format_ (str): The format, for the message.
    """

    def __init__(self, form: Callable[[str], str], format_: str) -> None:
        self.form = form
        self.format = format_
        self.known: dict[str, str] = {}

    def __call__(self, label: str) -> str:
        """Return a label in the form that is allowed."""
        if label not in self.known:
            self.known[label] = self.form(label)
        return self.known[label]

    def report(self) -> None:
        """Warn about the labels that were changed."""
        changed = {label: form for label, form in self.known.items() if label != form}
        if changed:
            found = list_names(f"{form!r} for {label!r}" for label, form in changed.items())
            warn(Warnings.W207.format(n=len(changed), format=self.format, found=found))

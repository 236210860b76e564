"""Makes text of documents safe to show: a terminal would obey some of its characters."""

import re

# Control characters (an escape begins a command to the terminal), ends of lines that are not
# "\n", marks that reverse the direction of text, and halves of surrogate pairs (no text at all).
UNSAFE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
UNSAFE_CHARACTER = re.compile(f"[{UNSAFE}]")


def escape_controls(text: str) -> str:
    r"""Write characters that change what a terminal or a page does as escapes such as "\x1b".

    text (str): Any text.
    RETURNS (str): The same text, line breaks and tabs included, but for such characters.
    """
    return UNSAFE_CHARACTER.sub(lambda found: repr(found[0])[1:-1], text)

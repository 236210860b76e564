"""Tell single-byte encodings by their names, and UTF-8 by its bytes."""

import codecs
from typing import BinaryIO

PIECE = 1 << 20  # bytes read at a time
UPPER_HALF = bytes(range(0x80, 0x100))


def is_single_byte(encoding: str) -> bool:
    """Return whether a name of an encoding stands for one with a byte for each character."""
    try:
        return len(UPPER_HALF.decode(encoding, "replace")) == len(UPPER_HALF)
    except UnicodeError:  # codecs for host names, such as idna, do not replace errors
        return False


def is_surely_utf8(stream: BinaryIO) -> bool:
    """Return whether bytes are valid UTF-8 with characters beyond ASCII.

    They are read in pieces, to the first byte that is not UTF-8. Text in a single-byte encoding has
    one wherever a letter with an accent does not happen to be followed by the right symbol.

    stream (BinaryIO): The bytes.
    """
    decoder, found = codecs.getincrementaldecoder("utf-8")(), False
    try:
        while piece := stream.read(PIECE):
            found |= not decoder.decode(piece).isascii()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return found

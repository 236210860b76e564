"""Open DocBins safely: a small file can be larger than the memory when it is unpacked."""

import zlib
from pathlib import Path

from spacy.tokens import DocBin

from spacy_gliner_biomed.common.archives import MAX_BYTES, MAX_RATIO

CHUNK = 1 << 16  # packed bytes that are unpacked at once, at most 1,032 times as many


def open_docbin(path: Path) -> DocBin:
    """Read a DocBin, with the user data of its Docs.

    path (Path): The file.
    RETURNS (DocBin): The DocBin.
    RAISES (ValueError): If the file is larger than the limits for ZIP archives when unpacked.
    RAISES (Exception): If it is damaged; depending on the damage, zlib, msgpack or key errors.
    """
    content = path.read_bytes()
    limit = max(MAX_BYTES, MAX_RATIO * len(content))
    if _is_larger(content, limit):
        raise ValueError(f"it has more than {limit:,} bytes unpacked, too many for its size")
    return DocBin(store_user_data=True).from_bytes(content)


def _is_larger(content: bytes, limit: int) -> bool:
    """Return whether a zlib stream has more bytes than a limit when it is unpacked."""
    unpack, size = zlib.decompressobj(), 0
    for start in range(0, len(content), CHUNK):
        size += len(unpack.decompress(content[start : start + CHUNK]))
        if size > limit:
            return True
    return False

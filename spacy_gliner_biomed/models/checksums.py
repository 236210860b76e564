"""SHA-256 of a checkpoint's files, stored beside them.

Without checksums, a flipped bit that leaves a number finite or a word readable would change results
unnoticed. Checkpoints that GLiNER wrote have no checksums; in these, only unreadable or impossible
values are detected.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.hashing import add_file, digest_of_values
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.hub import (
    CONFIG_NAME,
    EXTRAS_NAME,
    SAVED_FILES,
    TOKENIZER_NAME,
)
from spacy_gliner_biomed.nn.checkpoint_tensors import SAFETENSORS_NAME

KEY = "sha256"  # in the extras: digests by file name, including one of the extras themselves
# Reading these raises an error if they are missing; other files need not be there.
NEEDED = (CONFIG_NAME, SAFETENSORS_NAME, TOKENIZER_NAME)


def with_digests(folder: Path, extras: Mapping[str, Any]) -> dict[str, Any]:
    """Add digests to the extras: of the files in a folder, and of the extras themselves.

    folder (Path): A checkpoint that is complete except for the extras.
    extras (Mapping[str, Any]): The content of the extras file.
    RETURNS (dict[str, Any]): The extras with the digests.
    """
    others = [name for name in SAVED_FILES if name != EXTRAS_NAME and (folder / name).is_file()]
    digests = {name: _digest(folder / name) for name in others}
    digests[EXTRAS_NAME] = digest_of_values(extras)
    return {**extras, KEY: digests}


def check_digests(folder: Path, extras: Mapping[str, Any]) -> None:
    """Compare the files of a folder with the digests in its extras. Digests may be missing.

    folder (Path): A checkpoint.
    extras (Mapping[str, Any]): The content of its extras file.
    RAISES (ValueError): If a file differs from its digest, or is missing.
    """
    digests = extras.get(KEY, {})
    if not isinstance(digests, dict):
        raise ValueError(Errors.E016.format(path=folder / EXTRAS_NAME, error=f"no {KEY!r} in it"))
    for name, expected in digests.items():
        path = folder / name
        if name == EXTRAS_NAME:
            found = digest_of_values({key: extras[key] for key in extras if key != KEY})
        elif path.is_file():
            found = _digest(path)
        elif name in NEEDED:
            continue
        else:
            raise ValueError(Errors.E391.format(path=path, extras=EXTRAS_NAME))
        if found != expected:
            raise ValueError(Errors.E135.format(path=path, extras=EXTRAS_NAME))


def _digest(path: Path) -> str:
    """Return a file's digest. For JSON, line ends are ignored, because git may change them."""
    if path.suffix == ".json":
        return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
    digest = hashlib.sha256()
    add_file(digest, path)
    return digest.hexdigest()

"""Arrays in one file, mapped into memory when it is opened: the safetensors format.

safetensors' own reader copies what it reads; terminologies are read in small parts.
"""

import hashlib
import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save, save_file

from spacy_gliner_biomed.common.files import replace_file
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors

Arrays = dict[str, NDArray[Any]]

DTYPES = {"U8": "u1", "I16": "<i2", "I32": "<i4", "U32": "<u4", "I64": "<i8", "U64": "<u8"}
DTYPES["F32"] = "<f4"
CHECKSUM = "sha256"  # in the description, of all else
# What damaged JSON and numbers in it raise.
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write arrays with a description that JSON can hold.

    RAISES (ValueError): If the path is no regular file, such as a folder or a device.
    """
    # It takes its name in the end: the file may be the one that the arrays are mapped from.
    with replace_file(path) as part:
        save_file(_contiguous(arrays), part, metadata={"about": json.dumps(about)})


def dump_arrays(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> bytes:
    """The bytes that `write_arrays` writes."""
    content: bytes = save(_contiguous(arrays), metadata={"about": json.dumps(about)})
    return content


def open_arrays(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Map a file's arrays into memory, read-only.

    RAISES (ValueError): If the file is not of this kind, or is cut off.
    """
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    with path.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:  # an empty file
            raise ValueError(Errors.E083.format(path=path, error=error)) from error
    return parse_arrays(data, path)


def parse_arrays(data: bytes | mmap.mmap, path: object) -> tuple[Arrays, dict[str, Any]]:
    """The arrays in a file's content; they share its memory.

    RAISES (ValueError): If it is not of this kind, or is cut off.
    """
    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size].decode("utf8"))
        about = json.loads(header.pop("__metadata__")["about"])
        if not isinstance(about, dict):
            raise ValueError("its description is no object")
        _check_layout(header, len(data) - 8 - size)
        arrays = {name: _view(data, 8 + size, entry) for name, entry in header.items()}
    except DAMAGE as error:
        problem = shorten(f"{type(error).__name__}: {error}")
        raise ValueError(Errors.E083.format(path=path, error=problem)) from error
    return arrays, about


def checksum(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> str:
    """SHA-256 of arrays and of their description but for a checksum in it, as hexadecimal."""
    described = {key: value for key, value in about.items() if key != CHECKSUM}
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode("ascii"))
    for name, array in sorted(_contiguous(arrays).items()):
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.view(np.uint8).data)
    return digest.hexdigest()


def verify(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], path: object) -> None:
    """Read all arrays, and compare the checksum that was made of them when they were new.

    path (object): For messages.
    RAISES (ValueError): If it is another, or if there is none.
    """
    expected = about.get(CHECKSUM)
    if expected is None:
        raise ValueError(Errors.E153.format(path=path))
    found = checksum(arrays, about)
    if found != expected:
        raise ValueError(Errors.E152.format(path=path, found=found, expected=shorten(expected)))


def _check_layout(header: Mapping[str, Any], n_bytes: int) -> None:
    """Arrays of one axis have to follow each other without gaps, and to fill the file.

    RAISES (ValueError): If they do not.
    """
    end = 0
    for entry in sorted(header.values(), key=lambda entry: entry["data_offsets"]):
        first, last = entry["data_offsets"]
        (length,) = entry["shape"]
        size = length * np.dtype(DTYPES[entry["dtype"]]).itemsize
        if first != end or size != last - first or length < 0:
            raise ValueError("arrays overlap, or have another size than is said of them")
        end = last
    if end != n_bytes:
        raise ValueError(f"it has {n_bytes:,} bytes of arrays instead of {end:,}")


def _view(data: bytes | mmap.mmap, start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    dtype = np.dtype(DTYPES[entry["dtype"]])
    return np.frombuffer(data, dtype, entry["shape"][0], start + entry["data_offsets"][0])


def _contiguous(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}

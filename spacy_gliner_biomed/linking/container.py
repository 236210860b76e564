"""Arrays in one file, mapped into memory when it is opened: the safetensors format.

safetensors' own reader copies what it reads; terminologies are read in small parts.
"""

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save, save_file

from spacy_gliner_biomed.errors import Errors

Arrays = dict[str, NDArray[Any]]

DTYPES = {"U8": "u1", "I16": "<i2", "I32": "<i4", "U32": "<u4", "I64": "<i8", "U64": "<u8"}
DTYPES["F32"] = "<f4"


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write arrays with a description that JSON can hold."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # To another name first: the file may be the one that the arrays are mapped from.
    part = path.with_name(path.name + ".part")
    save_file(_contiguous(arrays), part, metadata={"about": json.dumps(about)})
    part.chmod(0o644)  # safetensors lets only the owner read it
    part.replace(path)


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
        arrays = {name: _view(data, 8 + size, entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, OverflowError, MemoryError) as error:
        raise ValueError(Errors.E083.format(path=path, error=error)) from error
    return arrays, about


def _view(data: bytes | mmap.mmap, start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    dtype = np.dtype(DTYPES[entry["dtype"]])
    first, last = entry["data_offsets"]
    return np.frombuffer(data, dtype, (last - first) // dtype.itemsize, start + first)


def _contiguous(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}

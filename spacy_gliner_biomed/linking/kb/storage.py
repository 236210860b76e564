"""Arrays in one safetensors file that is mapped into memory, and the checks of a knowledge base.

The reader of safetensors copies what it reads; a knowledge base is read in small parts. When it is
opened, types, lengths, bounds and order are checked, so that no lookup leaves an array or asks for
more memory than the file has bytes. Only the checksum reveals wrong strings and numbers.
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

from spacy_gliner_biomed.common.new_files import replace_file
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.ngrams import NgramIndex
from spacy_gliner_biomed.linking.kb.tables import Arrays, HashTable, StringTable, Tables

DTYPES = {"U8": "u1", "I16": "<i2", "I32": "<i4", "U32": "<u4", "I64": "<i8", "U64": "<u8"}
DTYPES["F32"] = "<f4"
# The types of arrays, by the last part of their names. They are those of the annotations in
# `tables`, which cannot be read at run time: what `NDArray` is differs between versions of numpy.
TYPES: dict[str, type[np.generic]] = {
    "data": np.uint8,
    "types": np.int16,
    **dict.fromkeys(("rows", "concepts", "forms"), np.int32),
    **dict.fromkeys(("offsets", "first_names", "first_types", "first_forms"), np.int64),
    "codes": np.uint32,
    "hashes": np.uint64,
    **dict.fromkeys(("idf", "norms"), np.float32),
}
CHECKSUM = "sha256"  # key in the description; covers everything else
# The exceptions that damaged JSON, or numbers in it, can raise.
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write arrays with a description.

    path (Path): The file.
    arrays (Mapping[str, NDArray]): Arrays by name.
    about (Mapping[str, Any]): The description; must be JSON.
    RAISES (ValueError): If the path is not a regular file but a folder or a device.
    """
    # The file is replaced at the end, since the arrays may be mapped from it.
    with replace_file(path) as part:
        save_file(_contiguous(arrays), part, metadata={"about": json.dumps(about)})


def dump_arrays(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> bytes:
    """Return the bytes that `write_arrays` writes."""
    content: bytes = save(_contiguous(arrays), metadata={"about": json.dumps(about)})
    return content


def open_arrays(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Map the arrays of a file into memory, read-only.

    path (Path): The file.
    RETURNS (tuple[Arrays, dict[str, Any]]): Arrays by name, and the description.
    RAISES (ValueError): If the file is missing, has another format or is truncated.
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
    """Read the arrays in the content of a file; they share its memory.

    data (bytes | mmap): The content.
    path (object): The file, for messages.
    RETURNS (tuple[Arrays, dict[str, Any]]): Arrays by name, and the description.
    RAISES (ValueError): If the content has another format or is truncated.
    """
    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size].decode("utf8"))
        about = json.loads(header.pop("__metadata__")["about"])
        if not isinstance(about, dict):
            raise ValueError("its description is not an object")
        _check_layout(header, len(data) - 8 - size)
        arrays = {name: _view(data, 8 + size, entry) for name, entry in header.items()}
    except DAMAGE as error:
        problem = shorten(f"{type(error).__name__}: {error}")
        raise ValueError(Errors.E083.format(path=path, error=problem)) from error
    return arrays, about


def checksum(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> str:
    """Return the SHA-256 of arrays and description, without a checksum in it, as hexadecimal."""
    described = {key: value for key, value in about.items() if key != CHECKSUM}
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode("ascii"))
    for name, array in sorted(_contiguous(arrays).items()):
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.view(np.uint8).data)
    return digest.hexdigest()


def verify(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any], path: object) -> None:
    """Read all arrays and compare their checksum with the one in the description.

    arrays (Mapping[str, NDArray]): Arrays by name.
    about (Mapping[str, Any]): The description.
    path (object): The file, for messages.
    RAISES (ValueError): If the checksums differ, or there is none.
    """
    expected = about.get(CHECKSUM)
    if expected is None:
        raise ValueError(Errors.E153.format(path=path))
    found = checksum(arrays, about)
    if found != expected:
        raise ValueError(Errors.E152.format(path=path, found=found, expected=shorten(expected)))


def _check_layout(header: Mapping[str, Any], n_bytes: int) -> None:
    """Check that one-dimensional arrays follow each other without gaps and fill the file.

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


Array = NDArray[Any]


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """RAISES (ValueError): If a value has the wrong type."""
    types, rewrites = manifest.get("types"), manifest.get("rewrites")
    if not isinstance(manifest.get("name"), str):
        raise ValueError("its name is not a string")
    if not _are_texts(types):
        raise ValueError("its types are not a list of strings")
    if not isinstance(rewrites, dict) or not all(map(_are_texts, rewrites.values())):
        raise ValueError("its rewrites are not lists of strings")


def check_tables(tables: Tables, manifest: Mapping[str, Any]) -> None:
    """Check all arrays against each other and the manifest.

    RAISES (ValueError): Names the first array that is wrong.
    """
    _check_types(tables)
    n_concepts, n_names, n_forms = len(tables.ids), len(tables.names), len(tables.ngrams)
    for name, length in (("concepts", n_concepts), ("names", n_names)):
        if manifest.get(name) != length or not length:
            raise ValueError(f"it has {length:,} {name} instead of {manifest.get(name)!r}")
    _check_strings("ids", tables.ids, n_concepts)
    _check_strings("definitions", tables.definitions, n_concepts)
    _check_strings("names", tables.names, n_names)
    _check_offsets("first_names", tables.first_names, n_concepts, n_names, min_items=1)
    _check_rows("concepts", tables.concepts, n_names, n_concepts)
    _check_offsets("first_types", tables.first_types, n_concepts, len(tables.types))
    _check_rows("types", tables.types, len(tables.types), len(manifest["types"]))
    _check_offsets("first_forms", tables.first_forms, n_forms, n_names, min_items=1)
    _check_rows("forms", tables.forms, n_names, n_names)
    _check_hashes("by_id", tables.by_id, n_concepts, n_concepts)
    _check_hashes("by_fold", tables.by_fold, n_names, n_names)
    _check_hashes("by_sequence", tables.by_sequence, n_names, n_names)
    _check_hashes("by_acronym", tables.by_acronym, len(tables.by_acronym.rows), n_names)
    _check_hashes("by_bag", tables.by_bag, n_forms, n_forms)
    _check_ngrams(tables.ngrams)


def _check_types(tables: Tables) -> None:
    for name, array in tables.flat().items():
        expected = np.dtype(TYPES[name.rpartition(".")[2]])
        if array.dtype != expected:
            raise ValueError(f"the array {name!r} is of type {array.dtype} instead of {expected}")


def _check_strings(name: str, strings: StringTable, length: int) -> None:
    _check_offsets(f"{name}.offsets", strings.offsets, length, len(strings.data))


def _check_hashes(name: str, table: HashTable, length: int, n_rows: int) -> None:
    _check_ascending(f"{name}.hashes", table.hashes, length)
    _check_rows(f"{name}.rows", table.rows, length, n_rows)


def _check_ngrams(ngrams: NgramIndex) -> None:
    n_codes, n_rows = len(ngrams.codes), len(ngrams)
    _check_ascending("ngrams.codes", ngrams.codes, n_codes)
    _check_offsets("ngrams.offsets", ngrams.offsets, n_codes, len(ngrams.rows), min_items=1)
    _check_rows("ngrams.rows", ngrams.rows, len(ngrams.rows), n_rows)
    _check_range("ngrams.idf", ngrams.idf, n_codes, 0, 1 + np.log1p(n_rows))
    _check_range("ngrams.norms", ngrams.norms, n_rows, 0, 1)


def _check_offsets(
    name: str, offsets: Array, n_parts: int, total: int, *, min_items: int = 0
) -> None:
    """Check the starts of parts and the end of the last; each part has at least `min_items`."""
    _check_length(name, offsets, n_parts + 1)
    # Checked first, so that the differences cannot overflow.
    _check_range(name, offsets, n_parts + 1, 0, total)
    if offsets[0] != 0 or offsets[-1] != total or np.any(np.diff(offsets) < min_items):
        raise ValueError(f"the array {name!r} is not in order")


def _check_ascending(name: str, array: Array, length: int) -> None:
    _check_length(name, array, length)
    if np.any(array[1:] < array[:-1]):
        raise ValueError(f"the array {name!r} is not in order")


def _check_rows(name: str, rows: Array, length: int, n_rows: int) -> None:
    _check_range(name, rows, length, 0, n_rows - 1)


def _check_range(name: str, array: Array, length: int, minimum: float, maximum: float) -> None:
    _check_length(name, array, length)
    # Not "if outside": comparisons with NaN are false.
    if length and not (array.min() >= minimum and array.max() <= maximum):
        raise ValueError(
            f"the array {name!r} has values that are not from {minimum} to {maximum:g}"
        )


def _check_length(name: str, array: Array, length: int) -> None:
    if len(array) != length:
        raise ValueError(f"the array {name!r} has {len(array):,} values instead of {length:,}")


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)

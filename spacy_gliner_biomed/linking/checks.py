"""Checks the arrays of a terminology when it is opened: what a damaged one could do harm by.

Types, lengths, bounds and order are checked, so that no lookup leaves an array or asks for more
memory than the file has bytes. That strings and numbers are right, only the checksum tells.
"""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from spacy_gliner_biomed.linking.ngrams import NgramIndex
from spacy_gliner_biomed.linking.strings import HashTable, StringTable
from spacy_gliner_biomed.linking.tables import Tables

Array = NDArray[Any]


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """RAISES (ValueError): If a value that is used has another form."""
    types, rewrites = manifest.get("types"), manifest.get("rewrites")
    if not isinstance(manifest.get("name"), str):
        raise ValueError("its name is no text")
    if not _are_texts(types):
        raise ValueError("its types are no list of texts")
    if not isinstance(rewrites, dict) or not all(map(_are_texts, rewrites.values())):
        raise ValueError("its rewrites are no lists of texts")


def check_tables(tables: Tables, manifest: Mapping[str, Any]) -> None:
    """Check all arrays against each other and the manifest.

    RAISES (ValueError): For the first that is wrong.
    """
    _check_types(tables)
    n_concepts, n_names, n_forms = len(tables.ids), len(tables.names), len(tables.ngrams)
    for name, length in (("concepts", n_concepts), ("names", n_names)):
        if manifest.get(name) != length or not length:
            raise ValueError(f"it has {length:,} {name} instead of {manifest.get(name)!r}")
    _check_strings("ids", tables.ids, n_concepts)
    _check_strings("definitions", tables.definitions, n_concepts)
    _check_strings("names", tables.names, n_names)
    _check_offsets("first_names", tables.first_names, n_concepts, n_names, least=1)
    _check_rows("concepts", tables.concepts, n_names, n_concepts)
    _check_offsets("first_types", tables.first_types, n_concepts, len(tables.types))
    _check_rows("types", tables.types, len(tables.types), len(manifest["types"]))
    _check_offsets("first_forms", tables.first_forms, n_forms, n_names, least=1)
    _check_rows("forms", tables.forms, n_names, n_names)
    _check_hashes("by_id", tables.by_id, n_concepts, n_concepts)
    _check_hashes("by_fold", tables.by_fold, n_names, n_names)
    _check_hashes("by_sequence", tables.by_sequence, n_names, n_names)
    _check_hashes("by_acronym", tables.by_acronym, len(tables.by_acronym.rows), n_names)
    _check_hashes("by_bag", tables.by_bag, n_forms, n_forms)
    _check_ngrams(tables.ngrams)


def _check_types(tables: Tables) -> None:
    for name, array in tables.flat().items():
        kind, _, part = name.rpartition(".")
        owner = type(getattr(tables, kind)) if kind else Tables
        # NDArray[np.int64] is ndarray[shape, dtype[int64]].
        expected = np.dtype(get_args(get_args(get_type_hints(owner)[part])[1])[0])
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
    _check_offsets("ngrams.offsets", ngrams.offsets, n_codes, len(ngrams.rows), least=1)
    _check_rows("ngrams.rows", ngrams.rows, len(ngrams.rows), n_rows)
    _check_range("ngrams.idf", ngrams.idf, n_codes, 0, 1 + np.log1p(n_rows))
    _check_range("ngrams.norms", ngrams.norms, n_rows, 0, 1)


def _check_offsets(name: str, offsets: Array, n_parts: int, total: int, *, least: int = 0) -> None:
    """Where parts begin, and the last ends; each has at least so many items."""
    _check_length(name, offsets, n_parts + 1)
    # Ascending first and last ones bound all others: a difference cannot overflow unseen.
    _check_range(name, offsets, n_parts + 1, 0, total)
    if offsets[0] != 0 or offsets[-1] != total or np.any(np.diff(offsets) < least):
        raise ValueError(f"the array {name!r} is not in order")


def _check_ascending(name: str, array: Array, length: int) -> None:
    _check_length(name, array, length)
    if np.any(array[1:] < array[:-1]):
        raise ValueError(f"the array {name!r} is not in order")


def _check_rows(name: str, rows: Array, length: int, n_rows: int) -> None:
    _check_range(name, rows, length, 0, n_rows - 1)


def _check_range(name: str, array: Array, length: int, least: float, most: float) -> None:
    _check_length(name, array, length)
    # Not "if outside": NaN is neither inside nor outside.
    if length and not (array.min() >= least and array.max() <= most):
        raise ValueError(f"the array {name!r} has values that are not from {least} to {most:g}")


def _check_length(name: str, array: Array, length: int) -> None:
    if len(array) != length:
        raise ValueError(f"the array {name!r} has {len(array):,} values instead of {length:,}")


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)

"""Read files of `torch.save` as tensors and plain values, without running code; detect damage."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import ZipFile, is_zipfile

import torch

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors

# Earlier versions can run code of a file in spite of `weights_only=True`.
SAFE_TORCH = (2, 10)


def load_pickled(path: Path, message: str) -> Any:
    """Load a file of tensors and plain values, on the CPU.

    path (Path): Written by `torch.save`.
    message (str): The error message for a file that cannot be read, with {path} and {error}.
    RETURNS (Any): What was saved.
    RAISES (ValueError): If this version of torch is not safe, or if the file is damaged or holds
        other objects. Files of torch before 1.6 have no checksums, so damage may go unnoticed.
    """
    if torch.__version__ < SAFE_TORCH:  # type: ignore[operator]
        raise ValueError(Errors.E134.format(path=path, found=torch.__version__))
    try:
        if is_zipfile(path):
            _check_records(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:  # torch's message advises to run the code in the file
        problem = "it contains objects other than tensors, or is damaged"
        raise ValueError(message.format(path=path, error=problem)) from error
    except Exception as error:  # a damaged file can raise any exception
        raise ValueError(message.format(path=path, error=shorten(error))) from error


def _check_records(path: Path) -> None:
    """Compare a file's records with their checksums, which torch writes but does not check.

    RAISES (ValueError): For the first record that differs from its checksum.
    """
    with ZipFile(path) as file:
        damaged = file.testzip()
    if damaged is not None:
        raise ValueError(f"it is damaged (the checksum of its record {damaged!r} differs)")

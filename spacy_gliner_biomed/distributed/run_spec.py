"""What all workers of a run have in common, and how they write although a disk is full."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import Results
from spacy_gliner_biomed.errors import Errors

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  # seconds between two tries to write

T = TypeVar("T")


@dataclass(frozen=True)
class RunSpec:
    """What all workers of a run have in common.

    config (AnnotatorConfig): How documents are annotated.
    storage (Storage): Where results go.
    threads (int | None): Of torch, in each process.
    patience (float): Seconds for which writing is tried again, when it fails.
    """

    config: AnnotatorConfig
    storage: Storage
    threads: int | None = None
    patience: float = 600.0

    def absolute(self) -> "RunSpec":
        """The same work with paths that are right in any working directory."""
        pipeline, code = self.config.pipeline, self.config.code
        if pipeline is not None and Path(pipeline).is_dir():
            pipeline = str(Path(pipeline).resolve())
        config = replace(self.config, pipeline=pipeline, code=code and code.resolve())
        storage = self.storage.absolute()
        return replace(self, config=config, storage=storage)

    def write_error(self, error: str) -> OSError:
        """What ends a run that cannot write its results."""
        path, seconds = self.storage.folder, round(self.patience)
        return OSError(Errors.E105.format(path=path, seconds=seconds, error=error))


def write_with_retries(
    spec: RunSpec, name: str, results: Results, report: Callable[[str], None]
) -> None:
    """Write a partition; see `retry_on_oserror`."""
    retry_on_oserror(partial(spec.storage.write, name, results), spec.patience, report)


def retry_on_oserror(write: Callable[[], T], patience: float, report: Callable[[str], None]) -> T:
    """Write something; if the disk is full, try again for some time.

    patience (float): For how many seconds.
    report (Callable): Is told of each failure.
    RAISES (OSError): The last failure, when the time is over.
    """
    waited, pause = 0.0, FIRST_PAUSE
    while True:
        try:
            return write()
        except OSError as error:
            if waited >= patience:
                raise
            report(str(error))
        time.sleep(pause)
        waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE)


def format_error(error: Exception) -> str:
    """A message with a code as it is; what is no known mistake with its traceback."""
    text = str(error)
    known = text.startswith(("[GB-", "[E"))
    return text if known else "".join(traceback.format_exception(error))

"""The settings that all workers of a run share, and writing with retries."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from spacy_gliner_biomed.common.reporting import has_code
from spacy_gliner_biomed.common.retrying import retry_on_oserror
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import Results
from spacy_gliner_biomed.errors import Errors


@dataclass(frozen=True)
class RunSpec:
    """The settings that all workers of a run share.

    config (AnnotatorConfig): How documents are annotated.
    storage (Storage): Where results are written.
    threads (int | None): Number of torch threads in each process; None keeps torch's default.
    patience (float): Seconds for which a failing write is retried.
    weights (Path | None): A file for weights that workers share, see `nn.mapped_weights`.
    """

    config: AnnotatorConfig
    storage: Storage
    threads: int | None = None
    patience: float = 600.0
    weights: Path | None = None

    def absolute(self) -> "RunSpec":
        """Return a copy whose paths are valid in any working directory."""
        pipeline, code = self.config.pipeline, self.config.code
        if pipeline is not None and Path(pipeline).is_dir():
            pipeline = str(Path(pipeline).resolve())
        linking = self.config.linking and self.config.linking.absolute()
        config = replace(
            self.config, pipeline=pipeline, code=code and code.resolve(), linking=linking
        )
        storage = self.storage.absolute()
        return replace(self, config=config, storage=storage)

    def write_error(self, error: str) -> OSError:
        """Make the error that ends a run whose results cannot be written."""
        path, seconds = self.storage.folder, round(self.patience)
        return OSError(Errors.E105.format(path=path, seconds=seconds, error=error))


def write_with_retries(
    spec: RunSpec, name: str, results: Results, report: Callable[[str], None]
) -> None:
    """Write a partition; if that fails, retry as `retry_on_oserror` does.

    spec (RunSpec): The run, with its storage and patience.
    name (str): The partition's name.
    results (Results): The partition's results.
    report (Callable[[str], None]): Called with the message of each failure.
    RAISES (OSError): The last failure, when the patience is used up.
    """
    retry_on_oserror(partial(spec.storage.write, name, results), spec.patience, report)


def format_error(error: Exception) -> str:
    """Return the message of an error that has a code, and the traceback of any other error."""
    return str(error) if has_code(error) else "".join(traceback.format_exception(error))

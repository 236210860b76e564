"""Make the settings and the engine of a run from options, for the command and for Python."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.optional import import_parquet
from spacy_gliner_biomed.common.settings_dict import check_choice
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.corpus_run import Engine
from spacy_gliner_biomed.distributed.exports import EXPORTS, TABLES, make_export
from spacy_gliner_biomed.distributed.local_engine import LocalEngine
from spacy_gliner_biomed.distributed.ray_engine import RayEngine
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from spacy_gliner_biomed.documents.pipelines import parse_labels, parse_relations
from spacy_gliner_biomed.documents.writing.run_settings import make_writing_options
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.linker_options import LinkerOptions

FORMATS = (*TABLES, *EXPORTS)
ENGINES = ("local", "ray")


def make_run_spec(
    output: Path | str,
    pipeline: str,
    options: Mapping[str, Any],
    *,
    format_: str = "parquet",
    max_characters: int | None = None,
    batch_size: int = 64,
    threads: int | None = None,
    patience: float = 600,
    linking: LinkerOptions | None = None,
    code: Path | None = None,
    attributes: str | None = None,
    fhir_mapping: Path | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> RunSpec:
    """Make the settings of a run.

    output (Path | str): The output folder, or a URL.
    pipeline (str): Folder or package of a pipeline, or "packaged".
    options (Mapping[str, Any]): Settings of the component; `labels` and `relations` as on the
        command line, or lists. None keeps the pipeline's own.
    format_ (str): One of `FORMATS`.
    max_characters (int | None): Maximum length of a text; None for no limit.
    batch_size (int): Documents per batch.
    threads (int | None): Number of torch threads; None keeps torch's default.
    patience (float): Seconds for which failing writes are retried.
    linking (LinkerOptions | None): Adds a linker; None for the pipeline as it is.
    code (Path | None): A Python file with custom components.
    attributes (str | None): Custom attributes to write, separated by commas.
    fhir_mapping (Path | None): A file that changes the mapping to FHIR.
    storage_options (Mapping[str, Any] | None): For a URL, arguments of the file system of fsspec.
    RETURNS (RunSpec): The settings.
    RAISES (ValueError): If an option is invalid.
    RAISES (ImportError): If the format needs a package that is not installed.
    """
    _check_format(format_)
    writing = make_writing_options(attributes, fhir_mapping)
    if code is not None and not code.is_file():
        raise ValueError(Errors.E050.format(path=code))
    given = {
        **options,
        "labels": _parse(parse_labels, options.get("labels")),
        "relations": _parse(parse_relations, options.get("relations")),
    }
    config = AnnotatorConfig(
        pipeline=None if pipeline == "packaged" else pipeline,
        options={key: value for key, value in given.items() if value is not None},
        code=code,
        linking=linking,
        batch_size=batch_size,
        max_characters=max_characters,
        export=format_ if format_ in EXPORTS else None,
        attributes=writing.attributes,
        fhir=writing.fhir,
    )
    return RunSpec(config, Storage(output, format_, options=storage_options), threads, patience)


def make_engine(
    name: str,
    spec: RunSpec,
    *,
    workers: int = 1,
    min_workers: int | None = None,
    gpus_per_worker: float = 0.0,
    address: str | None = None,
) -> Engine:
    """Make an engine.

    name (str): One of `ENGINES`.
    spec (RunSpec): The run.
    workers (int): Maximum number of workers.
    min_workers (int | None): Number of Ray actors at the start; None starts all of them.
    gpus_per_worker (float): 0.5 for two workers on one GPU; 0 uses the pipeline's own device.
    address (str | None): Address of a Ray cluster; None starts Ray on this machine.
    RETURNS (Engine): The engine.
    RAISES (ImportError): If a package that the engine needs is not installed.
    """
    check_choice("engine", name, ENGINES)
    if name == "ray":
        return RayEngine(
            spec,
            n_workers=workers,
            min_workers=min_workers,
            gpus_per_worker=gpus_per_worker,
            address=address,
        )
    return LocalEngine(spec, n_workers=workers, gpus_per_worker=gpus_per_worker)


def _check_format(name: str) -> None:
    """Raise ValueError if there is no such format, and ImportError if its package is missing."""
    check_choice("format", name, FORMATS)
    if name == "parquet":
        import_parquet("--format parquet (the default)")
    if name in EXPORTS:
        make_export(name)


def _parse(parse: Callable[[str | None], Any], value: Any) -> Any:
    """Parse labels or relations.

    RAISES (ValueError): If one holds half of a surrogate pair, which JSON cannot store. Arguments
        that are not in the terminal's encoding have such halves.
    """
    text = value if value is None or isinstance(value, str) else json.dumps(list(value))
    parsed = parse(text)
    try:
        check_text(json.dumps(parsed, ensure_ascii=False))
    except ValueError as error:
        raise ValueError(Errors.E171.format(found=error)) from error
    return parsed

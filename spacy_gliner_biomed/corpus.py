"""Annotate a corpus in Python: `read(...).annotate(...).write(...)`, as `annotate-corpus` does.

Importing this module imports torch and spaCy; `import spacy_gliner_biomed` does not.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spacy.language import Language

from spacy_gliner_biomed.common.object_store import as_location
from spacy_gliner_biomed.common.optional import import_parquet
from spacy_gliner_biomed.common.settings_dict import check_choice
from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.cpus import default_workers
from spacy_gliner_biomed.distributed.item_corpus import ItemCorpus
from spacy_gliner_biomed.distributed.partitioning import PartitionedCorpus
from spacy_gliner_biomed.distributed.records import partition_order
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import COLUMNS
from spacy_gliner_biomed.distributed.run_setup import make_engine, make_run_spec
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.linker_options import LinkerOptions
from spacy_gliner_biomed.training.formats.options import ReadOptions

StorageOptions = Mapping[str, Any] | None


@dataclass(frozen=True)
class Documents:
    """Documents to annotate; nothing has been read yet. See `read`."""

    source: Any
    reading: ReadOptions
    storage_options: StorageOptions = None

    def annotate(
        self,
        pipeline: Language | str | Path = "packaged",
        *,
        labels: str | Sequence[Any] | None = None,
        relations: str | Sequence[Any] | None = None,
        threshold: float | None = None,
        precision: str | None = None,
        workers: int = 1,
        **options: Any,
    ) -> "AnnotatedDocuments":
        """Set how to annotate; nothing is run yet.

        pipeline (Language | str | Path): A pipeline; or its folder or package, or "packaged".
        labels, relations (str | Sequence | None): The labels of entities, and the relations between
            them; None for the pipeline's own.
        threshold (float | None): Minimum score; None for the pipeline's own.
        precision (str | None): As in the settings of the component.
        workers (int): Number of worker processes, or of Ray actors; 0 for one for each core that
            this process may use, as far as there is memory.
        options (Any): Further options of `annotate-corpus` by their names: engine, min_workers,
            threads, gpus_per_worker, address, max_characters, batch_size, code, kb, link.
        RETURNS (AnnotatedDocuments): The documents; their method `write` runs the annotation.
        """
        settings: dict[str, Any] = {"labels": labels, "relations": relations}
        settings |= {"threshold": threshold, "precision": precision}
        return AnnotatedDocuments(self, pipeline, settings, workers or default_workers(), **options)


@dataclass(frozen=True)
class AnnotatedDocuments:
    """Documents that are annotated when they are written. See `Documents.annotate`."""

    documents: Documents
    pipeline: Language | str | Path
    settings: dict[str, Any]
    workers: int = 1
    engine: str = "local"
    min_workers: int | None = None
    threads: int | None = None
    gpus_per_worker: float = 0.0
    address: str | None = None
    max_characters: int | None = None
    batch_size: int = 64
    code: str | Path | None = None
    kb: Sequence[Path] | None = None
    link: Sequence[str] = field(default_factory=list)

    def write(
        self,
        output: str | Path,
        *,
        format: str = "parquet",
        resume: bool = False,
        partition_size: int = 1000,
        attributes: Sequence[str] = (),
        fhir_mapping: Path | None = None,
        patience: float = 600,
        progress: bool = True,
        storage_options: StorageOptions = None,
    ) -> dict[str, Any]:
        """Read, annotate and write all documents, as `annotate-corpus` does.

        output (str | Path): A new or empty folder, or a URL.
        format (str): As the option of the command.
        resume (bool): Whether to continue an interrupted run. Not possible for an iterator.
        partition_size (int): Maximum number of documents in a partition.
        attributes (Sequence[str]): Custom attributes to write, `ent._.NAME`.
        fhir_mapping (Path | None): A file that changes the mapping to FHIR.
        patience (float): Seconds for which failing writes are retried.
        progress (bool): Whether to show a progress line, on a terminal.
        storage_options (Mapping | None): For a URL, arguments of the file system of fsspec.
        RETURNS (dict[str, Any]): The manifest: counts, `failed`, the number of records in the
            table of failures, and `summary`, a text.
        RAISES (ValueError): If an option is invalid, or the output has results.
        """
        with _saved(self.pipeline) as pipeline:
            spec = make_run_spec(
                output,
                pipeline,
                self.settings,
                format_=format,
                max_characters=self.max_characters,
                batch_size=self.batch_size,
                threads=self.threads or (1 if self.workers > 1 else None),
                patience=patience,
                linking=LinkerOptions.of(self.kb, self.link),
                code=None if self.code is None else Path(self.code),
                attributes=",".join(attributes) or None,
                fhir_mapping=fhir_mapping,
                storage_options=storage_options,
            )
            engine = make_engine(
                self.engine,
                spec,
                workers=self.workers,
                min_workers=self.min_workers,
                gpus_per_worker=self.gpus_per_worker,
                address=self.address,
            )
            corpus = self._open(partition_size, resume)
            return run_corpus(corpus, spec, engine, resume=resume, quiet=not progress)

    def _open(self, partition_size: int, resume: bool) -> PartitionedCorpus:
        source, reading = self.documents.source, self.documents.reading
        if isinstance(source, (str, Path)):
            options = self.documents.storage_options
            return Corpus(source, partition_size=partition_size, reading=reading, options=options)
        if isinstance(source, Iterator) and (resume or self.engine != "local"):
            what = "resume=True" if resume else f"engine={self.engine!r}"
            raise ValueError(Errors.E331.format(what=what))
        return ItemCorpus(source, partition_size=partition_size, reading=reading)


def read(
    source: Any,
    *,
    input_format: str | None = None,
    encoding: str = "utf-8",
    column: int | None = None,
    text_column: str | None = None,
    id_column: str | None = None,
    storage_options: StorageOptions = None,
) -> Documents:
    """Name the documents to annotate; nothing is read yet.

    source (Any): A file, a folder or a URL, as for `annotate-corpus`; a frame of pandas or Polars,
        a table of pyarrow; an iterable of texts, mappings with "text" and "id", Docs, or texts with
        their contexts, such as a list, a generator or a dataset of Hugging Face; or a function
        that returns one of these.
    input_format (str | None): The format of files; None to detect it.
    encoding (str): The encoding of files.
    column (int | None): The column of the tags in CoNLL files.
    text_column (str | None): The column or key of the texts, also in files of JSON lines, JSON,
        CSV and Parquet; None for "text".
    id_column (str | None): The column or key of the ids, likewise; None for "id".
    storage_options (Mapping | None): For a URL, arguments of the file system of fsspec.
    RETURNS (Documents): The documents; their method `annotate` comes next.
    RAISES (ValueError): If an option is invalid.
    """
    reading = ReadOptions(encoding, column, text_column, id_column, data_format=input_format)
    return Documents(source, reading, storage_options)


def table_files(
    output: str | Path, table: str = "entities", *, storage_options: StorageOptions = None
) -> list[str]:
    """Return the files of a table, of finished partitions only, in their order.

    output (str | Path): What `write` or `annotate-corpus` wrote; a run may be in progress.
    table (str): "entities", "relations", "documents" or "failures".
    storage_options (Mapping | None): For a URL, arguments of the file system of fsspec.
    RETURNS (list[str]): Paths or URLs.
    RAISES (ValueError): If there are no results.
    """
    storage = _results(output, table, storage_options)
    names = sorted(storage.names(), key=partition_order)
    return list(storage.output.part_locations(names, storage.file_of(table)))


def read_table(
    output: str | Path, table: str = "entities", *, storage_options: StorageOptions = None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, of finished partitions only, in their order.

    output, table, storage_options: See `table_files`.
    YIELDS (dict[str, Any]): Rows; `pandas.DataFrame` takes them.
    RAISES (ValueError): If there are no results.
    """
    storage = _results(output, table, storage_options)
    for name in sorted(storage.names(), key=partition_order):
        content = storage.output.read_part(name, storage.file_of(table))
        if storage.format == "parquet":
            yield from import_parquet("Parquet input").read_table(BytesIO(content)).to_pylist()
        else:
            yield from map(json.loads, content.splitlines())


def _results(output: str | Path, table: str, options: StorageOptions) -> Storage:
    check_choice("table", table, COLUMNS)
    manifest = Storage(output, "jsonl", options=options).read_manifest()
    if manifest is None:
        raise ValueError(Errors.E332.format(path=as_location(output)))
    return Storage(output, str(manifest["format"]), options=options)


@contextmanager
def _saved(pipeline: Language | str | Path) -> Iterator[str]:
    """Yield the name by which workers load a pipeline; save it first if it is an object."""
    if not isinstance(pipeline, Language):
        yield str(pipeline)
        return
    with TemporaryDirectory() as folder:
        pipeline.to_disk(folder)
        yield folder

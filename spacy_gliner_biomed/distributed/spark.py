"""Annotation on Spark: a function for `DataFrame.mapInArrow`."""

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig, CorpusAnnotator
from spacy_gliner_biomed.distributed.local_engine import LocalEngine
from spacy_gliner_biomed.distributed.record_making import make_row_record
from spacy_gliner_biomed.distributed.records import Partition, partition_order
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import COLUMNS, Results, TableRow, columns_of
from spacy_gliner_biomed.distributed.run_spec import RunSpec

NESTED = ("entities", "relations")  # tables whose rows are with their document
ROW = {name: kind for name, kind in COLUMNS["documents"].items() if name not in NESTED}
ROW |= {name: COLUMNS["failures"][name] for name in ("kind", "reason")}
SQL_TYPES = {"string": "string", "int32": "int", "float32": "float", "bool": "boolean"}


def spark_schema(attributes: Sequence[str] = ()) -> str:
    """Return the schema of the rows that `spark_worker` returns, in Spark's notation.

    Each input row gives one row: the columns of `documents`; `kind` and `reason` of `failures`,
    which are null if the document was annotated; and `entities` and `relations`, arrays of structs.

    attributes (Sequence[str]): The custom attributes of the `AnnotatorConfig`.
    RETURNS (str): The schema.
    """
    structs = {table: _declare(_nested_columns(table, attributes), ":") for table in NESTED}
    arrays = [f"{table} array<struct<{columns}>>" for table, columns in structs.items()]
    return ", ".join([_declare(ROW, " "), *arrays])


def spark_worker(config: AnnotatorConfig) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Make the function for `DataFrame.mapInArrow(function, spark_schema())`.

    Spark retries a task that dies if `spark.task.maxFailures` allows it. This is the default on a
    cluster; on one machine, use a master such as `local[2,4]`. A retried task annotates its
    documents in separate processes: a document that kills its process is found and recorded as
    a failure.

    config (AnnotatorConfig): How to annotate. Its paths must be valid on all nodes. Each Python
        process of Spark loads the pipeline once.
    RETURNS (Callable): A function of record batches. They need the column `text` and should have
        `id`; all other columns become `meta`.
    """

    def annotate_batches(batches: Iterator[Any]) -> Iterator[Any]:
        annotate = (
            partial(_isolate, config) if _earlier_attempts() else _annotator(pickle.dumps(config))
        )
        for number, batch in enumerate(batches):
            yield _annotate(annotate, batch, number)

    return annotate_batches


def _annotate(annotate: Callable[[Partition], Results], batch: Any, number: int) -> Any:
    pyarrow = import_optional("pyarrow", "Spark", extra="spark")
    rows = [{k: v for k, v in row.items() if v is not None} for row in batch.to_pylist()]
    records = [make_row_record(row, f"{number}:{i}") for i, row in enumerate(rows)]
    # Ids may repeat in Spark, where no process knows all; the source is unique in a batch.
    results = annotate(Partition(number, records, 0))
    schema = _arrow_schema(results.attributes)
    return pyarrow.RecordBatch.from_pylist(_merge(results), schema=schema)


def _isolate(config: AnnotatorConfig, partition: Partition) -> Results:
    results = Results(config.attributes)
    with TemporaryDirectory() as folder:
        storage = Storage(Path(folder), "jsonl")
        for _ in LocalEngine(RunSpec(config, storage, threads=1)).run([partition]):
            pass
        for name in sorted(storage.names(), key=partition_order):
            for table, rows in results.tables.items():
                lines = storage.output.read_part(name, storage.file_of(table)).splitlines()
                rows += map(json.loads, lines)
    return results


def _earlier_attempts() -> int:
    """Return how often Spark tried this task before."""
    context = import_optional("pyspark", "Spark", extra="spark").TaskContext.get()
    return 0 if context is None else int(context.attemptNumber())


def _merge(results: Results) -> list[TableRow]:
    rows = {table: iter(results.tables[table]) for table in NESTED}
    nothing: TableRow = {**dict.fromkeys(ROW), **{table: [] for table in NESTED}}
    return [
        *(
            {**row, **{table: list(islice(rows[table], row[table])) for table in NESTED}}
            for row in results.tables["documents"]
        ),
        *({**nothing, **row} for row in results.tables["failures"]),
    ]


def _nested_columns(table: str, attributes: Sequence[str]) -> dict[str, str]:
    columns = columns_of(table, attributes)
    return {name: kind for name, kind in columns.items() if name != "document"}


def _arrow_schema(attributes: Sequence[str]) -> Any:
    pyarrow = import_optional("pyarrow", "Spark", extra="spark")
    structs = {table: _fields(_nested_columns(table, attributes)) for table in NESTED}
    arrays = [(table, pyarrow.list_(pyarrow.struct(fields))) for table, fields in structs.items()]
    return pyarrow.schema([*_fields(ROW), *arrays])


def _fields(columns: dict[str, str]) -> list[Any]:
    pyarrow = import_optional("pyarrow", "Spark", extra="spark")
    return [pyarrow.field(name, pyarrow.type_for_alias(kind)) for name, kind in columns.items()]


def _declare(columns: dict[str, str], between: str) -> str:
    return ", ".join(f"`{name}`{between}{SQL_TYPES[kind]}" for name, kind in columns.items())


@lru_cache(maxsize=1)
def _annotator(pickled_config: bytes) -> CorpusAnnotator:
    """Make the annotator of a config, which has no hash itself."""
    return CorpusAnnotator(pickle.loads(pickled_config), threads=1)

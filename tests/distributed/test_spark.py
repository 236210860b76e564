"""The real Spark, on this machine; and its function alone, where there is no Spark."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed import spark as spark_module
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.spark import spark_schema, spark_worker
from spacy_gliner_biomed.linking.linker_options import LinkerOptions
from tests.distributed.conftest import FAULTS, texts, time_limit

LIMIT = 600  # seconds for a test; on a quiet machine none needs a tenth of it


def on_spark(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that starts Spark."""
    for mark in (
        pytest.mark.slow,
        pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
        pytest.mark.filterwarnings("ignore"),  # what Spark itself warns of
    ):
        mark(test)  # which notes it at the function
    return test


@pytest.fixture(autouse=True)
def _limited() -> Iterator[None]:
    with time_limit(LIMIT):
        yield


@pytest.fixture
def linking(trivial: str, tmp_path: Path) -> AnnotatorConfig:
    """The trivial pipeline with a linker."""
    concept = {"concept_id": "C1", "canonical_name": "Aspirin", "types": ["Drug"]}
    (tmp_path / "kb.json").write_text(json.dumps([concept]))
    options = LinkerOptions((str(tmp_path / "kb.json"),), ("DRUG=Drug",))
    return AnnotatorConfig(trivial, code=FAULTS, linking=options)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark on two cores, which tries a task four times, as it does on a cluster."""
    pytest.importorskip("pyspark", reason="needs the extra 'spark'")
    from pyspark.sql import SparkSession

    folder, patch = tmp_path_factory.mktemp("spark"), pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)  # its default is "python3"
    session = (
        SparkSession.builder.master("local[2,4]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(folder))
        .config("spark.local.dir", str(folder))
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()
    patch.undo()


def test_function_links_and_loads_the_pipeline_once(
    linking: AnnotatorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra 'spark'")
    monkeypatch.setattr(spark_module, "_earlier_attempts", lambda: 0)  # there is no Spark
    batch = pyarrow.RecordBatch.from_pylist(texts("a"))
    spark_module._annotator.cache_clear()
    for config in (linking, replace(linking)):
        [result] = spark_worker(config)(iter([batch]))
        [row] = result.to_pylist()
        assert (row["id"], row["kind"]) == ("d0", None)
        assert [entity["concept_id"] for entity in row["entities"]] == ["C1"]
    assert spark_module._annotator.cache_info().misses == 1


@on_spark
def test_each_row_becomes_a_row_with_its_entities_or_a_reason(
    spark: Any, linking: AnnotatorConfig, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [*texts("a", "poison", "b aspirin", *"cdefgh")]
    rows = [{**row, "year": 1999} for row in rows] + [{"id": "none", "text": None, "year": None}]
    data = spark.createDataFrame(rows, "id string, text string, year int").repartition(3)
    result = data.mapInArrow(spark_worker(linking), spark_schema())
    result.write.parquet(str(tmp_path / "out"))
    found = {row["id"]: row for row in spark.read.parquet(str(tmp_path / "out")).collect()}
    assert sorted(found) == sorted(row["id"] for row in rows)
    assert (found["d1"]["kind"], found["d1"]["entities"]) == ("error", [])
    assert found["none"]["kind"] == "missing_text"
    good = [row for row in rows if row["id"] not in ("d1", "none")]
    for row in good:
        entities = [(entity["start"], entity["text"]) for entity in found[row["id"]]["entities"]]
        assert entities == (
            [(0, "aspirin"), (10, "aspirin")] if row["id"] == "d2" else [(0, "aspirin")]
        )
        assert {entity["concept_id"] for entity in found[row["id"]]["entities"]} == {"C1"}
        assert (found[row["id"]]["kind"], found[row["id"]]["meta"]) == (None, '{"year": 1999}')


@on_spark
def test_rows_that_kill_their_process_are_left_out_with_a_reason(
    spark: Any, trivial: str, tmp_path: Path
) -> None:
    once = [f"deadly {tmp_path / 'deadly'}", f"leaving {tmp_path / 'leaving'}"]
    rows = texts("a", "killer", *once, *"cdef")
    data = spark.createDataFrame(rows, "id string, text string").coalesce(1)
    worker = spark_worker(AnnotatorConfig(trivial, code=FAULTS))
    found = {row["id"]: row for row in data.mapInArrow(worker, spark_schema()).collect()}
    assert sorted(found) == sorted(row["id"] for row in rows)
    kinds = {name: row["kind"] for name, row in found.items() if row["kind"]}
    assert kinds == {"d1": "died"}
    assert "signal SIGKILL" in found["d1"]["reason"]
    assert all(found[name]["entities"][0]["text"] == "aspirin" for name in found if name != "d1")

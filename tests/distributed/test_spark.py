"""The real Spark, on this machine."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.annotator import Plan
from spacy_gliner_biomed.distributed.spark import spark_schema, spark_worker
from tests.distributed.conftest import FAULTS, texts

pytest.importorskip("pyspark", reason="needs the extra 'spark'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.filterwarnings("ignore"),  # what Spark itself warns of
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark on two cores."""
    from pyspark.sql import SparkSession

    folder, patch = tmp_path_factory.mktemp("spark"), pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)  # its default is "python3"
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(folder))
        .config("spark.local.dir", str(folder))
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()
    patch.undo()


def test_each_row_becomes_a_row_with_its_entities_or_a_reason(
    spark: Any, trivial: str, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [*texts("a", "poison", "b aspirin", *"cdefgh")]
    rows = [{**row, "year": 1999} for row in rows] + [{"id": "none", "text": None, "year": None}]
    data = spark.createDataFrame(rows, "id string, text string, year int").repartition(3)
    result = data.mapInArrow(spark_worker(Plan(trivial, code=FAULTS)), spark_schema())
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
        assert (found[row["id"]]["kind"], found[row["id"]]["meta"]) == (None, '{"year": 1999}')

"""The Spark job of the comparison of engines: JSON lines to Parquet.

python -m benchmarks.scale.spark_job SOURCE OUTPUT WORKERS OPTIONS
"""

import json
import os
import sys
import tempfile

from pyspark.sql import SparkSession

from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.spark import spark_schema, spark_worker

TASKS = 50  # many small ones, so that both workers end at the same time


def main(source: str, output: str, workers: str, options: str) -> None:
    """Run the job."""
    given = json.loads(options)
    component = {"precision": given["precision"], "labels": given["labels"].split(",")}
    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = tempfile.mkdtemp()
    spark = (
        SparkSession.builder.master(f"local[{workers}]")
        .config("spark.ui.enabled", "false")
        .config("spark.local.dir", folder)
        .config("spark.sql.warehouse.dir", folder)
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    data = spark.read.schema("id string, text string").json(source).repartition(TASKS)
    found = data.mapInArrow(spark_worker(AnnotatorConfig(options=component)), spark_schema())
    found.write.parquet(output)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

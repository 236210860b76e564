"""Entity tables of different engines, brought into one form and compared."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset
import pyarrow.parquet

KEYS = ("document", "start", "end", "text", "label", "concept_id")
TOLERANCE = 1e-6 + 1e-7  # tables have float32, whose step at 1 is 6e-8


def entity_table(engine: str, output: Path) -> list[dict[str, Any]]:
    """Read the rows of a run, sorted."""
    if engine == "spark":
        found = pyarrow.parquet.read_table(output, columns=["id", "entities"]).to_pylist()
        rows = [{"document": doc["id"], **entity} for doc in found for entity in doc["entities"]]
    else:
        paths = sorted(map(str, output.glob("parts/*/entities.parquet")))
        rows = pyarrow.dataset.dataset(paths).to_table().to_pylist()
    return sorted(rows, key=lambda row: tuple(str(row[key]) for key in KEYS))


def compare(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> float:
    """Compare two tables.

    first, second (list[dict[str, Any]]): The rows.
    RETURNS (float): The largest difference of two scores.
    RAISES (SystemExit): If a row is in one table only, or a score differs.
    """
    left, right = ([tuple(row[key] for key in KEYS) for row in rows] for rows in (first, second))
    if left != right:
        only = set(left) ^ set(right)
        raise SystemExit(f"the tables differ in {len(only)} rows, such as {sorted(only)[:3]}")
    scores = [np.array([row["score"] for row in rows]) for rows in (first, second)]
    largest = float(np.abs(scores[0] - scores[1]).max(initial=0))
    if largest > TOLERANCE:
        raise SystemExit(f"scores differ by {largest}")
    return largest

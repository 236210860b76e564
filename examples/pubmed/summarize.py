"""A table and a plot of the concepts in what annotate-corpus found.

    python examples/pubmed/summarize.py out/pubmed/entities out/pubmed

Needs the extras parquet and curate (matplotlib).
"""

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import matplotlib
import pyarrow.dataset

COLUMNS = ("concept_id", "label", "name", "mentions", "documents", "mean_score")
MOST = 20  # concepts in the plot


def read_entities(folder: Path) -> list[dict[str, Any]]:
    """The rows of the table of entities, of all parts."""
    paths = sorted(map(str, folder.glob("parts/part-*/entities.parquet")))
    return list(pyarrow.dataset.dataset(paths).to_table().to_pylist())


def summarize(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each concept, most frequent first; those without an id are one for each text."""
    groups = defaultdict(list)
    for entity in entities:
        groups[entity["concept_id"] or entity["text"].lower()].append(entity)
    rows = []
    for group in groups.values():
        labels, names = (Counter(e[key] for e in group) for key in ("label", "text"))
        values = (
            group[0]["concept_id"] or "",
            labels.most_common(1)[0][0],
            names.most_common(1)[0][0],
            len(group),
            len({entity["document"] for entity in group}),
            round(sum(entity["score"] for entity in group) / len(group), 3),
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return sorted(rows, key=lambda row: (-row["documents"], -row["mentions"], row["name"]))


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Documents for each concept, in a colour for each label."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [row for row in rows if row["concept_id"]][:MOST][::-1]
    labels = sorted({row["label"] for row in shown})
    figure, axis = pyplot.subplots(figsize=(7, 0.3 * len(shown) + 1.2))
    for i, label in enumerate(labels):
        found = [(n, row) for n, row in enumerate(shown) if row["label"] == label]
        places, widths = [n for n, _ in found], [row["documents"] for _, row in found]
        axis.barh(places, widths, color=f"C{i}", label=label)
    axis.set_yticks(range(len(shown)), [f"{row['name']} ({row['concept_id']})" for row in shown])
    axis.set_xlabel("documents")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)


def main(source: str, output: str) -> None:
    """Read, write summary.csv and summary.png, print the table."""
    rows, folder = summarize(read_entities(Path(source))), Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "summary.csv").open("w", encoding="utf8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    plot(rows, folder / "summary.png")
    for row in rows:
        print("\t".join(str(row[name]) for name in COLUMNS))


if __name__ == "__main__":
    main(*sys.argv[1:])

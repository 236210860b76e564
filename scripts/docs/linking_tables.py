"""Tables of the results of linking."""

from typing import Any

from scripts.docs.table_parts import markdown, named, read


def linking() -> str:
    """Accuracy at 1 and 5 of each setting; some were measured on MeSH only."""
    found = read("linking-accuracy")
    corpora = ["bc5cdr", "ncbi_disease", "craft", "linnaeus", "tmvar3"]
    head = ["accuracy at 1 / 5, gold mentions", *map(named, corpora)]
    rows = (
        [r["setting"], *("{} / {}".format(*r[c]) if c in r else "-" for c in corpora)]
        for r in found
    )
    return markdown(head, rows)


def linking_coverage() -> str:
    """Gold mentions whose id a terminology lacks, or the default rules of MeSH leave out."""
    head = [
        "corpus",
        "label",
        "terminology",
        "mentions with an id",
        "id not in the file",
        "outside the default rule",
        "outside its first tree",
    ]

    def share(row: dict[str, Any], key: str) -> str:
        return f"{row[key]:,} ({100 * row[key] / row['mentions']:.1f} %)" if key in row else "-"

    rows = (
        [
            named(row["corpus"]),
            ", ".join(row["labels"] or ["all"]),
            row["terminology"],
            f"{row['mentions']:,}",
            *(share(row, key) for key in ("missing", "outside", "outside_one_tree")),
        ]
        for row in read("linking-coverage")
    )
    return markdown(head, rows)


def linking_speed() -> str:
    """This package and scispaCy, by number of names."""
    head = ["names", "system", "index, s", "mentions/s", "accuracy at 1"]
    rows = (
        [f"{r['names']:,}", r["system"], r["index_s"], f"{r['mentions_s']:,}", r["accuracy"]]
        for r in read("linking-speed")
    )
    return markdown(head, rows)

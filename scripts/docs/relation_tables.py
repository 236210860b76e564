"""The tables of relations: how right, and how fast."""

from scripts.docs.table_parts import markdown, read


def relations() -> str:
    """One row for each way to find relations."""
    head = ["entities", "relations", "threshold", "P", "R", "F1"]
    keys = ["entities", "relations", "threshold", "p", "r", "f"]
    return markdown(head, ([row.get(key, "") for key in keys] for row in read("relations")))


def relation_speed() -> str:
    """Words a second of models with relations."""
    head = ["model", "words/s", "GLiNER package", "times as fast", "entities", "relations"]
    rows = read("relex-cpu")
    table = (
        [
            f"of {row['kind']}s",
            row["ours_words_s"],
            row["gliner_words_s"],
            f"{row['ratio']:.2f} ({min(row['ratios']):.2f} to {max(row['ratios']):.2f})",
            row["ours_entities"],
            row["ours_relations"],
        ]
        for row in rows
    )
    return markdown(head, table)

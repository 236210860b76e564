"""The table of trained relations."""

from scripts.docs.table_parts import markdown, read


def relations() -> str:
    """One row for each way to find relations."""
    head = ["entities", "relations", "threshold", "P", "R", "F1"]
    keys = ["entities", "relations", "threshold", "p", "r", "f"]
    return markdown(head, ([row.get(key, "") for key in keys] for row in read("relations")))

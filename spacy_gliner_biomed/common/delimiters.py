"""Tell how the cells of a table are separated."""

from pathlib import Path

from spacy_gliner_biomed.common.folders import ending_of

TAB_ENDINGS = (".tsv", ".tsv.gz", ".tab")


def delimiter_of(path: Path, header: str) -> str:
    """Return what separates the cells of a table: a comma, a semicolon (as in Excel in many
    countries) or a tab.

    path (Path): The file; the endings of `TAB_ENDINGS` tell that it has tabs.
    header (str): Its first line.
    RETURNS (str): The separator.
    """
    if ending_of(path, TAB_ENDINGS):
        return "\t"
    return max(",;\t", key=header.count)

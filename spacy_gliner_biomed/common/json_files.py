"""Writes the counts of a run as JSON for people."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import open_output


def write_report(path: Path, counts: Mapping[str, Any]) -> None:
    """Write counts and what they are of, indented.

    path (Path): See `files.open_output`.
    """
    text = json.dumps(counts, indent=2, ensure_ascii=False) + "\n"
    with open_output(path) as stream:
        # The name of a file may hold bytes that are no text: its escape is JSON, too.
        stream.write(text.encode("utf8", "backslashreplace"))

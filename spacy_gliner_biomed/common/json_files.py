"""Write reports as JSON files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.files import open_output


def write_report(path: Path, counts: Mapping[str, Any]) -> None:
    """Write the counts of a run as indented JSON.

    path (Path): See `files.open_output`.
    counts (Mapping[str, Any]): The counts.
    """
    text = json.dumps(counts, indent=2, ensure_ascii=False) + "\n"
    with open_output(path) as stream:
        # File names may hold bytes that are not valid text; their escapes are valid JSON.
        stream.write(text.encode("utf8", "backslashreplace"))

"""A notebook as a page of the site, and running it without Jupyter."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook's JSON."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    return notebook


def shown(cell: dict[str, Any]) -> str:
    """Return what a cell printed when the notebook was saved."""
    return "".join("".join(each.get("text", [])) for each in cell.get("outputs", []))


def notebook_page(path: Path) -> str:
    """Return a notebook as Markdown: text, code and printed output."""
    parts: list[str] = []
    for cell in read_notebook(path)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        if output := shown(cell):
            parts.append(f"```text\n{output.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def run_notebook(path: Path) -> dict[str, Any]:
    """Run the cells in the current folder.

    RETURNS (dict[str, Any]): The notebook, with what its cells print now.
    """
    notebook = read_notebook(path)
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), str(path), "exec"), names)
        lines = printed.getvalue().splitlines(keepends=True)
        output = {"name": "stdout", "output_type": "stream", "text": lines}
        cell["outputs"] = [output] if lines else []
    return notebook


def notebook_text(notebook: dict[str, Any]) -> str:
    """Return a notebook as it is saved."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"

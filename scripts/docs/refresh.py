"""Bring what pages show up to date: generated pages and parts, and outputs of code blocks.

python -m scripts.docs.refresh                  tables, command line, registered names, error codes
python -m scripts.docs.refresh --outputs PAGE...  run pages and notebooks, and write what they print
"""

import argparse
import os
import tempfile
from pathlib import Path

from scripts.docs.blocks import show_outputs
from scripts.docs.notebooks import notebook_text, run_notebook
from scripts.docs.pages import ROOT, current_text, repository_pages


def with_outputs(page: Path) -> str:
    """Run a page in a new folder that has the configs and examples, and return its text."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "examples"):
            (Path(folder) / name).symlink_to(ROOT / name)
        before = Path.cwd()
        os.chdir(folder)
        try:
            if page.suffix == ".ipynb":
                return notebook_text(run_notebook(page))
            return show_outputs(page)
        finally:
            os.chdir(before)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outputs", nargs="+", type=Path, default=[], metavar="PAGE")
    outputs = parser.parse_args().outputs
    texts = {name: current_text(name) for name in repository_pages()}  # all before any is written
    for name, text in texts.items():
        if (ROOT / name).read_text(encoding="utf8") != text:  # another process may edit the others
            (ROOT / name).write_text(text, encoding="utf8")
    for page in outputs:
        page.write_text(with_outputs(page.resolve()), encoding="utf8")

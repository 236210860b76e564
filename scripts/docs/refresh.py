"""Bring what pages show up to date: tables of the README, and outputs of code blocks.

python -m scripts.docs.refresh                  the README's tables
python -m scripts.docs.refresh --outputs PAGE...  run pages and notebooks, and write what they print
"""

import argparse
import os
import re
import tempfile
from pathlib import Path

from scripts.docs.blocks import show_outputs
from scripts.docs.notebooks import notebook_text, run_notebook
from scripts.docs.tables import TABLES

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """Return a page with its tables as the results are now, between `table` and `end`."""
    return TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", text)


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
    README.write_text(with_tables(README.read_text(encoding="utf8")), encoding="utf8")
    for page in parser.parse_args().outputs:
        page.write_text(with_outputs(page.resolve()), encoding="utf8")

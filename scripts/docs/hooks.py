"""What mkdocs calls while it builds the site: generated pages, tables, and links out of `docs/`."""

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.docs.pages import generated_pages, linked_files, site_text


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages and linked files; they are made anew at each build."""
    for path, text in generated_pages().items():
        files.append(File.generated(config, path, content=text))
    for path, source in linked_files().items():
        files.append(File.generated(config, path, abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Insert tables, and point links that leave `docs/` to pages and copies on the site."""
    return site_text(markdown, page.file.src_uri)

"""What mkdocs calls while it builds the site: pages and links outside of `docs/`."""

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.docs.pages import copied_pages, linked_files, site_text


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and files that are elsewhere in the repository."""
    for path, text in copied_pages().items():
        files.append(File.generated(config, path, content=text))
    for path, source in linked_files().items():
        files.append(File.generated(config, path, abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links that leave `docs/` to pages and copies on the site."""
    return site_text(markdown, page.file.src_uri)

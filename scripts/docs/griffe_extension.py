"""Shows mkdocstrings the docstrings as Markdown."""

import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.docs.docstrings import to_markdown


class SpacyDocstrings(griffe.Extension):
    """Rewrites the docstring of each object that is collected."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite one docstring. See griffe."""
        if obj.docstring:
            obj.docstring.value = to_markdown(obj.docstring.value)

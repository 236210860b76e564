"""Open biomedical named-entity recognition for spaCy: `nlp.add_pipe("gliner_biomed")`.

Importing the package is cheap: spaCy finds everything through the entry points of `setup.cfg`.
"""

import logging
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())


def show(doc: Any, spans_key: str | None = "sc") -> Any:
    """Show the entities of a Doc in a notebook, see `documents.notebook.show`.

    doc (Doc | Iterable[Doc]): An annotated Doc, or several.
    spans_key (str | None): The span group; None for `doc.ents`.
    RETURNS (Rendered | None): The HTML; None in Jupyter, which has shown it already.
    """
    # Imported by name and only here: importing the package itself must stay cheap.
    return import_module(f"{__name__}.documents.notebook").show(doc, spans_key)

"""Open biomedical named-entity recognition for spaCy: `nlp.add_pipe("gliner_biomed")`.

Importing the package is cheap: spaCy finds everything through the entry points of `setup.cfg`.
"""

import logging

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())

"""`python -m spacy gliner`: spaCy finds it through the `spacy_cli` entry point.

spaCy imports this module for each of its own commands, so the commands import heavy packages only
when they run.
"""

from spacy_gliner_biomed.cli.annotate import annotate_cli
from spacy_gliner_biomed.cli.annotate_corpus import annotate_corpus_cli
from spacy_gliner_biomed.cli.annotate_llm import annotate_llm_cli
from spacy_gliner_biomed.cli.app import gliner_cli
from spacy_gliner_biomed.cli.calibrate import calibrate_cli
from spacy_gliner_biomed.cli.convert import convert_cli
from spacy_gliner_biomed.cli.curate import curate_cli
from spacy_gliner_biomed.cli.curate_next import next_cli
from spacy_gliner_biomed.cli.export import export_cli
from spacy_gliner_biomed.cli.kb import kb_cli
from spacy_gliner_biomed.cli.labels import labels_cli
from spacy_gliner_biomed.cli.serve import serve_cli
from spacy_gliner_biomed.cli.train import train_cli

__all__ = [
    "annotate_cli",
    "annotate_corpus_cli",
    "annotate_llm_cli",
    "calibrate_cli",
    "convert_cli",
    "curate_cli",
    "export_cli",
    "gliner_cli",
    "kb_cli",
    "labels_cli",
    "next_cli",
    "serve_cli",
    "train_cli",
]

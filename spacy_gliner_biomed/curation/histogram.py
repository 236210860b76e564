"""Draws a histogram of scores: documents that were kept, and those dropped, by reason."""

from pathlib import Path

import numpy as np

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.curation.selection import Decisions
from spacy_gliner_biomed.errors import Errors

N_BINS = 40


def draw_histogram(decisions: Decisions, path: Path) -> None:
    """Draw the scores of documents with entities by outcome, without infinite scores.

    decisions (Decisions): The outcome and score of each document.
    path (Path): File to write, in a format that its ending selects: .svg, .png or .pdf.
    RAISES (ImportError): If matplotlib is not installed.
    RAISES (ValueError): If matplotlib does not support the format.
    """
    matplotlib = import_optional("matplotlib.figure", "A histogram", extra="curate")
    figure = matplotlib.Figure(figsize=(7, 4), layout="constrained")
    allowed = sorted(figure.canvas.get_supported_filetypes())
    if path.suffix.removeprefix(".") not in allowed:
        listed = ", ".join(f".{ending}" for ending in allowed)
        raise ValueError(Errors.E110.format(path=path, allowed=listed))
    axes = figure.add_subplot(xlabel="score", ylabel="documents")
    scores = {
        name: values[np.isfinite(values)] for name, values in decisions.scores_by_outcome().items()
    }
    if scores:
        axes.hist(list(scores.values()), bins=N_BINS, stacked=True, label=list(scores))
        axes.legend(frameon=False)
    figure.savefig(path)

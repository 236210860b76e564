"""A picture of scores: what was kept, and what was not and why."""

from collections.abc import Sequence
from pathlib import Path

from spacy_gliner_biomed.curation.selection import Decision
from spacy_gliner_biomed.errors import Errors

N_BINS = 40


def draw_histogram(decisions: Sequence[Decision], path: Path) -> None:
    """Draw the scores of positives by outcome.

    path (Path): Its ending says the form: .svg, .png, .pdf.
    RAISES (ImportError): If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(Errors.E112) from error
    scores: dict[str, list[float]] = {}
    for decision in decisions:
        if decision.score is not None:
            scores.setdefault(decision.outcome, []).append(decision.score)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="score", ylabel="documents")
    axes.hist(list(scores.values()), bins=N_BINS, stacked=True, label=list(scores))
    axes.legend(frameon=False)
    figure.savefig(path)

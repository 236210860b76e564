"""Strict and overlap counts of a pipeline's entities on an annotated corpus."""

from collections.abc import Mapping, Sequence

import spacy
from spacy.scorer import PRFScore

from spacy_gliner_biomed.pipeline.label_scores import count_strict
from spacy_gliner_biomed.pipeline.scorers import count_overlap
from spacy_gliner_biomed.training.corpora import AnnotatedText

# Corpora of which all labels are read as one.
MERGED = {"ncbi_disease": "disease"}
GRID = [round(0.05 * i, 2) for i in range(4, 17)]
BATCH = 64


def make_nlp(
    checkpoint: str, precision: str = "float32", device: str | None = None
) -> spacy.Language:
    """Make a blank pipeline with the component.

    checkpoint (str): A folder, a name, or "packaged".
    precision, device (str): The component's.
    RETURNS (spacy.Language): The pipeline.
    """
    nlp = spacy.blank("en")
    config = {"model": {"checkpoint": checkpoint}, "precision": precision, "device": device}
    nlp.add_pipe("gliner_biomed", config=config)
    return nlp


def evaluate(
    nlp: spacy.Language,
    texts: Sequence[AnnotatedText],
    thresholds: Sequence[float],
    overlap: str = "flat",
    prompts: Mapping[str, str] | None = None,
    counted: Sequence[str] | None = None,
    untyped: bool = False,
) -> dict[float, tuple[PRFScore, PRFScore]]:
    """Count strict and overlap matches at each threshold.

    One prediction at the lowest threshold serves all of them: the best scores are selected first,
    so a span below a higher threshold never decides about one above it.

    nlp (spacy.Language): A pipeline with the component.
    texts (Sequence[AnnotatedText]): The gold texts, all annotated with the same labels.
    thresholds (Sequence[float]): The thresholds.
    overlap (str): The component's `overlap`.
    prompts (Mapping[str, str] | None): Prompts for labels that are not asked by their own name.
    counted (Sequence[str] | None): Labels to count; all labels are asked in any case.
    untyped (bool): Compare spans without their labels.
    RETURNS (dict[float, tuple[PRFScore, PRFScore]]): Strict and overlap counts by threshold.
    """
    component = nlp.get_pipe("gliner_biomed")
    results = {threshold: (PRFScore(), PRFScore()) for threshold in thresholds}
    labels = list(texts[0].annotated or ())
    groups = [set(counted or labels)] if untyped else [{label} for label in counted or labels]
    asked = [{"label": label, "prompt": (prompts or {}).get(label)} for label in labels]
    options = {"labels": asked, "threshold": min(thresholds), "overlap": overlap}
    for first in range(0, len(texts), BATCH):
        batch = texts[first : first + BATCH]
        docs = [nlp.make_doc(text.text) for text in batch]
        for text, prediction in zip(batch, component.predict(docs, **options), strict=True):
            for threshold, (strict, loose) in results.items():
                spans = [span for span in prediction.spans if span.score > threshold]
                for group in groups:
                    found = [(span.start, span.end) for span in spans if span.label in group]
                    gold = [(start, end) for start, end, label in text.spans if label in group]
                    count_strict(strict, gold, found)
                    count_overlap(loose, gold, found)
    return results


def best_threshold(results: Mapping[float, tuple[PRFScore, PRFScore]]) -> float:
    """Return the threshold with the best strict F1, the lowest of equal ones.

    results (Mapping[float, tuple[PRFScore, PRFScore]]): What `evaluate` returns.
    RETURNS (float): The threshold.
    """
    return max(results, key=lambda threshold: results[threshold][0].fscore)


def percent(strict: PRFScore, loose: PRFScore) -> dict[str, float]:
    """Return both F1 in percent.

    strict (PRFScore): Strict counts.
    loose (PRFScore): Overlap counts.
    RETURNS (dict[str, float]): "strict_f" and "overlap_f".
    """
    scores = {"strict_f": strict.fscore, "overlap_f": loose.fscore}
    return {name: round(100 * score, 2) for name, score in scores.items()}

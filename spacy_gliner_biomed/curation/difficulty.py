"""Scores how little label prompts help a GLiNER network to find a document's gold entities.

Instruction-following difficulty (Cherry LLM, arXiv 2308.12032; Superfiltering, arXiv 2402.00530)
compares the perplexity of an answer with and without its instruction. For a span scorer, the
instruction is the label prompt and the answer is the gold spans. The two perplexities are those
of the gold spans with their labels as prompts, and with an uninformative prompt.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import spacy
from spacy.language import Language

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.common.settings_dict import check_choice
from spacy_gliner_biomed.curation.selection import Score, Scorer
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.row_making import row_maker
from spacy_gliner_biomed.tokenization.rows import length_batches
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import Gold
from spacy_gliner_biomed.training.training_rows import RowMaker, TrainingRow

BATCH = 64
NO_HELP = "not learnable: the label does not help (difficulty >= 1)"
LOST = "not learnable: no entity can be expressed"
PREFERENCES = {"difficult": 1.0, "easy": -1.0}


def make_model_difficulty(
    checkpoint: str = "packaged",
    uninformative: str = "entity",
    precision: str = "float32",
    prefer: str = "difficult",
) -> Scorer:
    """Return a scorer by difficulty for a GLiNER network:
    `spacy-gliner-biomed.ModelDifficulty.v1`. Documents with a difficulty of 1 or more are
    dropped.

    checkpoint (str): The network, as in the architecture `GLiNER.v1`; a weak one is enough.
    uninformative (str): A prompt that does not describe any entity.
    precision (str): Precision of the network, as in the component.
    prefer (str): "difficult" keeps difficult documents first, as the papers do; "easy" keeps
        those first whose entities the network expects, to leave out noise.
    RETURNS (Scorer): The scorer.
    RAISES (ValueError): If `prefer` is neither.
    """
    sign = preference(prefer)

    def score(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        component = make_component(checkpoint, precision)
        for batch in batches(texts, BATCH):
            for difficulty in _difficulties(component, batch, uninformative):
                reason = LOST if np.isnan(difficulty) else NO_HELP if difficulty >= 1 else ""
                yield Score(-1.0 if np.isnan(difficulty) else sign * difficulty, reason)

    return score


def preference(prefer: str) -> float:
    """Return the factor of a difficulty whose highest product is kept first.

    prefer (str): "difficult" or "easy".
    RAISES (ValueError): If it is neither.
    """
    check_choice("prefer", prefer, PREFERENCES)
    return PREFERENCES[prefer]


def make_component(checkpoint: str, precision: str) -> GlinerBiomed:
    """Return a component with a loaded checkpoint.

    checkpoint (str): The network, as in the architecture `GLiNER.v1`.
    precision (str): Precision of the network, as in the component.

    RAISES (ValueError): If the checkpoint cannot be found or read.
    """
    nlp: Language = spacy.blank("en")
    config = {"model": {"checkpoint": checkpoint}, "precision": precision}
    component = nlp.add_pipe("gliner_biomed", config=config)
    assert isinstance(component, GlinerBiomed)
    nlp.initialize()
    return component


def _difficulties(
    component: GlinerBiomed, texts: Sequence[AnnotatedText], uninformative: str
) -> list[float]:
    """Return the ratio of the two perplexities of each text; NaN without an expressible entity."""
    with_label = _surprises(component, texts)
    blank = [
        AnnotatedText(
            text.text, [(start, end, uninformative) for start, end, _ in text.spans], [], None
        )
        for text in texts
    ]
    without = _surprises(component, blank)
    return [float(np.exp(a - b)) for a, b in zip(with_label, without, strict=True)]


def _surprises(component: GlinerBiomed, texts: Sequence[AnnotatedText]) -> list[float]:
    """Return the mean negative log-likelihood of the gold spans of each text, given its labels."""
    settings = component.settings()
    make: RowMaker = row_maker(component.model, settings, _own_labels)
    rows: list[TrainingRow] = []
    owners: list[int] = []
    for i, text in enumerate(texts):
        made = make(text.text, Gold(text.spans, ()), ())
        rows += made
        owners += [i] * len(made)
    losses: list[list[float]] = [[] for _ in texts]
    for batch in length_batches([len(row.row) for row in rows], settings.batch_subtokens):
        for i, logits in zip(
            batch, component.model.predict([rows[i].row for i in batch]), strict=True
        ):
            gold = logits[rows[i].targets > 0]
            losses[owners[i]] += np.logaddexp(0.0, -gold).tolist()
    return [float(np.mean(values)) if values else float("nan") for values in losses]


def _own_labels(positives: Sequence[str], annotated: Sequence[str]) -> list[tuple[str, str]]:
    """Use the labels that a text has, as their own prompts."""
    return [(label, label) for label in dict.fromkeys(positives)]

"""The counts of the component for each single document, for the table `documents`."""

from collections import Counter

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.pipeline.component import GlinerBiomed

COUNTS_KEY = "gliner_biomed_counts"
FACTORY = "gliner_biomed_document_counter"


class DocumentCounter:
    """Writes the component's counts for each Doc into `doc.user_data`.

    It runs directly after the component, which passes each Doc on as soon as it is annotated. The
    difference of the component's `stats` since the previous Doc is the count for this Doc.

    component (GlinerBiomed): The component before it in the pipeline.
    """

    def __init__(self, component: GlinerBiomed) -> None:
        self.component = component
        self.before = Counter(component.stats)

    def __call__(self, doc: Doc) -> Doc:
        """Write the counts of a Doc into its `user_data`."""
        doc.user_data[COUNTS_KEY] = Counter(self.component.stats) - self.before
        self.before = Counter(self.component.stats)
        return doc


def make_document_counter(nlp: Language, name: str, component: str) -> DocumentCounter:
    """Make the counter; the factory that spaCy calls.

    nlp (Language): The pipeline.
    name (str): The counter's own name in the pipeline.
    component (str): The name of the component whose counts are taken.
    RETURNS (DocumentCounter): The counter.
    """
    watched = nlp.get_pipe(component)
    assert isinstance(watched, GlinerBiomed)
    return DocumentCounter(watched)


def add_document_counter(nlp: Language, component: GlinerBiomed) -> None:
    """Add a counter directly after a component.

    The factory is registered only here: a pipeline with a counter is run but never saved.

    nlp (Language): The pipeline.
    component (GlinerBiomed): A component of the pipeline.
    """
    Language.factory(FACTORY, func=make_document_counter)
    [name] = [name for name, pipe in nlp.pipeline if pipe is component]
    nlp.add_pipe(FACTORY, after=name, config={"component": name})

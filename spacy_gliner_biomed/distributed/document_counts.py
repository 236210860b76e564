"""Keeps what the component counts of each document, for the table of documents."""

from collections import Counter

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.pipeline.component import GlinerBiomed

COUNTS_KEY = "gliner_biomed_counts"
FACTORY = "gliner_biomed_document_counter"


class DocumentCounter:
    """Stands behind the component, which hands on a Doc as soon as it has annotated it: what its
    `stats` have grown by is of this Doc.

    component (GlinerBiomed): The component before it.
    """

    def __init__(self, component: GlinerBiomed) -> None:
        self.component = component
        self.before = Counter(component.stats)

    def __call__(self, doc: Doc) -> Doc:
        """Write the counts into `doc.user_data`."""
        doc.user_data[COUNTS_KEY] = Counter(self.component.stats) - self.before
        self.before = Counter(self.component.stats)
        return doc


def make_document_counter(nlp: Language, name: str, component: str) -> DocumentCounter:
    """Make the component.

    component (str): The name of the component to watch.
    """
    watched = nlp.get_pipe(component)
    assert isinstance(watched, GlinerBiomed)
    return DocumentCounter(watched)


def add_document_counter(nlp: Language, component: GlinerBiomed) -> None:
    """Put a tally behind a component.

    Its factory is registered here only: a pipeline with a tally is run, and never saved.

    nlp (Language): The pipeline.
    component (GlinerBiomed): A component of it.
    """
    Language.factory(FACTORY, func=make_document_counter)
    [name] = [name for name, pipe in nlp.pipeline if pipe is component]
    nlp.add_pipe(FACTORY, after=name, config={"component": name})

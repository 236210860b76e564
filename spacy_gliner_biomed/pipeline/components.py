"""Find the components of a pipeline."""

from spacy.language import Language

from spacy_gliner_biomed.pipeline.component import GlinerBiomed


def find_components(nlp: Language) -> list[GlinerBiomed]:
    """Return the `gliner_biomed` components of a pipeline, in its order."""
    return [pipe for _, pipe in nlp.pipeline if isinstance(pipe, GlinerBiomed)]

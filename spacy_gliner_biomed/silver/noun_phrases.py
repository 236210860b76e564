"""Finds noun phrases, which are suggested to the language model as entities."""

from collections.abc import Callable, Sequence

import spacy
from spacy.language import Language
from spacy.tokens import Span

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.text_pieces import CharSpan

PhraseFinder = Callable[[str], Sequence[CharSpan]]

LEADING = {"DET", "PRON", "PUNCT", "SPACE"}


def make_phrase_finder(pipeline: str | None) -> PhraseFinder:
    """Return a function that finds the noun phrases of a text, without leading determiners.

    pipeline (str | None): Folder or package of a spaCy pipeline with a parser; None to find
        no phrases.
    RETURNS (PhraseFinder): The function.
    RAISES (ValueError): If the pipeline cannot be loaded, or cannot find noun phrases.
    """
    if pipeline is None:
        return lambda text: ()
    try:
        nlp = spacy.load(pipeline)
    except OSError as error:
        raise ValueError(Errors.E108.format(found=pipeline, further="")) from error
    _check(nlp, pipeline)

    def find(text: str) -> list[CharSpan]:
        # In a zone, since a million texts would fill the vocabulary.
        with nlp.memory_zone():
            nlp.max_length = max(nlp.max_length, len(text))
            trimmed = map(_trim, nlp(text).noun_chunks)
            return [(span.start_char, span.end_char) for span in trimmed if len(span)]

    return find


def _check(nlp: Language, name: str) -> None:
    try:
        list(nlp("a patient").noun_chunks)
    except (ValueError, NotImplementedError) as error:  # no parse; no rules for the language
        raise ValueError(Errors.E123.format(name=name, error=error)) from error


def _trim(span: Span) -> Span:
    start = 0
    while start < len(span) and (span[start].pos_ in LEADING or span[start].is_space):
        start += 1
    return span[start:]

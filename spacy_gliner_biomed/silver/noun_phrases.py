"""Noun phrases of a text, which are offered to the language model as candidates."""

from collections.abc import Callable, Sequence

import spacy
from spacy.language import Language
from spacy.tokens import Span

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.quotes import CharSpan

LEFT_OUT = {"DET", "PRON", "PUNCT", "SPACE"}


def make_candidates(pipeline: str) -> Callable[[str], Sequence[CharSpan]]:
    """A function that finds the noun phrases of a text, without determiners at their beginning.

    pipeline (str): A folder or package with a parser.
    RAISES (ValueError): If it cannot be loaded, or finds no noun phrases.
    """
    try:
        nlp = spacy.load(pipeline)
    except OSError as error:
        raise ValueError(Errors.E108.format(found=pipeline)) from error
    _check(nlp, pipeline)

    def find(text: str) -> list[CharSpan]:
        # In a zone, since a million texts would fill the vocabulary.
        with nlp.memory_zone():
            nlp.max_length = max(nlp.max_length, len(text))
            trimmed = map(_trimmed, nlp(text).noun_chunks)
            return [(span.start_char, span.end_char) for span in trimmed if len(span)]

    return find


def _check(nlp: Language, name: str) -> None:
    try:
        list(nlp("a patient").noun_chunks)
    except (ValueError, NotImplementedError) as error:  # no parse; no rules for the language
        raise ValueError(Errors.E123.format(name=name, error=error)) from error


def _trimmed(span: Span) -> Span:
    start = 0
    while start < len(span) and (span[start].pos_ in LEFT_OUT or span[start].is_space):
        start += 1
    return span[start:]

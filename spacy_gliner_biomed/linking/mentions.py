"""The entities of a Doc as mentions: with what their short forms stand for, and their context."""

from collections.abc import Container, Iterable, Sequence
from functools import cached_property
from typing import Any

from spacy.tokens import Doc, Span

from spacy_gliner_biomed.linking.abbreviations import by_apposition, expand, find_abbreviations
from spacy_gliner_biomed.linking.linker import Mention
from spacy_gliner_biomed.linking.normalization import words


class TextWords:
    """The words of a text, read once one is looked for, which few mentions need.

    text (str): The text.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __contains__(self, word: object) -> bool:
        return word in self._words

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(words(self.text))


def read_mentions(doc: Doc, spans: Sequence[Span], *, abbreviations: bool = True) -> list[Mention]:
    """The mentions of a Doc, one for each span; equal ones are one object.

    abbreviations (bool): Look for what short forms stand for, in the text and, where scispaCy's
        detector has run, in `doc._.abbreviations`.
    """
    text = doc.text  # made anew each time
    places = [(span.start_char, span.end_char) for span in spans]
    known = document_abbreviations(text, sorted(set(places))) if abbreviations else {}
    known.update(_detected(doc) if abbreviations else {})
    context = TextWords(text)
    keys = [(text[a:b], span.label_) for (a, b), span in zip(places, spans, strict=True)]
    made = {key: make_mention(*key, known, context) for key in dict.fromkeys(keys)}
    return [made[key] for key in keys]


def document_abbreviations(text: str, mentions: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Short forms that a text defines, with their long forms.

    mentions: Characters of the entities, by their start.
    """
    return {**by_apposition(text, mentions), **find_abbreviations(text)}


def make_mention(
    text: str, label: str, abbreviations: dict[str, str], context: Container[str] = frozenset()
) -> Mention:
    """A mention in a document that defines these short forms."""
    return Mention(
        text=text,
        label=label,
        long_form=" ".join(abbreviations.get(text.strip(), "").split()) or None,
        expanded=expand(text, abbreviations),
        context=context,
    )


def _detected(doc: Doc) -> dict[str, str]:
    """What scispaCy's abbreviation detector found, in both of its forms."""
    if not Doc.has_extension("abbreviations"):
        return {}
    return dict(map(_pair, _as_list(doc._.abbreviations)))


def _pair(found: Any) -> tuple[str, str]:
    if isinstance(found, dict):  # make_serializable=True
        return found["short_text"], found["long_text"]
    long_form = found._.long_form
    return found.text, long_form if isinstance(long_form, str) else long_form.text


def _as_list(found: Iterable[Any] | None) -> list[Any]:
    return list(found or ())

"""Show annotated Docs in a notebook, with displaCy and this package's colours."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from spacy import displacy
from spacy.tokens import Doc
from spacy.util import is_in_jupyter

from spacy_gliner_biomed.common.reporting import list_names, shorten
from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.documents.colors import label_colors
from spacy_gliner_biomed.documents.writing.entities import Entity, read_entities
from spacy_gliner_biomed.errors import Errors


class Rendered(str):
    """HTML that a notebook shows as it is, and that is a string everywhere else."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def show(docs: Doc | Iterable[Doc], spans_key: str | None = "sc") -> Rendered | None:
    """Show the entities of Docs. In Jupyter, they appear under the cell.

    docs (Doc | Iterable[Doc]): An annotated Doc, or several.
    spans_key (str | None): The span group; None for `doc.ents`.
    RETURNS (Rendered | None): The HTML; None in Jupyter, which has shown it already.
    RAISES (ValueError): If something else is given, or a Doc has no such span group.
    """
    given = [docs] if isinstance(docs, Doc | str) else list(docs)
    pages = [_render(doc, _entities(doc, spans_key)) for doc in given]
    html = Rendered(escape_controls("\n".join(pages)))
    if not is_in_jupyter():
        return html
    from IPython.display import display  # type: ignore[import-not-found]

    display(html)
    return None


def _entities(doc: Any, spans_key: str | None) -> list[Entity]:
    """Return the entities of a Doc, checked to be one with the span group."""
    if not isinstance(doc, Doc):
        raise ValueError(Errors.E227.format(found=shorten(repr(doc))))
    if spans_key is not None and spans_key not in doc.spans:
        found = list_names(map(repr, doc.spans))
        raise ValueError(Errors.E228.format(key=spans_key, found=found))
    return read_entities(doc, spans_key)


def _render(doc: Doc, found: Sequence[Entity]) -> str:
    """Return HTML: displaCy's style "ent", or "span" where entities overlap."""
    overlapping = any(b.start < a.end for a, b in pairwise(sorted(found, key=_offsets)))
    style, values = ("span", _spans(doc, found)) if overlapping else ("ent", _ents(found))
    # displaCy escapes the text, but not the labels.
    colors = label_colors(sorted({each.label for each in found}))
    options = {"colors": {escape(label): color for label, color in colors.items()}}
    data = {"text": doc.text, **values}
    html: str = displacy.render(data, style=style, manual=True, jupyter=False, options=options)
    return html


def _ents(found: Sequence[Entity]) -> dict[str, Any]:
    ordered = sorted(found, key=_offsets)
    return {"ents": [{"start": e.start, "end": e.end, "label": _label(e)} for e in ordered]}


def _spans(doc: Doc, found: Sequence[Entity]) -> dict[str, Any]:
    spans = []
    for entity in found:
        span = doc.char_span(entity.start, entity.end)
        assert span is not None  # it was read from the Doc's own spans
        spans.append({"start_token": span.start, "end_token": span.end, "label": _label(entity)})
    return {"spans": spans, "tokens": [token.text for token in doc]}


def _label(entity: Entity) -> str:
    return escape(entity.label)


def _offsets(entity: Entity) -> tuple[int, int]:
    return entity.start, entity.end

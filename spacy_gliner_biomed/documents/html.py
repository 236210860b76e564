"""Write annotated Docs as one displaCy page with a fixed colour for each label."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any, BinaryIO

from spacy import displacy
from spacy.tokens import Doc

from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.documents.colors import label_color, label_colors
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity

HEAD = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>Entities</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
h2 {{ font-size: 1rem; margin: 2.5rem 0 0.5rem; color: #555; overflow-wrap: anywhere }}
.label {{ padding: 0.2em 0.5em; margin-right: 0.5em; border-radius: 0.35em; white-space: nowrap }}
.entities {{ overflow-wrap: anywhere }}
.spans span {{ white-space: nowrap }}
</style>
</head>
<body>
<p>{legend}</p>
"""
SECTION = "<section>\n<h2>{name}</h2>\n{content}\n</section>\n"
TAIL = "</body>\n</html>\n"
LEGEND = '<span class="label" style="background: {color}">{label}</span>'

# displaCy's own template for entities, with the score as a tooltip.
ENTITY = (
    '<mark class="entity" title="{score}" style="background: {bg}; padding: 0.3em 0.4em; '
    'margin: 0 0.15em; line-height: 1; border-radius: 0.35em">{text}'
    '<span style="font-size: 0.7em; font-weight: bold; margin-left: 0.5em">{label}{kb_link}'
    "</span></mark>"
)


class HtmlWriter:
    """Writes one page: a legend of the labels, then each Doc as displaCy renders it."""

    def __init__(self, stream: BinaryIO, labels: Sequence[str]) -> None:
        self.stream = stream
        legend = [LEGEND.format(color=label_color(label), label=escape(label)) for label in labels]
        self._write(HEAD.format(legend=" ".join(legend)))

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one section."""
        content = render(doc, found)
        self._write(SECTION.format(name=escape(str(record.id)), content=content))

    def finish(self) -> None:
        """Close the page."""
        self._write(TAIL)

    def _write(self, text: str) -> None:
        # A page can be printed in a terminal, too, and control characters are invalid in HTML.
        self.stream.write(escape_controls(text).encode("utf8"))


def render(doc: Doc, found: Sequence[Entity]) -> str:
    """Render a Doc in displaCy's style "ent", or "span" if entities overlap.

    doc (Doc): The Doc.
    found (Sequence[Entity]): Its entities.
    RETURNS (str): HTML.
    """
    # displaCy escapes the text, but not the labels.
    colors = label_colors(sorted({span.label for span in found}))
    options = {"colors": {escape(label): color for label, color in colors.items()}}
    if _overlapping(found):
        return _displacy("span", _span_data(doc, found), options)
    return _displacy("ent", _ent_data(doc, found), {**options, "template": ENTITY})


def _displacy(style: str, data: dict[str, Any], options: dict[str, Any]) -> str:
    shown: str = displacy.render(data, style=style, manual=True, jupyter=False, options=options)
    return shown


def _overlapping(found: Sequence[Entity]) -> bool:
    ordered = sorted(found, key=lambda span: (span.start, span.end))
    return any(b.start < a.end for a, b in pairwise(ordered))


def _ent_data(doc: Doc, found: Sequence[Entity]) -> dict[str, Any]:
    ents = [
        {
            "start": span.start,
            "end": span.end,
            "label": escape(span.label),
            "params": {"score": "" if span.score is None else f"{span.score:.2f}"},
        }
        for span in found
    ]
    return {"text": doc.text, "ents": ents}


def _span_data(doc: Doc, found: Sequence[Entity]) -> dict[str, Any]:
    spans = []
    for entity in found:
        span = doc.char_span(entity.start, entity.end)
        assert span is not None  # they were read from the Doc's own spans
        label = escape(entity.label)
        spans.append({"start_token": span.start, "end_token": span.end, "label": label})
    return {"text": doc.text, "spans": spans, "tokens": [token.text for token in doc]}

"""Mark the entities of a text in HTML, also where they overlap."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from spacy_gliner_biomed.documents.colors import label_color
from spacy_gliner_biomed.documents.page.concept_links import concept_url
from spacy_gliner_biomed.documents.writing.entities import Entity

# Every character that ends a line in some program ends one on the page; "\r\n" ends one line.
LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


class MarkedText:
    """Writes a text with marks; those of entities that cross others have several parts.

    HTML elements must be nested. Where an entity ends inside another that began later, the later
    one is cut: its first part ends there, and a second part follows. The last part has the tag.

    text (str): The text.
    entities (Sequence[Entity]): Its entities.
    first (int): The number of the first entity on the page.
    attributes (Mapping[str, str]): The attributes to show, as in `WriterSettings`.
    """

    def __init__(
        self, text: str, entities: Sequence[Entity], first: int, attributes: Mapping[str, str]
    ) -> None:
        self.text = text
        self.entities = entities
        self.first = first
        self.attributes = attributes
        self.position = 0
        self.open: list[int] = []
        self.parts: list[str] = []

    def to_html(self) -> str:
        """Return the text in HTML."""
        order = range(len(self.entities))
        for index in sorted(order, key=lambda i: (self.entities[i].start, -self.entities[i].end)):
            entity = self.entities[index]
            self._close_until(entity.start)
            self._text_until(entity.start)
            self.parts.append(self._opening(index))
            self.open.append(index)
        self._close_until(len(self.text))
        self._text_until(len(self.text))
        return "".join(self.parts)

    def _close_until(self, end: int) -> None:
        """Close what ends here or before, one end after the other."""
        while ends := [e for i in self.open if (e := self.entities[i].end) <= end]:
            self._close_at(min(ends))

    def _close_at(self, end: int) -> None:
        self._text_until(end)
        lowest = next(k for k, i in enumerate(self.open) if self.entities[i].end == end)
        above, self.open = self.open[lowest:], self.open[:lowest]
        for index in reversed(above):
            tag = self._tag(index) if self.entities[index].end == end else ""
            self.parts.append(f"{tag}</mark>")
        for index in (i for i in above if self.entities[i].end > end):
            self.parts.append(self._opening(index, further=True))
            self.open.append(index)

    def _text_until(self, end: int) -> None:
        piece = self.text[self.position : end]
        if piece.endswith("\r") and self.text[end : end + 1] == "\n":
            piece = piece[:-1]  # the rest of the line end is in the next piece
        self.parts.append(escape(LINE_END.sub("\n", piece), quote=False))
        self.position = max(self.position, end)

    def _opening(self, index: int, *, further: bool = False) -> str:
        entity = self.entities[index]
        color = label_color(entity.label)
        kind = "entity further" if further else "entity"
        start = f'<mark class="{kind}" style="--label:{color}" data-i="{self.first + index}"'
        if further:
            return f"{start}>"
        values = {
            "label": entity.label,
            "start": entity.start,
            "end": entity.end,
            "score": entity.score,
            "concept": entity.concept_id,
            "url": concept_url(entity.concept_id) if entity.concept_id else None,
            "name": entity.concept_name,
            "link": entity.concept_score,
            "more": self._more(entity),
        }
        return f"{start}{data_attributes(values)}>"

    def _more(self, entity: Entity) -> str | None:
        values = {name: entity.attributes.get(name) for name in self.attributes}
        # In ASCII, so that nothing has to be escaped inside JSON later.
        return json.dumps(values) if values else None

    def _tag(self, index: int) -> str:
        entity = self.entities[index]
        score = "" if entity.score is None else f"<span>{entity.score:.2f}</span>"
        true = [name for name in self.attributes if entity.attributes.get(name) is True]
        flags = "".join(f"<em>{escape(name)}</em>" for name in true)
        return f'<span class="tag">{escape(entity.label)}{score}{flags}{_concept(entity)}</span>'


def data_attributes(values: Mapping[str, Any]) -> str:
    """Return attributes `data-NAME="VALUE"`; those without a value are left out."""
    known = {name: value for name, value in values.items() if value is not None}
    return "".join(f' data-{name}="{escape(str(value))}"' for name, value in known.items())


def _concept(entity: Entity) -> str:
    """Return the concept's id, as a link where its page is known; its name is a tooltip."""
    if entity.concept_id is None:
        return ""
    title = f' title="{escape(entity.concept_name)}"' if entity.concept_name else ""
    shown, url = escape(entity.concept_id), concept_url(entity.concept_id)
    if url is None:
        return f"<b{title}>{shown}</b>"
    return f'<a href="{escape(url)}"{title} target="_blank" rel="noreferrer">{shown}</a>'

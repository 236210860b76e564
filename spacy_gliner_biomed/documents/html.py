"""Write annotated Docs as one page that needs no other file and no network."""

from collections.abc import Sequence
from html import escape
from typing import BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.page.frame import count_found, page_head, page_tail
from spacy_gliner_biomed.documents.page.marks import MarkedText
from spacy_gliner_biomed.documents.page.relation_rows import relations_html
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import entity_relations
from spacy_gliner_biomed.documents.writing.writer import DEFAULT_SETTINGS, WriterSettings

ARTICLE = (
    '<article class="panel"><h2><bdi>{name}</bdi> <span>{count}</span></h2>\n'
    '<div class="text" dir="auto" role="group" aria-label="{label}">{text}</div>\n'
    "{relations}</article>\n"
)


class HtmlWriter:
    """Writes one page: settings of the run, a legend, and each Doc with its entities marked and
    its relations below.

    The page's script filters, sorts and counts; without it, all marks are shown.

    stream (BinaryIO): The stream to write to.
    settings (WriterSettings): Settings of the run.
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings = DEFAULT_SETTINGS) -> None:
        self.stream = stream
        self.attributes = settings.attributes
        self.n_documents = self.n_entities = self.n_relations = 0
        self._write(page_head(settings))

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one document."""
        name, related = escape(str(record.id)), entity_relations(doc, found)
        content = ARTICLE.format(
            name=name,
            count=count_found(len(found), len(related)),
            label=f"Text of {name}",
            text=MarkedText(doc.text, found, self.n_entities, self.attributes).to_html(),
            relations=relations_html(related, found, self.n_entities, name),
        )
        self._write(content)
        self.n_documents += 1
        self.n_entities += len(found)
        self.n_relations += len(related)

    def finish(self) -> None:
        """Close the page."""
        self._write(page_tail(self.n_documents, self.n_entities, self.n_relations))

    def _write(self, text: str) -> None:
        # A page can be printed in a terminal, too, and control characters are invalid in HTML.
        self.stream.write(escape_controls(text).encode("utf8"))

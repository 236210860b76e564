"""Write annotated Docs as one page that needs no other file and no network."""

from collections.abc import Sequence
from html import escape
from typing import BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.page.frame import page_head, page_tail
from spacy_gliner_biomed.documents.page.marks import MarkedText
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import DEFAULT_SETTINGS, WriterSettings

ARTICLE = (
    '<article class="panel"><h2><bdi>{name}</bdi> <span>{count}</span></h2>\n'
    '<div class="text" dir="auto" role="group" aria-label="{label}">{text}</div></article>\n'
)


class HtmlWriter:
    """Writes one page: settings of the run, a legend, and each Doc with its entities marked.

    The page's script filters, sorts and counts; without it, all marks are shown.

    stream (BinaryIO): The stream to write to.
    settings (WriterSettings): Settings of the run.
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings = DEFAULT_SETTINGS) -> None:
        self.stream = stream
        self.attributes = settings.attributes
        self.n_documents = self.n_entities = 0
        self._write(page_head(settings))

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one document."""
        name = escape(str(record.id))
        content = ARTICLE.format(
            name=name,
            count=f"{len(found)} entit{'y' if len(found) == 1 else 'ies'}",
            label=f"Text of {name}",
            text=MarkedText(doc.text, found, self.n_entities, self.attributes).to_html(),
        )
        self._write(content)
        self.n_documents += 1
        self.n_entities += len(found)

    def finish(self) -> None:
        """Close the page."""
        self._write(page_tail(self.n_documents, self.n_entities))

    def _write(self, text: str) -> None:
        # A page can be printed in a terminal, too, and control characters are invalid in HTML.
        self.stream.write(escape_controls(text).encode("utf8"))

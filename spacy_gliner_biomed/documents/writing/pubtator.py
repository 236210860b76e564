"""Write PubTator."""

import re
from collections.abc import Sequence
from typing import BinaryIO
from urllib.parse import quote

from spacy.tokens import Doc

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.text_forms import LabelForms, one_line
from spacy_gliner_biomed.documents.writing.writer import WriterSettings


class PubTatorWriter:
    """Writes PubTator: the first line of a text is the title, the rest the abstract.

    Line breaks and tabs become spaces, so that offsets stay valid. An entity without a concept has
    "-" as its id. The format has no field for scores, names of concepts and attributes.
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.labels = LabelForms(one_line, "PubTator")

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the lines of one document."""
        name = re.sub(r"[|%\s]", lambda part: quote(part[0], safe=""), str(record.id))
        title, _, abstract = map(one_line, doc.text.partition("\n"))
        lines = [f"{name}|t|{title}", f"{name}|a|{abstract}"]
        for each in sorted(found, key=lambda each: (each.start, each.end)):
            mention, concept = one_line(each.text), one_line(each.concept_id or "-")
            where = [name, str(each.start), str(each.end)]
            lines.append("\t".join([*where, mention, self.labels(each.label), concept]))
        content = "\n".join([*lines, "", ""])
        self.stream.write(content.encode("utf8", "backslashreplace"))

    def finish(self) -> None:
        """Warn about labels that were changed."""
        self.labels.report()

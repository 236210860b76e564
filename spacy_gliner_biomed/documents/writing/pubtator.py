"""Write PubTator."""

import re
from collections.abc import Sequence
from typing import BinaryIO
from urllib.parse import quote

from spacy.tokens import Doc

from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import entity_relations
from spacy_gliner_biomed.documents.writing.text_forms import LabelForms, one_line
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.errors import Warnings


class PubTatorWriter:
    """Writes PubTator: the first line of a text is the title, the rest the abstract.

    Line breaks and tabs become spaces, so that offsets stay valid. An entity without a concept has
    "-" as its id. The format has no field for scores, names of concepts and attributes.

    Relations are lines between concept ids, as in CDR and BioRED, each once for a document.
    Relations with an end that has no concept cannot be written; a warning counts them.
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.labels = LabelForms(one_line, "PubTator")
        self.relations = LabelForms(_relation_type, "PubTator")
        self.n_without_concept = 0

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the lines of one document."""
        name = re.sub(r"[|%\s]", lambda part: quote(part[0], safe=""), str(record.id))
        title, _, abstract = map(one_line, doc.text.partition("\n"))
        lines = [f"{name}|t|{title}", f"{name}|a|{abstract}"]
        for each in sorted(found, key=lambda each: (each.start, each.end)):
            mention, concept = one_line(each.text), one_line(each.concept_id or "-")
            where = [name, str(each.start), str(each.end)]
            lines.append("\t".join([*where, mention, self.labels(each.label), concept]))
        lines += self._relation_lines(name, doc, found)
        content = "\n".join([*lines, "", ""])
        self.stream.write(content.encode("utf8", "backslashreplace"))

    def finish(self) -> None:
        """Warn about labels that were changed, and relations that were left out."""
        self.labels.report()
        self.relations.report()
        if self.n_without_concept:
            warn(Warnings.W360.format(n=self.n_without_concept))

    def _relation_lines(self, name: str, doc: Doc, found: Sequence[Entity]) -> list[str]:
        lines = []
        for relation in entity_relations(doc, found):
            head, tail = (found[i].concept_id for i in (relation.head, relation.tail))
            if head and tail:
                label = self.relations(relation.label)
                lines.append("\t".join([name, label, one_line(head), one_line(tail)]))
            else:
                self.n_without_concept += 1
        return list(dict.fromkeys(lines))


def _relation_type(label: str) -> str:
    """Return the label of a relation in one line. It begins with a letter, by which readers tell
    a relation from an entity.
    """
    form = one_line(label)
    return form if form[:1].isalpha() else f"R{form}"

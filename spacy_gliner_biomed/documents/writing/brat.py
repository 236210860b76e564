"""Write BRAT's standoff files."""

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, BinaryIO
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from spacy.tokens import Doc

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import as_text
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import entity_relations
from spacy_gliner_biomed.documents.writing.text_forms import LabelForms, one_line
from spacy_gliner_biomed.documents.writing.writer import WriterSettings, attribute_keys

MAX_NAME = 120  # maximum characters of a file name; file systems allow 255 bytes
# Device names of Windows, which are invalid as file names there, with any ending.
RESERVED = {"con", "prn", "aux", "nul"} | {f"{x}{i}" for x in ("com", "lpt") for i in range(10)}
LINE_BREAKS = re.compile(r"[\r\n]+")


class BratFiles:
    """Makes `ID.txt` and `ID.ann` of each document, and `annotation.conf`.

    BRAT requires that an entity is cut into fragments at line breaks. Scores, names of concepts and
    attributes become notes. Concepts become normalisations in the form "database:id"; an id without
    a database gets "KB:". Relations are lines of their own.

    settings (WriterSettings): Settings of the run.
    """

    def __init__(self, settings: WriterSettings) -> None:
        self.settings = settings
        self.names: set[str] = set()
        self.labels = LabelForms(_brat_type, "BRAT")
        self.relations = LabelForms(_brat_type, "BRAT")

    def add(self, doc: Doc, record: Record, found: Sequence[Entity]) -> dict[str, bytes]:
        """Make the two files of a document; arguments as for `Writer.write`.

        RETURNS (dict[str, bytes]): Their contents by file name.
        """
        lines = [line for i, each in enumerate(found, 1) for line in self._lines(i, each)]
        for i, relation in enumerate(entity_relations(doc, found), 1):
            kind, head, tail = self.relations(relation.label), relation.head + 1, relation.tail + 1
            lines.append(f"R{i}\t{kind} Arg1:T{head} Arg2:T{tail}")
            lines.append(f"#{len(found) + i}\tAnnotatorNotes R{i}\tscore {relation.score}")
        annotation = "".join(f"{line}\n" for line in lines).encode("utf8")
        text = doc.text.encode("utf8")
        name = self._name(str(record.id))
        return {f"{name}.txt": text, f"{name}.ann": annotation}

    def configuration(self) -> dict[str, bytes]:
        """Return `annotation.conf`, with the labels of all documents; warn about changed ones."""
        self.labels.report()
        self.relations.report()
        kinds = sorted({*self.relations.known.values()})
        lines = ["[entities]", *sorted({*self.labels.known.values()}), "[relations]"]
        lines += [f"{kind}\tArg1:<ENTITY>, Arg2:<ENTITY>" for kind in kinds]
        lines += ["[events]", "[attributes]", ""]
        return {"annotation.conf": "\n".join(lines).encode()}

    def _name(self, name: str) -> str:
        """Return an id as a file name: quoted as in a URL. An id that is too long, or that differs
        from another only in case, gets a digest as a suffix.
        """
        quoted = quote(name, safe="", errors="backslashreplace").replace("~", "%7E")
        if quoted.startswith(".") or quoted.partition(".")[0].casefold() in RESERVED:
            quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}"
        full, number = quoted, 0
        while full.casefold() in self.names or (not number and len(full) > MAX_NAME):
            content = f"{name}\0{number}" if number else name
            digest = blake2b(content.encode("utf8", "backslashreplace"), digest_size=8).hexdigest()
            full, number = f"{quoted[:MAX_NAME]}~{digest}", number + 1
        self.names.add(full.casefold())
        return full

    def _lines(self, number: int, entity: Entity) -> Iterator[str]:
        fragments = list(_fragments(entity.text, entity.start)) or [(entity.start, entity.end)]
        where = ";".join(f"{start} {end}" for start, end in fragments)
        mention = one_line(LINE_BREAKS.sub(" ", entity.text))
        yield f"T{number}\t{self.labels(entity.label)} {where}\t{mention}"
        if concept := entity.concept_id:
            reference = "".join((concept if ":" in concept else f"KB:{concept}").split())
            name = one_line(LINE_BREAKS.sub(" ", entity.concept_name or entity.text))
            yield f"N{number}\tReference T{number} {reference}\t{name}"
        notes = {"score": entity.score, "link score": entity.concept_score}
        known = {**notes, **attribute_keys(entity, self.settings)}
        shown = [f"{key} {_value(value)}" for key, value in known.items() if value is not None]
        if shown:
            yield f"#{number}\tAnnotatorNotes T{number}\t{'; '.join(shown)}"


class BratWriter:
    """Writes the files of all documents into a ZIP archive."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.files = BratFiles(settings)
        self.archive = _Archive(stream, "w", ZIP_DEFLATED)

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write the two files of one document."""
        self._write(self.files.add(doc, record, found))

    def finish(self) -> None:
        """Write `annotation.conf`, and close the archive."""
        with self.archive:
            self._write(self.files.configuration())

    def _write(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            self.archive.writestr(name, content)


class _Archive(ZipFile):
    def __del__(self) -> None:
        """Do nothing: after a failed run, the stream is closed and the file removed."""


def _value(value: Any) -> str:
    return one_line(as_text(value)) if isinstance(value, str) else dump_json(value).decode("utf8")


def _fragments(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the character offsets of an entity's fragments, one for each line."""
    position = 0
    for gap in [*LINE_BREAKS.finditer(text), None]:
        end = gap.start() if gap else len(text)
        if end > position:
            yield start + position, start + end
        position = gap.end() if gap else end


def _brat_type(label: str) -> str:
    """Return a label in the form of a BRAT type: without spaces and punctuation."""
    return re.sub(r"[^\w-]", "_", label)

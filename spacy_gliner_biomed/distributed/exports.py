"""Export annotated documents for other tools: DocBin, BRAT and PubTator."""

import json
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from io import BytesIO
from typing import Protocol
from urllib.parse import quote

from spacy.tokens import Doc

from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.distributed.result_tables import TableRow
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writers import DocBinWriter

MAX_NAME = 120  # maximum characters of a file name; file systems allow 255 bytes
# Device names of Windows, which are invalid as file names there, with any ending.
RESERVED = {"con", "prn", "aux", "nul"} | {f"{x}{i}" for x in ("com", "lpt") for i in range(10)}
LINE_BREAKS = re.compile(r"[\r\n]+")
# Characters that end a line or column for some program; each becomes one space, so offsets stay.
ONE_LINE = str.maketrans(dict.fromkeys("\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029", " "))


class Export(Protocol):
    """Collects the documents of a partition."""

    def add(self, record: CorpusRecord, doc: Doc, entities: Sequence[TableRow]) -> None:
        """Add a document.

        record (CorpusRecord): The record.
        doc (Doc): The annotated document.
        entities (Sequence[TableRow]): Its rows of the table `entities`.
        """

    def files(self) -> dict[str, bytes]:
        """Return the path inside the partition, and the content, of each file."""


class DocBinExport:
    """Writes `docs.spacy`: all Docs with all their annotations."""

    def __init__(self) -> None:
        self.stream = BytesIO()
        self.writer = DocBinWriter(self.stream, ())

    def add(self, record: CorpusRecord, doc: Doc, entities: Sequence[TableRow]) -> None:
        """Add one Doc in the DocBin's compact form.

        record (CorpusRecord): The record.
        doc (Doc): The annotated document.
        entities (Sequence[TableRow]): Not used.
        RAISES (Exception): If a part of the Doc, such as user data, cannot be stored.
        """
        meta = json.loads(record.meta) if record.meta else {}
        self.writer.write(doc, Record(record.id, meta), ())

    def files(self) -> dict[str, bytes]:
        """Return the one file."""
        self.writer.finish()
        return {"docs.spacy": self.stream.getvalue()}


class BratExport:
    """Writes `brat/ID.txt` and `brat/ID.ann` for each document, and `annotation.conf`.

    BRAT requires that an entity is cut into fragments at line breaks. Scores become notes. Concepts
    become normalisations in the form "database:id"; an id without a database gets "KB:".
    """

    def __init__(self) -> None:
        self.made: dict[str, bytes] = {}
        self.names: set[str] = set()
        self.labels: set[str] = set()

    def add(self, record: CorpusRecord, doc: Doc, entities: Sequence[TableRow]) -> None:
        """Add the two files of a document.

        record (CorpusRecord): The record.
        doc (Doc): The annotated document.
        entities (Sequence[TableRow]): Its rows of the table `entities`.
        """
        name = self._name(record.id)
        self.labels |= {_brat_type(row["label"]) for row in entities}
        lines = (line for i, row in enumerate(entities, 1) for line in _brat_lines(i, row))
        self.made[f"brat/{name}.txt"] = doc.text.encode("utf8")
        self.made[f"brat/{name}.ann"] = "".join(f"{line}\n" for line in lines).encode("utf8")

    def files(self) -> dict[str, bytes]:
        """Return all files."""
        types = "\n".join(["[entities]", *sorted(self.labels)])
        empty = "[relations]\n[events]\n[attributes]\n"
        return {**self.made, "brat/annotation.conf": f"{types}\n{empty}".encode()}

    def _name(self, name: str) -> str:
        """Return an id as a file name: quoted as in a URL. An id that is too long, or that differs
        from another only in case, gets a digest as a suffix.
        """
        quoted = quote(name, safe="").replace("~", "%7E")
        if quoted.startswith(".") or quoted.partition(".")[0].casefold() in RESERVED:
            quoted = f"%{ord(quoted[0]):02X}{quoted[1:]}"
        if len(quoted) > MAX_NAME or quoted.casefold() in self.names:
            digest = blake2b(name.encode("utf8"), digest_size=8).hexdigest()
            quoted = f"{quoted[:MAX_NAME]}~{digest}"
        self.names.add(quoted.casefold())
        return quoted


class PubTatorExport:
    """Writes `documents.pubtator`: the first line of a text is the title, the rest the abstract.

    Line breaks and tabs become spaces, so that offsets stay valid. An entity without a concept has
    "-" as its id. The format has no field for scores.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []

    def add(self, record: CorpusRecord, doc: Doc, entities: Sequence[TableRow]) -> None:
        """Add the lines of a document.

        record (CorpusRecord): The record.
        doc (Doc): The annotated document.
        entities (Sequence[TableRow]): Its rows of the table `entities`.
        """
        name = re.sub(r"[|%\s]", lambda found: quote(found[0], safe=""), record.id)
        title, _, abstract = (part.translate(ONE_LINE) for part in doc.text.partition("\n"))
        lines = [f"{name}|t|{title}", f"{name}|a|{abstract}"]
        for row in sorted(entities, key=lambda row: (row["start"], row["end"])):
            texts = (row["text"], row["label"], row["concept_id"] or "-")
            fields = [name, str(row["start"]), str(row["end"])]
            lines.append("\t".join([*fields, *(text.translate(ONE_LINE) for text in texts)]))
        self.parts.append("\n".join([*lines, "", ""]))

    def files(self) -> dict[str, bytes]:
        """Return the one file."""
        return {"documents.pubtator": "".join(self.parts).encode("utf8")}


EXPORTS: dict[str, type[DocBinExport] | type[BratExport] | type[PubTatorExport]] = {
    "docbin": DocBinExport,
    "brat": BratExport,
    "pubtator": PubTatorExport,
}


def _brat_lines(number: int, row: TableRow) -> Iterator[str]:
    fragments = list(_fragments(row["text"], row["start"])) or [(row["start"], row["end"])]
    where = ";".join(f"{start} {end}" for start, end in fragments)
    mention = LINE_BREAKS.sub(" ", row["text"]).translate(ONE_LINE)
    yield f"T{number}\t{_brat_type(row['label'])} {where}\t{mention}"
    if concept := row["concept_id"]:
        reference = "".join((concept if ":" in concept else f"KB:{concept}").split())
        yield f"N{number}\tReference T{number} {reference}\t{mention}"
    if row["score"] is not None:
        yield f"#{number}\tAnnotatorNotes T{number}\tscore {row['score']}"


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

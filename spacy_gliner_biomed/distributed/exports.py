"""Export the annotated documents of a partition in another format than tables."""

from collections.abc import Sequence
from io import BytesIO
from typing import Protocol

from spacy.tokens import Doc

from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.brat import BratFiles
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import DEFAULT_SETTINGS, WriterSettings

TABLES = ("parquet", "jsonl")  # formats of the tables themselves
RELATIONS = ("relations-csv", "relations-parquet")  # one of the tables has them
EXPORTS = tuple(n for n, each in FORMATS.items() if each.endings and n not in TABLES + RELATIONS)
BRAT_FOLDER = "brat"


class Export(Protocol):
    """Collects the documents of a partition."""

    def add(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Add a document.

        doc (Doc): The annotated document.
        record (Record): Its id and metadata.
        found (Sequence[Entity]): Its entities.
        RAISES (Exception): If the format cannot hold the document; then nothing is added.
        """

    def files(self) -> dict[str, bytes]:
        """Return the path inside the partition, and the content, of each file."""


class FileExport:
    """Writes one file: `docs.spacy`, or `documents` with the ending of the format.

    format_ (str): One of `FORMATS`.
    settings (WriterSettings): Settings of the run.
    RAISES (ImportError): If the format needs a package that is not installed.
    """

    def __init__(self, format_: str, settings: WriterSettings) -> None:
        self.stream = BytesIO()
        self.writer = FORMATS[format_].factory(self.stream, settings)
        name = "docs" if format_ == "docbin" else "documents"
        self.name = f"{name}.{FORMATS[format_].endings[0].removeprefix('.')}"

    def add(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Add a document; arguments as in `Export.add`."""
        self.writer.write(doc, record, found)

    def files(self) -> dict[str, bytes]:
        """Return the one file."""
        self.writer.finish()
        return {self.name: self.stream.getvalue()}


class BratExport:
    """Writes the files of BRAT into the folder `brat`.

    settings (WriterSettings): Settings of the run.
    """

    def __init__(self, settings: WriterSettings) -> None:
        self.brat = BratFiles(settings)
        self.made: dict[str, bytes] = {}

    def add(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Add the two files of a document; arguments as in `Export.add`."""
        files = self.brat.add(doc, record, found)
        self.made |= {f"{BRAT_FOLDER}/{name}": content for name, content in files.items()}

    def files(self) -> dict[str, bytes]:
        """Return all files."""
        last = {f"{BRAT_FOLDER}/{k}": v for k, v in self.brat.configuration().items()}
        return {**self.made, **last}


def make_export(format_: str, settings: WriterSettings = DEFAULT_SETTINGS) -> Export:
    """Make the export of a partition.

    format_ (str): One of `EXPORTS`.
    settings (WriterSettings): Settings of the run.
    RETURNS (Export): The export.
    RAISES (ImportError): If the format needs a package that is not installed.
    """
    return BratExport(settings) if format_ == "brat" else FileExport(format_, settings)

"""The table of output formats, for all commands."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.documents.html import HtmlWriter
from spacy_gliner_biomed.documents.writers import DocBinWriter, JsonlWriter, TableWriter
from spacy_gliner_biomed.documents.writing.annotation_tools import LabelStudioWriter, ProdigyWriter
from spacy_gliner_biomed.documents.writing.bioc import BiocJsonWriter, BiocXmlWriter
from spacy_gliner_biomed.documents.writing.brat import BratWriter
from spacy_gliner_biomed.documents.writing.conll import ConllWriter
from spacy_gliner_biomed.documents.writing.fhir import FhirWriter
from spacy_gliner_biomed.documents.writing.omop import OmopWriter
from spacy_gliner_biomed.documents.writing.pubannotation import PubAnnotationWriter
from spacy_gliner_biomed.documents.writing.pubtator import PubTatorWriter
from spacy_gliner_biomed.documents.writing.tables import CsvWriter, ParquetWriter, RelationTable
from spacy_gliner_biomed.documents.writing.writer import WriterFactory


@dataclass(frozen=True)
class OutputFormat:
    """A format of output files.

    factory (WriterFactory): Makes a writer.
    endings (tuple[str, ...]): Endings of file names that mean this format; the first is used where
        this package chooses the name.
    shared (tuple[str, ...]): Further endings that its files may have, if the format is named.
    reads_context (bool): Whether it needs negation and the like, see `writing.context`.
    has_relations (bool): Whether it has a place for relations.
    """

    factory: WriterFactory
    endings: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    reads_context: bool = False
    has_relations: bool = False

    def fits(self, path: str) -> bool:
        """Return whether a file of this format may have this name."""
        return path.lower().endswith((*self.endings, *self.shared))


_Json = partial(OutputFormat, shared=(".json",))
_Related = partial(OutputFormat, has_relations=True)

FORMATS: dict[str, OutputFormat] = {
    "table": OutputFormat(TableWriter),
    "jsonl": _Related(JsonlWriter, (".jsonl",)),
    "docbin": _Related(DocBinWriter, (".spacy",)),
    "html": _Related(HtmlWriter, (".html",)),
    "csv": OutputFormat(CsvWriter, (".csv",)),
    "parquet": OutputFormat(ParquetWriter, (".parquet",)),
    "relations-csv": _Related(partial(CsvWriter, table=RelationTable), (".relations.csv",)),
    "relations-parquet": _Related(
        partial(ParquetWriter, table=RelationTable), (".relations.parquet",)
    ),
    "bioc-xml": _Related(BiocXmlWriter, (".bioc.xml", ".xml")),
    "bioc-json": _Json(BiocJsonWriter, (".bioc.json",), has_relations=True),
    "pubannotation": _Json(PubAnnotationWriter, (".pubannotation.json",)),
    "pubtator": _Related(PubTatorWriter, (".pubtator",), (".txt",)),
    "brat": _Related(BratWriter, (".brat.zip",), (".zip",)),
    "conll": OutputFormat(ConllWriter, (".conll", ".iob", ".bio"), (".tsv", ".txt")),
    "labelstudio": _Json(LabelStudioWriter, (".labelstudio.json",)),
    "prodigy": OutputFormat(ProdigyWriter, (".prodigy.jsonl",), (".jsonl",)),
    "fhir": _Json(FhirWriter, (".fhir.json",), reads_context=True),
    "omop": OutputFormat(OmopWriter, (".omop.csv", "note_nlp.csv"), (".csv",), reads_context=True),
}


def format_of(path: str) -> str | None:
    """Return the format that a file's ending means; the longest ending decides."""
    named = {ending: name for name, each in FORMATS.items() for ending in each.endings}
    ending = ending_of(Path(path), named)
    return None if ending is None else named[ending]


def names_for(path: str) -> list[str]:
    """Return the formats that a file with this name may have, if the format is named."""
    return [name for name, each in FORMATS.items() if each.shared and each.fits(path)]

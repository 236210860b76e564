"""The table of formats, for `convert`, `curate`, `annotate`, `annotate-corpus` and the reader
`File.v1`.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from spacy_gliner_biomed.common.files import warn_of_utf8
from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.office_files import refuse_office_file
from spacy_gliner_biomed.common.settings_dict import check_choice
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.annotation_tools import (
    read_doccano,
    read_prodigy,
    read_pubannotation,
)
from spacy_gliner_biomed.training.formats.bioc import read_bioc_json, read_bioc_xml
from spacy_gliner_biomed.training.formats.brat import read_brat
from spacy_gliner_biomed.training.formats.conll import read_conll
from spacy_gliner_biomed.training.formats.detect import detect_format
from spacy_gliner_biomed.training.formats.gliner import read_gliner
from spacy_gliner_biomed.training.formats.instructions import read_gliner2, read_instructions
from spacy_gliner_biomed.training.formats.jats import read_jats
from spacy_gliner_biomed.training.formats.label_studio import read_label_studio
from spacy_gliner_biomed.training.formats.notes_table import read_notes
from spacy_gliner_biomed.training.formats.options import DEFAULTS, FormatReader, ReadOptions
from spacy_gliner_biomed.training.formats.plain import (
    read_docs,
    read_lines_of_json,
    read_plain_text,
)
from spacy_gliner_biomed.training.formats.pubtator import read_pubtator
from spacy_gliner_biomed.training.record_checks import Counts, report_changes


@dataclass(frozen=True)
class Format:
    """A format.

    read (FormatReader): Its reader.
    endings (tuple[str, ...]): Usual endings of its files; those of text may be followed by ".gz".
    has_entities (bool): Whether it holds entities.
    own_encoding (bool): Whether its files declare their encoding themselves.
    """

    read: FormatReader
    endings: tuple[str, ...]
    has_entities: bool = True
    own_encoding: bool = False


FORMATS: dict[str, Format] = {
    "jsonl": Format(read_lines_of_json, (".jsonl",)),
    "docbin": Format(read_docs, (".spacy",)),
    "brat": Format(read_brat, (".brat.zip",)),  # or a folder
    "pubtator": Format(read_pubtator, (".pubtator", ".txt")),
    "bioc-xml": Format(read_bioc_xml, (".xml", ".bioc"), own_encoding=True),
    "bioc-json": Format(read_bioc_json, (".json", ".jsonl")),
    "pubannotation": Format(read_pubannotation, (".json", ".jsonl")),
    "conll": Format(read_conll, (".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv", ".txt")),
    "prodigy": Format(read_prodigy, (".jsonl", ".json")),
    "doccano": Format(read_doccano, (".jsonl", ".json")),
    "labelstudio": Format(read_label_studio, (".json",)),
    "gliner": Format(read_gliner, (".json", ".jsonl")),
    "gliner2": Format(read_gliner2, (".jsonl", ".json")),
    "instructions": Format(read_instructions, (".json", ".jsonl")),
    "text": Format(read_plain_text, (".txt",), has_entities=False),
    "csv": Format(read_notes, (".csv", ".tsv", ".tab"), has_entities=False),
    "jats": Format(read_jats, (".xml", ".nxml"), has_entities=False, own_encoding=True),
}
PUBMED_COMMAND = "which 'spacy gliner annotate-corpus' reads"
WITH_ENTITIES = tuple(name for name, format_ in FORMATS.items() if format_.has_entities)


def read_format(
    path: Path, name: str | None = None, options: ReadOptions = DEFAULTS
) -> Iterator[AnnotatedText]:
    """Read annotated texts one after the other. The labels and relations found in all of them count
    as annotated, so everything is read twice, and errors are raised before the first text is
    returned.

    path (Path): A file, or for "brat" a folder.
    name (str | None): One of `WITH_ENTITIES`; None for what the file's ending and beginning say.
    options (ReadOptions): How to read it.
    RETURNS (Iterator[AnnotatedText]): At least one text; one without an id gets its number.
    RAISES (ValueError): With file and line, for what cannot be read; if the format is not clear or
        has no entities; or if there is no text.
    RAISES (ImportError): If a package that the format needs is not installed.
    """
    found = find_format(Path(path), name, options)
    if not FORMATS[found].has_entities:
        allowed = ", ".join(WITH_ENTITIES)
        raise ValueError(Errors.E203.format(format=found, path=path, allowed=allowed))
    warn_of_encoding([Path(path)], replace(options, data_format=found))
    texts = _with_labels(Path(path), found, options)
    first = next(texts, None)
    if first is None:
        raise ValueError(Errors.E062.format(path=path, format=found))
    return chain([first], texts)


def read_texts(path: Path, name: str, options: ReadOptions) -> Iterator[AnnotatedText]:
    """Read texts whose entities are not wanted; warn once of what was left out of them.

    path (Path): A file.
    name (str): One of `FORMATS`.
    options (ReadOptions): How to read it.
    YIELDS (AnnotatedText): The texts; the name of one without an id is empty.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    counts = Counts()
    yield from FORMATS[name].read(path, replace(options, gold=False), counts)
    report_changes(counts, path)


def find_format(
    path: Path, name: str | None, options: ReadOptions, option: str = "--format"
) -> str:
    """Check the name of a format, or detect the format.

    path (Path): A file, or for "brat" a folder.
    name (str | None): The name; None to detect it.
    options (ReadOptions): The encoding.
    option (str): The command's option for the name, for the message.
    RETURNS (str): A name in `FORMATS`.
    RAISES (ValueError): If the path does not exist, there is no such format, the format is not
        clear, or the file has to be converted to text first.
    """
    if name is not None:
        check_choice(option, name, FORMATS)
    if not path.exists():
        raise ValueError(Errors.E050.format(path=path))
    refuse_office_file(path, format_named=name is not None)
    found = detect_format(path, options.encoding) if name is None else name
    if found not in FORMATS:
        hint = f" (it is PubMed's XML, {PUBMED_COMMAND})" if found == "pubmed" else ""
        values = {"hint": hint, "option": option, "allowed": ", ".join(FORMATS)}
        raise ValueError(Errors.E202.format(path=path, **values))
    if path.is_dir() and found != "brat":
        raise ValueError(Errors.E164.format(path=path, format=found))
    return found


def warn_of_encoding(files: Iterable[Path], options: ReadOptions) -> None:
    """Warn once about the files that are UTF-8 although another encoding is named; see
    `files.is_utf8_instead`.

    files (Iterable[Path]): The files to read. The reader of "brat" warns about those of a folder.
    options (ReadOptions): The encoding, and their format if it is named.
    """
    warn_of_utf8(in_named_encoding(files, options), options.encoding)


def in_named_encoding(files: Iterable[Path], options: ReadOptions) -> Iterator[Path]:
    """Yield the files whose format does not say the encoding, as XML does.

    files (Iterable[Path]): Files.
    options (ReadOptions): Their format if it is named.
    """
    own = {name for name, format_ in FORMATS.items() if format_.own_encoding}
    if options.data_format not in own:
        endings = [ending for name in own for ending in FORMATS[name].endings]
        endings = [f"{ending}{packed}" for ending in endings for packed in ("", ".gz")]
        yield from (file for file in files if ending_of(file, endings) is None)


def _with_labels(path: Path, name: str, options: ReadOptions) -> Iterator[AnnotatedText]:
    """Yield texts with the labels and relations that they annotate: their own, or else all of the
    source.
    """
    read = FORMATS[name].read
    found: set[str] = set()
    related: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again
        for text in read(path, options, Counts()):
            found.update(label for *_, label in text.spans)
            found.update(text.annotated or ())
            related.update(label for *_, label in text.relations or ())
            related.update(text.annotated_relations or ())
    labels, relations, counts = sorted(found), sorted(related), Counts()
    for number, text in enumerate(read(path, options, counts), 1):
        own = labels if text.annotated is None else text.annotated
        text = replace(text, annotated=own, name=text.name or str(number))
        # A Doc without relations says nothing about them, a text of another format has none.
        yield text if name == "docbin" else _with_relations(text, relations)
    report_changes(counts, path)


def _with_relations(text: AnnotatedText, labels: Sequence[str]) -> AnnotatedText:
    """Return a text with the relations that it annotates: its own, or else all of the source; none
    if the source has no relations.
    """
    if not labels:
        return replace(text, relations=None)
    own = labels if text.annotated_relations is None else text.annotated_relations
    return replace(text, relations=text.relations or [], annotated_relations=own)

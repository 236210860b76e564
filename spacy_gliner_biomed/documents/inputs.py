"""Read the documents of files and folders, in all formats of `training.formats`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_gliner_biomed.common.files import (
    check_unpacked,
    decode_line,
    is_utf8,
    read_byte_lines,
    read_lines,
    read_text,
    unpacked_limit,
)
from spacy_gliner_biomed.common.folders import (
    Unread,
    ending_of,
    find_files,
    kind_of,
    warn_unread,
)
from spacy_gliner_biomed.common.json_text import check_text, parse_json_object
from spacy_gliner_biomed.common.office_files import refuse_office_file
from spacy_gliner_biomed.common.reporting import describe, has_code, shorten
from spacy_gliner_biomed.common.settings_dict import check_choice
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import ID_KEY, PASSAGES_KEY, AnnotatedText
from spacy_gliner_biomed.training.docbins import open_docbin
from spacy_gliner_biomed.training.formats.detect import UNCLEAR, detect_format
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.plain import known_meta
from spacy_gliner_biomed.training.formats.table import (
    FORMATS,
    find_format,
    read_texts,
    warn_of_encoding,
)
from spacy_gliner_biomed.training.json_items import read_values
from spacy_gliner_biomed.training.record_checks import check_keys, format_place

# Formats whose JSON records have the document under "text".
TEXT_RECORDS = ("jsonl", "prodigy", "doccano")
INPUT_FORMAT = "--input-format"
PACKED = (".spacy", ".brat.zip")  # endings of files that are compressed as they are


@dataclass
class Record:
    """The id and metadata of a document.

    id (Any): The document's own id, or file name and number.
    meta (dict[str, Any]): Further keys of its line of JSON, or columns of its row, which are
        copied to the output; "passages" are those of `training.corpora.AnnotatedText`.
    """

    id: Any
    meta: dict[str, Any] = field(default_factory=dict)


# A document, as text or as a Doc, with its id and metadata.
InputDocument = tuple[str | Doc, Record]
OnFailure = Callable[[Exception], None]


def find_inputs(paths: Sequence[Path], options: ReadOptions = DEFAULTS) -> list[Path]:
    """Find the files to read, each once; warn about the other files in folders, and about those
    whose encoding is not the named one.

    paths (Sequence[Path]): Files of supported formats, and folders.
    options (ReadOptions): How to read them, and their format.
    RETURNS (list[Path]): The named files, and the files of supported formats in the folders.
    RAISES (ValueError): If a path does not exist, or a named file has an unsupported format or has
            to be converted to text first.
    """
    if options.data_format is not None:
        check_choice(INPUT_FORMAT, options.data_format, FORMATS)
    endings = input_endings(options.data_format)
    files: dict[Path, Path] = {}
    unread: Unread = []
    for path in paths:
        if not path.exists():
            raise ValueError(Errors.E050.format(path=path))
        refuse_office_file(path, format_named=options.data_format is not None)
        found = [path]
        if path.is_dir() and options.data_format != "brat":
            found, others = _find_readable(path, endings, options)
            unread += others
        elif options.data_format is None and ending_of(path, endings) is None:
            allowed = ", ".join(ending for ending in endings if not ending.endswith(".gz"))
            raise ValueError(Errors.E051.format(path=path, found=path.suffix, allowed=allowed))
        for file in found:
            files.setdefault(file.resolve(), file)
    warn_unread(unread, [ending for ending in endings if not ending.endswith(".gz")])
    warn_of_encoding(files.values(), options)
    return list(files.values())


def _find_readable(
    folder: Path, endings: Sequence[str], options: ReadOptions
) -> tuple[list[Path], Unread]:
    """Find the files with documents in a folder, and all others."""
    found, unread = find_files(folder, endings)
    readable = []
    for file in found:
        if is_readable(file, options):
            readable.append(file)
        else:
            unread.append((f"{kind_of(file)} of an unknown form", file.name))
    return readable, unread


def read_inputs(
    files: Iterable[Path],
    vocab: Vocab,
    on_failure: OnFailure | None = None,
    options: ReadOptions = DEFAULTS,
) -> Iterator[InputDocument]:
    """Read the documents of files, in order, in the form for `nlp.pipe(..., as_tuples=True)`.

    files (Iterable[Path]): See `find_inputs`.
    vocab (Vocab): The vocab for the Docs of a DocBin.
    on_failure (OnFailure | None): Called with the error of each line, Doc or file that cannot be
        read, and of each file without a document; reading continues. None raises the first error.
    options (ReadOptions): How to read them, and their format.
    YIELDS (InputDocument): The text as it is in the file, with its line ends.
    RAISES (ValueError): Without `on_failure`, with the place, if a file is broken.
    """
    for path in files:
        n_read = 0
        try:
            for found in _read_file(path, vocab, options):
                n_read += 1
                if not isinstance(found, ValueError):
                    yield found
                elif on_failure is None:
                    raise found
                else:
                    on_failure(found)
            if not n_read and on_failure is not None:
                on_failure(ValueError(Errors.E162.format(path=path)))
        except ImportError:  # of an optional package: the same for all files of the format
            raise
        except Exception as error:
            if on_failure is None:
                raise
            on_failure(error if isinstance(error, (ValueError, OSError)) else _broken(path, error))


def _broken(path: Path, error: Exception) -> ValueError:
    """Return the error for a file whose reader fails on a form that it does not expect."""
    return ValueError(Errors.E395.format(path=path, error=shorten(describe(error))))


def input_endings(data_format: str | None = None) -> tuple[str, ...]:
    """Return the endings of files to read, of one format or of all."""
    formats = FORMATS.values() if data_format is None else [FORMATS[data_format]]
    endings = sorted({ending for format_ in formats for ending in format_.endings})
    return (*endings, *(f"{ending}.gz" for ending in endings if ending not in PACKED))


ENDINGS = input_endings()


def is_readable(path: Path, options: ReadOptions = DEFAULTS) -> bool:
    """Return whether a file in a folder has documents, as far as its beginning says.

    A broken file, and a table without the column of texts, count as readable, so that they are
    reported when they are read.

    path (Path): A file with one of `input_endings`.
    options (ReadOptions): How to read it.
    """
    if options.data_format is not None or ending_of(path, UNCLEAR) is None:
        return True
    try:
        return detect_format(path, options.encoding) in FORMATS
    except (ValueError, OSError):
        return True


def is_lines(path: Path) -> bool:
    """Return whether a file of JSON has one record a line, by its ending."""
    return ending_of(path, (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")) is not None


def text_and_meta(text: AnnotatedText) -> tuple[str, dict[str, Any]]:
    """Return the text of a document that was read, and its metadata with its passages."""
    passages = {PASSAGES_KEY: list(text.passages)} if text.passages else {}
    return text.text, {**text.meta, **passages}


def _read_file(
    path: Path, vocab: Vocab, options: ReadOptions
) -> Iterator[InputDocument | ValueError]:
    """Yield the documents of a file, and the error of each line or Doc that cannot be read.

    RAISES (ValueError): If the rest of the file cannot be read.
    """
    name = find_format(path, options.data_format, options, INPUT_FORMAT)
    if name == "docbin":
        yield from read_docbin(path, vocab)
    elif name == "text":
        yield read_text(path, options.encoding), Record(path.as_posix())
    elif name in TEXT_RECORDS and is_lines(path):
        yield from _read_jsonl(path, options.encoding)
    elif name in TEXT_RECORDS:
        yield from _read_json(path, options.encoding)
    else:
        for number, found in enumerate(read_texts(path, name, options), 1):
            text, meta = text_and_meta(found)
            yield text, Record(found.name or f"{path.as_posix()}:{number}", meta)


def _read_jsonl(path: Path, encoding: str) -> Iterator[InputDocument | ValueError]:
    lines: Iterator[tuple[int, bytes]] | Iterator[tuple[int, str]] = read_lines(path, encoding)
    if is_utf8(encoding):
        lines = read_byte_lines(path, max_bytes=unpacked_limit(path))
    for number, line in lines:
        if not line.strip():
            continue
        name = f"{path.as_posix()}:{number}"
        try:
            check_unpacked(path, len(line), f", line {number}")
            text = decode_line(path, number, line) if isinstance(line, bytes) else line
            yield _parse_record(parse_json_object(text), name)
        except ValueError as error:
            yield _located(error, path, number)


def _read_json(path: Path, encoding: str) -> Iterator[InputDocument | ValueError]:
    for number, (line, record) in enumerate(read_values(path, encoding), 1):
        try:
            check_keys(record, ())
            yield _parse_record(record, f"{path.as_posix()}:{number}")
        except ValueError as error:
            yield _located(error, path, line)


def _located(error: ValueError, path: Path, line: int | str) -> ValueError:
    """Return an error with file and line."""
    if has_code(error):
        return error
    return ValueError(format_place(Errors.E052, path, line, error))


def _parse_record(values: dict[str, Any], name: str) -> InputDocument:
    """Return the document of a JSON record; the name is the id of a document without one.

    RAISES (ValueError): With the reason, if it holds no document.
    """
    text, own = values.pop("text", None), values.pop("id", None)
    if not isinstance(text, str):
        raise ValueError("'text' is missing or not a string")
    return check_text(text), Record(name if own is None else own, values)


def read_docbin(path: Path, vocab: Vocab) -> Iterator[InputDocument | ValueError]:
    """Read the Docs of a DocBin.

    path (Path): The file.
    vocab (Vocab): The vocab for the Docs.
    YIELDS (InputDocument | ValueError): A Doc with id and metadata, or the error of a damaged Doc.
    RAISES (ValueError): If the rest of the file cannot be read.
    """
    number = 0
    try:
        # depending on the damage, zlib, msgpack or key errors
        for number, doc in enumerate(open_docbin(path).get_docs(vocab), start=1):
            yield _check_doc(doc, path, number)
    except Exception as error:
        problem = f"{shorten(error) or type(error).__name__} (after Doc {number})"
        raise ValueError(Errors.E053.format(path=path, what="a DocBin", error=problem)) from error


def _check_doc(doc: Doc, path: Path, number: int) -> InputDocument | ValueError:
    """Return a Doc with its id and metadata, or an error, for example if strings are missing."""
    name = f"{path.as_posix()}:{number}"
    try:
        check_text(doc.text)
        for span in chain(doc.ents, *doc.spans.values()):
            check_text(span.label_ + span.kb_id_)
        return doc, Record(doc.user_data.get(ID_KEY, name), known_meta(doc))
    except Exception as error:
        problem = f"Doc {number} is damaged ({shorten(error) or type(error).__name__})"
        return ValueError(Errors.E053.format(path=path, what="a DocBin", error=problem))

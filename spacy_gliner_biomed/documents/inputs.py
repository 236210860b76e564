"""Read documents from plain text, JSON lines, DocBins and folders of these."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_gliner_biomed.common.files import decode_line, read_byte_lines, read_text
from spacy_gliner_biomed.common.folders import Unread, ending_of, find_files, warn_unread
from spacy_gliner_biomed.common.json_text import check_text, parse_json_object
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors

ENDINGS = (".txt", ".jsonl", ".spacy")

# The keys in `Doc.user_data` for a document's id and the further keys of its line of JSON.
ID_KEY, META_KEY = "id", "meta"


@dataclass
class Record:
    """The id and metadata of a document.

    id (Any): The document's own id, or file name and number.
    meta (dict[str, Any]): Further keys of its line of JSON, which are copied to the output.
    """

    id: Any
    meta: dict[str, Any] = field(default_factory=dict)


# A document, as text or as a Doc, with its id and metadata.
InputDocument = tuple[str | Doc, Record]
OnFailure = Callable[[Exception], None]


def find_inputs(paths: Sequence[Path]) -> list[Path]:
    """Find the files to read, each once; warn about the other files in folders.

    paths (Sequence[Path]): Files of supported formats, and folders.
    RETURNS (list[Path]): The named files, and the files of supported formats in the folders.
    RAISES (ValueError): If a path does not exist, or a named file has an unsupported format.
    """
    files: dict[Path, Path] = {}
    unread: Unread = []
    for path in paths:
        if not path.exists():
            raise ValueError(Errors.E050.format(path=path))
        found = [path]
        if path.is_dir():
            found, others = find_files(path, ENDINGS)
            unread += others
        elif ending_of(path, ENDINGS) is None:
            raise ValueError(Errors.E051.format(path=path, found=path.suffix))
        for file in found:
            files.setdefault(file.resolve(), file)
    warn_unread(unread, ENDINGS)
    return list(files.values())


def read_inputs(
    files: Iterable[Path], vocab: Vocab, on_failure: OnFailure | None = None
) -> Iterator[InputDocument]:
    """Read the documents of files, in order, in the form for `nlp.pipe(..., as_tuples=True)`.

    files (Iterable[Path]): See `find_inputs`.
    vocab (Vocab): The vocab for the Docs of a DocBin.
    on_failure (OnFailure | None): Called with the error of each line, Doc or file that cannot be
        read, and of each file without a document; reading continues. None raises the first error.
    YIELDS (InputDocument): The text as it is in the file, with its line ends.
    RAISES (ValueError): Without `on_failure`, with the place, if a file is broken.
    """
    for path in files:
        n_read = 0
        try:
            for found in _read_file(path, vocab):
                n_read += 1
                if not isinstance(found, ValueError):
                    yield found
                elif on_failure is None:
                    raise found
                else:
                    on_failure(found)
            if not n_read and on_failure is not None:
                on_failure(ValueError(Errors.E162.format(path=path)))
        except (ValueError, OSError) as error:
            if on_failure is None:
                raise
            on_failure(error)


def _read_file(path: Path, vocab: Vocab) -> Iterator[InputDocument | ValueError]:
    """Yield the documents of a file, and the error of each line or Doc that cannot be read.

    RAISES (ValueError): If the rest of the file cannot be read.
    """
    ending = ending_of(path, ENDINGS)
    if ending == ".jsonl":
        yield from _read_jsonl(path)
    elif ending == ".spacy":
        yield from read_docbin(path, vocab)
    else:
        yield read_text(path), Record(path.as_posix())


def _read_jsonl(path: Path) -> Iterator[InputDocument | ValueError]:
    for number, line in read_byte_lines(path):
        if not line.strip():
            continue
        try:
            yield _parse_line(decode_line(path, number, line), f"{path.as_posix()}:{number}")
        except ValueError as error:
            if str(error).startswith("[GB-"):
                yield error
            else:
                problem = shorten(error, 300)
                yield ValueError(Errors.E052.format(path=path, line=number, error=problem))


def _parse_line(line: str, name: str) -> InputDocument:
    """Parse the document of a line; the name is the id of a document without one.

    RAISES (ValueError): With the reason, if the line holds no document.
    """
    values = parse_json_object(line)
    text, own = values.pop("text", None), values.pop("id", None)
    if not isinstance(text, str):
        raise ValueError("'text' is missing or no string")
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
        for number, doc in enumerate(DocBin().from_disk(path).get_docs(vocab), start=1):
            yield _check_doc(doc, path, number)
    except Exception as error:
        problem = f"{shorten(error) or type(error).__name__} (behind Doc {number})"
        raise ValueError(Errors.E053.format(path=path, what="a DocBin", error=problem)) from error


def _check_doc(doc: Doc, path: Path, number: int) -> InputDocument | ValueError:
    """Return a Doc with its id and metadata, or an error, for example if strings are missing."""
    name = f"{path.as_posix()}:{number}"
    try:
        check_text(doc.text)
        for span in chain(doc.ents, *doc.spans.values()):
            check_text(span.label_ + span.kb_id_)
        known = doc.user_data
        return doc, Record(known.get(ID_KEY, name), dict(known.get(META_KEY, {})))
    except Exception as error:
        problem = f"Doc {number} is damaged ({shorten(error) or type(error).__name__})"
        return ValueError(Errors.E053.format(path=path, what="a DocBin", error=problem))

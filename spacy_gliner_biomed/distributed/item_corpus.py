"""A corpus of Python objects: texts, mappings, Docs, rows of a frame or a dataset."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from spacy.tokens import Doc

from spacy_gliner_biomed.common.reporting import describe
from spacy_gliner_biomed.distributed.corpus_files import NotRead, Size
from spacy_gliner_biomed.distributed.partitioning import PartitionedCorpus
from spacy_gliner_biomed.distributed.record_making import (
    make_doc_record,
    make_record,
    make_row_record,
    other_keys,
)
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import ID_KEY
from spacy_gliner_biomed.training.formats.notes_table import ID
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.plain import known_meta

NAME = "items"  # the source in the ids of documents without an id of their own
ROWS = 1000  # of a pandas frame that become Python objects at once


class ItemCorpus(PartitionedCorpus):
    """The documents of an iterable, in its order.

    An iterator is read once, only as fast as workers need it; its size is unknown. Anything else
    is read twice: first for its size and digest, which identify a run to resume.

    source (Any): See `read_items`; or a function that returns one.
    partition_size (int): Maximum number of documents in a partition.
    partition_characters (int): Maximum number of characters in a partition.
    reading (ReadOptions): `text_column` and `id_column` are keys of mappings and columns of frames.
    RAISES (ValueError): If the source cannot be read as documents.
    """

    path = None

    def __init__(
        self,
        source: Any,
        *,
        partition_size: int = 1000,
        partition_characters: int = 4_000_000,
        reading: ReadOptions = DEFAULTS,
    ) -> None:
        self.source: Callable[[], Any] = source if callable(source) else _Constant(source)
        self.is_iterator = isinstance(source, Iterator)
        self.reading = reading
        self.n_items = 0  # that were measured
        super().__init__(
            self._measure(),
            partition_size=partition_size,
            partition_characters=partition_characters,
            reading=reading,
        )

    def _records(self) -> Iterator[CorpusRecord]:
        number = 0
        for number, item in enumerate(read_items(self.source()), 1):
            record = make_item_record(item, f"{NAME}:{number}", self.reading)
            self.consumed += len(record.content)
            yield record
        if number < self.n_items:
            raise ValueError(Errors.E371.format(found=number, expected=self.n_items))

    def _measure(self) -> Size:
        if self.is_iterator:
            return Size(0, 0, "an iterator", NotRead())
        digest, size = blake2b(digest_size=16), 0
        for number, item in enumerate(read_items(self.source()), 1):
            record = make_item_record(item, f"{NAME}:{number}", self.reading)
            digest.update(f"{record.id}\0{len(record.content)}\0".encode("utf8", "surrogatepass"))
            text = record.content
            digest.update(text if isinstance(text, bytes) else text.encode("utf8", "surrogatepass"))
            size += len(text)
            self.n_items = number
        return Size(0, size, digest.hexdigest(), NotRead())


class _Constant:
    """A function without arguments that can be pickled, if its value can."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self) -> Any:
        return self.value


def read_items(source: Any) -> Iterator[Any]:
    """Yield the documents of a source.

    source (Any): A pandas or Polars frame, a table of pyarrow, or any other iterable, such as a
        list, a generator or a dataset of Hugging Face.
    YIELDS (Any): See `make_item_record`.
    RAISES (ValueError): If it is none of these.
    """
    if hasattr(source, "iloc") and hasattr(source, "columns"):  # pandas
        for start in range(0, len(source), ROWS):
            yield from source.iloc[start : start + ROWS].to_dict("records")
    elif hasattr(source, "iter_rows"):  # Polars
        yield from source.iter_rows(named=True)
    elif hasattr(source, "to_batches"):  # pyarrow
        for batch in source.to_batches():
            yield from batch.to_pylist()
    elif isinstance(source, (Mapping, str, bytes, Doc)) or not isinstance(source, Iterable):
        raise ValueError(Errors.E330.format(found=type(source).__name__))
    else:
        yield from source


def make_item_record(item: Any, source: str, reading: ReadOptions = DEFAULTS) -> CorpusRecord:
    """Make the record of a document.

    item (Any): A text; a mapping with "text" and perhaps "id" and further keys; a Doc; or a text
        and its context (`nlp.pipe(..., as_tuples=True)`), a mapping or an id.
    source (str): Its number, such as "items:7"; also the id of a document without one.
    reading (ReadOptions): See `ItemCorpus`.
    RETURNS (CorpusRecord): The record, with a problem if it cannot be annotated.
    """
    try:
        if isinstance(item, Doc):
            own = item.user_data.get(ID_KEY)
            return make_doc_record(item, known_meta(item), own, source)
        return _make_item_record(item, source, reading)
    except Exception as error:  # of this document; the next may be good
        return CorpusRecord(source, source).without_content("broken", describe(error))


def _make_item_record(item: Any, source: str, reading: ReadOptions) -> CorpusRecord:
    if isinstance(item, str):
        return make_record(item, None, {}, source)
    if isinstance(item, tuple) and len(item) == 2:
        text, context = item
        if not isinstance(context, Mapping):
            return make_record(text, context, {}, source)
        key = reading.id_column or ID
        return make_record(text, context.get(key), other_keys(context, (key,)), source)
    if not isinstance(item, Mapping):
        raise TypeError(f"a document is {type(item).__name__}: give a text, a mapping or a Doc")
    known = {key: value for key, value in item.items() if not _is_missing(value)}
    return make_row_record(known, source, reading)


def _is_missing(value: Any) -> bool:
    """Return whether a value is None, or NaN, which stands for it in frames."""
    return value is None or (isinstance(value, float) and value != value)

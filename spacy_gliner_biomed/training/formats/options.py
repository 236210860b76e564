"""What a reader of a format has to be told."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spacy_gliner_biomed.common.files import UTF8
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.record_checks import Counts


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file.

    encoding (str): Of text and JSON; XML files declare theirs.
    column (int | None): The column of the tags in CoNLL files, from 1; negative numbers count from
        the last. None takes the last.
    text_column (str | None): The column of the texts in CSV files, and for `annotate-corpus` the
        key in JSON and Parquet records; None for "text".
    id_column (str | None): The same for ids; None for "id", if there is one.
    spans_key (str): The span group of the entities in DocBins.
    data_format (str | None): The format of all inputs of a command; None to detect it.
    gold (bool): Whether entities are wanted; if so, examples without an accepted annotation are
        left out.
    with_docs (bool): Whether the texts of DocBins keep their Docs, so that writers can keep what is
        on them.
    RAISES (ValueError): If there is no such encoding or column.
    """

    encoding: str = UTF8
    column: int | None = None
    text_column: str | None = None
    id_column: str | None = None
    spans_key: str = "sc"
    data_format: str | None = None
    gold: bool = True
    with_docs: bool = False

    def __post_init__(self) -> None:
        try:
            codecs.lookup(self.encoding)
            "".encode(self.encoding)  # some codecs are not of text
        except (LookupError, ValueError) as error:
            raise ValueError(Errors.E201.format(found=self.encoding)) from error
        if self.column == 0:
            allowed = "a number from 1, or a negative one that counts from the last column"
            raise ValueError(Errors.E030.format(name="column", allowed=allowed, found=0))


DEFAULTS = ReadOptions()

# (file, options, counts of changes) -> texts. The name of a text without an id is empty, and
# `annotated` is None unless the text itself says which labels it annotates.
FormatReader = Callable[[Path, ReadOptions, Counts], Iterator[AnnotatedText]]

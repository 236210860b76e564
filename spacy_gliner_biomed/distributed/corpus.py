"""A corpus of files, on a file system or in an object store."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.counted_stream import Position
from spacy_gliner_biomed.common.files import is_utf8_instead, open_bytes
from spacy_gliner_biomed.common.object_store import ObjectStore, as_location
from spacy_gliner_biomed.distributed.citations import CitationNotes, Citations, scan
from spacy_gliner_biomed.distributed.corpus_files import CorpusFile, CorpusFiles, LocalFiles
from spacy_gliner_biomed.distributed.partitioning import PartitionedCorpus
from spacy_gliner_biomed.distributed.pubmed import has_xml_ending
from spacy_gliner_biomed.distributed.record_readers import read_file
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.distributed.remote_files import RemoteFiles
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.formats.detect import detect_format
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.table import FORMATS, in_named_encoding


class Corpus(PartitionedCorpus):
    """Reads the files of a corpus in a fixed order, so that each run cuts the same partitions.

    Files are read in the order of their names. PubMed's XML files come last, the newest first: the
    last update of a citation is read before earlier ones, and a deletion before the citation that
    it deletes. All XML files are searched for versions and deletions before the first is read.

    path (Path | str): A file or a folder; or the URL of an object, or a prefix of URLs.
    partition_size (int): Maximum number of records in a partition.
    partition_characters (int): Maximum number of characters in a partition; a longer text gets a
        partition of its own.
    reading (ReadOptions): How to read the files, and their format.
    options (Mapping[str, Any] | None): For a URL, arguments of the file system of fsspec.
    RAISES (ValueError): If there is no file of a supported format.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        partition_size: int = 1000,
        partition_characters: int = 4_000_000,
        reading: ReadOptions = DEFAULTS,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        location = as_location(path)
        if isinstance(location, Path):
            location = location.absolute()  # a worker may have another working directory
        self.path = location
        self.files: CorpusFiles = (
            LocalFiles(location, reading)
            if isinstance(location, Path)
            else RemoteFiles(ObjectStore(location, options), reading)
        )
        super().__init__(
            self.files.measure(),
            partition_size=partition_size,
            partition_characters=partition_characters,
            reading=reading,
        )
        self.n_bytes_before = 0  # of the files read so far

    def _records(self) -> Iterator[CorpusRecord]:
        xml: list[CorpusFile] = []
        n_files = 0
        for file in self.files.walk():
            n_files += 1
            if self._has_citations(file):
                xml.append(file)
            else:
                yield from self._read(file)
        if n_files < self.size.n_files:
            expected = self.size.n_files
            raise ValueError(Errors.E370.format(path=self.path, found=n_files, expected=expected))
        newest_first = xml[::-1]
        citations = self._note(newest_first)
        for file in newest_first:
            citations.begin(file.name)
            yield from map(citations.check, self._read(file))

    def _has_citations(self, file: CorpusFile) -> bool:
        """Return whether an XML file is PubMed's, or of no known form, which its reader reports."""
        if self.reading.data_format is not None or not has_xml_ending(file.name):
            return False
        try:
            with file.beginning() as path:
                return detect_format(path, self.reading.encoding) not in FORMATS
        except (OSError, ValueError):
            return True

    def _is_utf8_instead(self, path: Path) -> bool:
        encoding = self.reading.encoding
        with suppress(OSError):  # its reader says so
            return any(
                is_utf8_instead(p, encoding) for p in in_named_encoding([path], self.reading)
            )
        return False

    def _note(self, newest_first: list[CorpusFile]) -> Citations:
        citations = Citations()
        for file in newest_first:
            notes = CitationNotes()
            # An error in `scan` occurs again, and is reported, when the file is read.
            with (
                file.local() as path,
                suppress(Exception),
                open_bytes(path, Position()) as stream,
            ):
                scan(stream, notes)
            citations.note(file.name, notes)
        citations.start()
        return citations

    def _read(self, file: CorpusFile) -> Iterator[CorpusRecord]:
        position = Position()
        with file.local() as path:
            utf8_file = file.name if self._is_utf8_instead(path) else ""
            for record in read_file(path, file.name, position, self.reading):
                self.consumed = self.n_bytes_before + position.bytes
                renamed = file.renamed(record, path)
                yield replace(renamed, utf8_file=utf8_file) if utf8_file else renamed
                utf8_file = ""
        self.n_bytes_before += file.size
        self.consumed = self.n_bytes_before

"""A corpus: the records of its files, without repeated ids, in partitions."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from spacy_gliner_biomed.common.counted_stream import Position
from spacy_gliner_biomed.common.files import open_bytes
from spacy_gliner_biomed.distributed.citations import CitationNotes, Citations, scan
from spacy_gliner_biomed.distributed.corpus_files import (
    file_size,
    measure_corpus,
    relative_name,
    walk_files,
)
from spacy_gliner_biomed.distributed.id_set import IdSet
from spacy_gliner_biomed.distributed.pubmed import is_pubmed
from spacy_gliner_biomed.distributed.record_readers import read_file
from spacy_gliner_biomed.distributed.records import CorpusRecord, Partition
from spacy_gliner_biomed.training.formats.detect import detect_format
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions
from spacy_gliner_biomed.training.formats.table import FORMATS


class Corpus:
    """Reads the files of a corpus in a fixed order, so that each run cuts the same partitions.

    Files are read in the order of their names. PubMed's XML files come last, the newest first: the
    last update of a citation is read before earlier ones, and a deletion before the citation that
    it deletes. All XML files are searched for versions and deletions before the first is read.

    path (Path): A file or a folder.
    partition_size (int): Maximum number of records in a partition.
    partition_characters (int): Maximum number of characters in a partition; a longer text gets a
        partition of its own.
    reading (ReadOptions): How to read the files, and their format.
    RAISES (ValueError): If there is no file of a supported format.
    """

    def __init__(
        self,
        path: Path,
        *,
        partition_size: int = 1000,
        partition_characters: int = 4_000_000,
        reading: ReadOptions = DEFAULTS,
    ) -> None:
        self.path = path
        self.partition_size = partition_size
        self.partition_characters = partition_characters
        self.reading = reading
        self.size = measure_corpus(path, reading)
        self.ids = IdSet()  # of all records except PubMed citations
        self.citation_ids = IdSet()
        self.n_bytes_before = 0  # of the files read so far
        self.consumed = 0

    def partitions(self) -> Iterator[Partition]:
        """Yield the partitions in order; can be called once."""
        read = 0
        for number, records in enumerate(self._cut()):
            n_bytes, read = self.consumed - read, self.consumed
            yield Partition(number, self._without_repeated(records), n_bytes)

    def _cut(self) -> Iterator[list[CorpusRecord]]:
        records: list[CorpusRecord] = []
        characters = 0
        for record in self._records():
            full = len(records) == self.partition_size
            if records and (full or characters + len(record.content) > self.partition_characters):
                yield records
                records, characters = [], 0
            records.append(record)
            characters += len(record.content)
        if records:
            yield records

    def _records(self) -> Iterator[CorpusRecord]:
        xml: list[Path] = []
        for path in walk_files(self.path, reading=self.reading):
            if self._has_citations(path):
                xml.append(path)
            else:
                yield from self._read(path)
        newest_first = xml[::-1]
        citations = self._note(newest_first)
        for path in newest_first:
            citations.begin(path)
            yield from map(citations.check, self._read(path))

    def _has_citations(self, path: Path) -> bool:
        """Return whether an XML file is PubMed's, or of no known form, which its reader reports."""
        if self.reading.data_format is not None or not is_pubmed(path.name):
            return False
        try:
            return detect_format(path, self.reading.encoding) not in FORMATS
        except (OSError, ValueError):
            return True

    def _note(self, newest_first: list[Path]) -> Citations:
        citations = Citations()
        for path in newest_first:
            notes = CitationNotes()
            # An error here occurs again, and is reported, when the file is read.
            with suppress(Exception), open_bytes(path, Position()) as stream:
                scan(stream, notes)
            citations.note(path, notes)
        citations.start()
        return citations

    def _read(self, path: Path) -> Iterator[CorpusRecord]:
        position = Position()
        for record in read_file(path, relative_name(path, self.path), position, self.reading):
            self.consumed = self.n_bytes_before + position.bytes
            yield record
        self.n_bytes_before += file_size(path)
        self.consumed = self.n_bytes_before

    def _without_repeated(self, records: list[CorpusRecord]) -> list[CorpusRecord]:
        """Mark records with repeated ids. A broken record does not claim its id."""
        good = [i for i, record in enumerate(records) if record.problem is None]
        citations = [i for i in good if records[i].is_citation]
        others = [i for i in good if not records[i].is_citation]
        checked = list(records)
        for i in _where(others, self.ids.add([records[i].id for i in others])):
            checked[i] = records[i].without_content(
                "duplicate", "an earlier record has the same id"
            )
        for i in _where(citations, self.citation_ids.add([records[i].id for i in citations])):
            reason = "a later file, or a higher version, has this citation"
            checked[i] = records[i].without_content("superseded", reason)
        # PubMed files are read after all others.
        for i in _where(citations, self.ids.contains([records[i].id for i in citations])):
            reason = "a record of a file that is not PubMed's has the same id"
            checked[i] = records[i].without_content("duplicate", reason)
        return checked


def _where(indices: list[int], flags: list[bool]) -> list[int]:
    return [i for i, flag in zip(indices, flags, strict=True) if flag]

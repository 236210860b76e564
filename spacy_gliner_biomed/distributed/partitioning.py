"""Cut the records of a corpus, without repeated ids, into partitions."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from spacy_gliner_biomed.distributed.corpus_files import Size
from spacy_gliner_biomed.distributed.id_set import IdSet
from spacy_gliner_biomed.distributed.records import CorpusRecord, Partition
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions


class PartitionedCorpus(ABC):
    """Records in a fixed order, so that each run cuts the same partitions.

    size (Size): The size of the corpus.
    partition_size (int): Maximum number of records in a partition.
    partition_characters (int): Maximum number of characters in a partition; a longer text gets a
        partition of its own.
    reading (ReadOptions): How the records are read.
    """

    path: Path | str | None  # where the corpus is; None if it is in memory

    def __init__(
        self,
        size: Size,
        *,
        partition_size: int,
        partition_characters: int,
        reading: ReadOptions = DEFAULTS,
    ) -> None:
        self.size = size
        self.partition_size = partition_size
        self.partition_characters = partition_characters
        self.reading = reading
        self.ids = IdSet()  # of all records except PubMed citations
        self.citation_ids = IdSet()
        self.consumed = 0  # of `size.n_bytes`

    @abstractmethod
    def _records(self) -> Iterator[CorpusRecord]:
        """Yield the records, and keep `consumed` up to date."""

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

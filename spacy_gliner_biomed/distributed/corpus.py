"""A corpus: its files, their records without repeated ids, cut into partitions."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from spacy_gliner_biomed.distributed.citations import Citations, Notes, scan
from spacy_gliner_biomed.distributed.corpus_files import measure, name_of, size_of, walk
from spacy_gliner_biomed.distributed.ids import IdSet
from spacy_gliner_biomed.distributed.pubmed import is_pubmed
from spacy_gliner_biomed.distributed.readers import Position, open_bytes, read_file
from spacy_gliner_biomed.distributed.records import Item, Partition


class Corpus:
    """Reads the files of a corpus in a fixed order, so that each run cuts equal partitions.

    Files are read in the order of their names; PubMed's XML comes last and newest first, so that
    of each citation the last file is met first, and a deletion before what it deletes. Before
    the first of them is read, all are searched for versions and deletions.

    path (Path): A file, or a folder.
    partition_size (int): Most records of a partition.
    partition_characters (int): Most characters of a partition; a text that is longer has one of
        its own.
    RAISES (ValueError): If there is no file that can be read.
    """

    def __init__(
        self, path: Path, *, partition_size: int = 1000, partition_characters: int = 4_000_000
    ) -> None:
        self.path = path
        self.partition_size = partition_size
        self.partition_characters = partition_characters
        self.size = measure(path)
        self.ids = IdSet()  # of all records but PubMed's citations
        self.citation_ids = IdSet()
        self.n_bytes_before = 0  # of the files that are read
        self.consumed = 0

    def partitions(self) -> Iterator[Partition]:
        """The partitions in order; can be read once."""
        read = 0
        for number, items in enumerate(self._cut()):
            n_bytes, read = self.consumed - read, self.consumed
            yield Partition(number, self._without_repeated(items), n_bytes)

    def _cut(self) -> Iterator[list[Item]]:
        items: list[Item] = []
        characters = 0
        for item in self._items():
            full = len(items) == self.partition_size
            if items and (full or characters + len(item.content) > self.partition_characters):
                yield items
                items, characters = [], 0
            items.append(item)
            characters += len(item.content)
        if items:
            yield items

    def _items(self) -> Iterator[Item]:
        xml: list[Path] = []
        for path in walk(self.path):
            if is_pubmed(path.name):
                xml.append(path)
            else:
                yield from self._read(path)
        newest_first = xml[::-1]
        citations = self._note(newest_first)
        for path in newest_first:
            citations.begin(path)
            yield from map(citations.check, self._read(path))

    def _note(self, newest_first: list[Path]) -> Citations:
        citations = Citations()
        for path in newest_first:
            notes = Notes()
            # What is raised here is raised again, and reported, when the file is read.
            with suppress(Exception), open_bytes(path, Position()) as stream:
                scan(stream, notes)
            citations.note(path, notes)
        citations.start()
        return citations

    def _read(self, path: Path) -> Iterator[Item]:
        position = Position()
        for item in read_file(path, name_of(path, self.path), position):
            self.consumed = self.n_bytes_before + position.bytes
            yield item
        self.n_bytes_before += size_of(path)
        self.consumed = self.n_bytes_before

    def _without_repeated(self, items: list[Item]) -> list[Item]:
        """Only a record that is to be annotated takes its id: a broken one leaves it to others."""
        good = [i for i, item in enumerate(items) if item.problem is None]
        citations = [i for i in good if _is_citation(items[i])]
        others = [i for i in good if not _is_citation(items[i])]
        checked = list(items)
        for i in _where(others, self.ids.add([items[i].id for i in others])):
            checked[i] = items[i].without_content("duplicate", "an earlier record has the same id")
        for i in _where(citations, self.citation_ids.add([items[i].id for i in citations])):
            reason = "a later file, or a higher version, has this citation"
            checked[i] = items[i].without_content("superseded", reason)
        # All other files are read before PubMed's.
        for i in _where(citations, self.ids.contains([items[i].id for i in citations])):
            reason = "a record of a file that is not PubMed's has the same id"
            checked[i] = items[i].without_content("duplicate", reason)
        return checked


def _is_citation(item: Item) -> bool:
    return is_pubmed(item.source.rpartition(":")[0])


def _where(places: list[int], flags: list[bool]) -> list[int]:
    return [i for i, flag in zip(places, flags, strict=True) if flag]

"""A corpus: its files, their records without repeated ids, cut into partitions."""

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from spacy_gliner_biomed.distributed.ids import IdSet
from spacy_gliner_biomed.distributed.pubmed import deleted_ids, is_pubmed
from spacy_gliner_biomed.distributed.readers import (
    BROKEN_STREAM,
    ENDINGS,
    Position,
    open_bytes,
    read_file,
)
from spacy_gliner_biomed.distributed.records import Item, Partition
from spacy_gliner_biomed.errors import Errors


class Corpus:
    """Reads the files of a corpus in a fixed order, so that each run cuts equal partitions.

    Files are read in the order of their names; PubMed's XML comes last and newest first, so that
    of each citation the last version is met first, and a deletion before what it deletes.

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
        self.n_files, self.n_bytes, self.digest = _measure(path)
        self.ids = IdSet()
        self.deleted: set[str] = set()
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
        before = 0
        for path in _ordered(self.path):
            name = _name(path, self.path)
            if is_pubmed(name):
                self.deleted |= _deleted(path)
            position = Position()
            for item in read_file(path, name, position):
                self.consumed = before + position.bytes
                yield self._without_deleted(item, name)
            before += path.stat().st_size
        self.consumed = before

    def _without_deleted(self, item: Item, name: str) -> Item:
        if is_pubmed(name) and item.id in self.deleted:
            return item.without_content("deleted", "PubMed deleted this citation later")
        return item

    def _without_repeated(self, items: list[Item]) -> list[Item]:
        known = self.ids.add([item.id for item in items])
        return [_repeated(item) if k else item for item, k in zip(items, known, strict=True)]


def _repeated(item: Item) -> Item:
    if item.problem is not None:
        return item
    if is_pubmed(item.source.rpartition(":")[0]):
        return item.without_content("superseded", "PubMed has a later version of this citation")
    return item.without_content("duplicate", "an earlier record has the same id")


def _deleted(path: Path) -> set[str]:
    try:
        with open_bytes(path, Position()) as stream:
            return deleted_ids(stream)
    except BROKEN_STREAM:  # reported when its citations are read
        return set()


def _ordered(root: Path) -> Iterator[Path]:
    xml: list[Path] = []
    for path in _walk(root):
        if is_pubmed(path):
            xml.append(path)
        else:
            yield path
    yield from reversed(xml)


def _walk(root: Path) -> Iterator[Path]:
    """The readable files in a folder, without hidden ones; holds the names of one folder."""
    if not root.is_dir():
        if root.name.endswith(ENDINGS):
            yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(ENDINGS) and not name.startswith("."):
                yield Path(folder, name)


def _measure(root: Path) -> tuple[int, int, str]:
    """How many files, their bytes, and a digest of their names, sizes and times."""
    if not root.exists():
        raise ValueError(Errors.E050.format(path=root))
    digest, n_files, n_bytes = blake2b(digest_size=16), 0, 0
    for path in _walk(root):
        stat = path.stat()
        digest.update(f"{_name(path, root)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
        n_files, n_bytes = n_files + 1, n_bytes + stat.st_size
    if not n_files:
        raise ValueError(Errors.E106.format(path=root, endings=", ".join(ENDINGS)))
    return n_files, n_bytes, digest.hexdigest()


def _name(path: Path, root: Path) -> str:
    """Inside the corpus, so that ids are the same wherever it lies."""
    return path.relative_to(root).as_posix() if path != root else path.name

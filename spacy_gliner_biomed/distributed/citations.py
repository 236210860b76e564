"""Select PubMed citations: the highest version, from the newest file, unless deleted."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from spacy_gliner_biomed.distributed.id_set import IdSet
from spacy_gliner_biomed.distributed.records import CorpusRecord

CHUNK = 1 << 20
LONGEST = 4096  # maximum bytes of one match of `TOKEN`
# The PMID at the head of a citation, and the list of deleted ones. No part can match the same bytes
# in two ways, so that a search takes linear time on any file.
TOKEN = re.compile(
    rb"<(?:MedlineCitation|BookDocument)\b[^<>]*>\s*<PMID\b([^<>]*)>\s*(\d{1,20})\s*<"
    rb"|<(/?)DeleteCitation\b"
    rb"|<PMID\b([^<>]*)>\s*(\d{1,20})\s*<"
)
VERSION = re.compile(rb"""Version\s*=\s*["']([0-9]{1,9})["']""")
ALL_VERSIONS = 1 << 31

CitationKey = tuple[str, int]  # PMID and version


@dataclass
class CitationNotes:
    """Versions and deletions in one file, collected before its citations are read.

    versions (dict[str, int]): The highest version of each PMID with a version above 1.
    deleted (dict[str, int]): The PMIDs that the file deletes, with the highest deleted version.
    repeated (Counter[CitationKey]): How often the file repeats a PMID and version.
    """

    versions: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    repeated: Counter[CitationKey] = field(default_factory=Counter)


def scan(stream: BinaryIO, notes: CitationNotes) -> None:
    """Search a file for versions and deletions, without parsing it.

    stream (BinaryIO): The decompressed XML; only a part of it is in memory.
    notes (CitationNotes): Filled as far as the stream can be read.
    """
    rest, deleting, seen = b"", False, IdSet()
    while chunk := stream.read(CHUNK):
        rest += chunk
        end, heads = 0, list[CitationKey]()
        for match in TOKEN.finditer(rest):
            end = match.end()
            attributes, pmid, closing, other_attributes, other = match.groups()
            if pmid is not None:
                deleting = False
                heads.append((pmid.decode(), _version(attributes, 1)))
            elif closing is not None:
                deleting = not closing
            elif deleting:
                name, version = other.decode(), _version(other_attributes, ALL_VERSIONS)
                notes.deleted[name] = max(version, notes.deleted.get(name, 0))
        _add_heads(heads, seen, notes)
        rest = rest[max(end, len(rest) - LONGEST) :]


class Citations:
    """Decides which citations of a corpus are annotated.

    First all files are noted, from the newest to the oldest; then they are read in that order.
    """

    def __init__(self) -> None:
        self.notes: dict[str, CitationNotes] = {}
        self.highest: dict[str, int] = {}
        self.deleted: dict[str, int] = {}
        self.current = CitationNotes()

    def note(self, name: str, notes: CitationNotes) -> None:
        """Add the versions and deletions of the next file.

        name (str): The file.
        notes (CitationNotes): The result of `scan`.
        """
        self.notes[name] = notes
        _raise_to(self.deleted, notes.deleted)
        for pmid, version in notes.versions.items():
            if version > self.deleted.get(pmid, 0):
                self.highest[pmid] = max(version, self.highest.get(pmid, 0))

    def start(self) -> None:
        """Start reading; nothing is deleted yet."""
        self.deleted = {}

    def begin(self, name: str) -> None:
        """Start reading a file. The citations that it deletes are in it or in older files.

        name (str): A file passed to `note`.
        """
        self.current = self.notes.pop(name)
        _raise_to(self.deleted, self.current.deleted)

    def check(self, record: CorpusRecord) -> CorpusRecord:
        """Return a citation, without its content if it was deleted or superseded.

        record (CorpusRecord): The next record of the current file.
        RETURNS (CorpusRecord): The record, or a copy with a problem.
        """
        if record.problem is not None:
            return record
        key = record.id, record.version
        if record.version <= self.deleted.get(record.id, 0):
            return record.without_content("deleted", "PubMed deleted this citation later")
        if record.version < self.highest.get(record.id, 0):
            reason = f"version {self.highest[record.id]} of this citation is in the corpus"
            return record.without_content("superseded", reason)
        if self.current.repeated[key] > 0:
            self.current.repeated[key] -= 1
            return record.without_content("superseded", "the file has this citation again later")
        return record


def _add_heads(heads: list[CitationKey], seen: IdSet, notes: CitationNotes) -> None:
    for pmid, version in heads:
        if version > 1:
            notes.versions[pmid] = max(version, notes.versions.get(pmid, 0))
    known = seen.add([f"{pmid} {version}" for pmid, version in heads])
    notes.repeated.update(key for key, again in zip(heads, known, strict=True) if again)


def _version(attributes: bytes, default: int) -> int:
    found = VERSION.search(attributes)
    return int(found[1]) if found else default


def _raise_to(known: dict[str, int], new: Mapping[str, int]) -> None:
    for pmid, version in new.items():
        known[pmid] = max(version, known.get(pmid, 0))

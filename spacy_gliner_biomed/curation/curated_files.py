"""Selects and cleans the documents of files, which are read twice to save memory."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spacy_gliner_biomed.curation.cleaning import Contradictions, Gates
from spacy_gliner_biomed.curation.document_files import (
    CuratedDocument,
    read_documents,
    write_documents,
)
from spacy_gliner_biomed.curation.duplicates import NearDuplicates
from spacy_gliner_biomed.curation.selection import (
    KEPT,
    Decisions,
    Scorer,
    SelectionCounts,
    ValueIndex,
    select,
)
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions

REPEATS_TEST = "repeats a test text"
REPEATS = "repeats another text"
MAX_LISTED = 10_000  # maximum number of repeats and of contradictions in a report

# Passes documents through while it shows progress; the second argument names the step.
Progress = Callable[[Iterable[CuratedDocument], str], Iterable[CuratedDocument]]


def select_file(
    source: Path,
    target: Path,
    scorer: Scorer,
    progress: Progress,
    *,
    ratio: float,
    negatives: float = 1.0,
    balance: bool = False,
    reading: ReadOptions = DEFAULTS,
) -> tuple[Decisions, dict[str, Any]]:
    """Select documents of a file by their scores, and write them.

    source (Path): File to read, see `read_documents`.
    target (Path): File to write.
    scorer (Scorer): Scores documents with entities.
    progress (Progress): Shows progress.
    ratio (float): Share of documents with entities to keep, from 0 to 1.
    negatives (float): Share of documents without entities to keep, from 0 to 1.
    balance (bool): Keep the share for each label, see `selection.select`.
    reading (ReadOptions): How to read the source.
    RETURNS (tuple[Decisions, dict[str, Any]]): The decisions, and counts; see `SelectionCounts`.
    RAISES (ValueError): If a file or a share cannot be used.
    """
    texts = (document.text for document in progress(read_documents(source, reading), "Scoring"))
    decisions = select(texts, scorer, ratio=ratio, negatives=negatives, balance=balance)
    counts = SelectionCounts()

    def selected() -> Iterator[CuratedDocument]:
        documents = progress(read_documents(source, reading), "Writing")
        for document, decision in zip(documents, decisions, strict=True):
            counts.add(document.text, decision.outcome)
            if decision.outcome == KEPT:
                yield document

    write_documents(selected(), target, reading.spans_key)
    return decisions, counts.as_dict()


def clean_file(
    source: Path,
    target: Path,
    progress: Progress,
    *,
    against: Sequence[Path] = (),
    gates: Gates,
    cosine: float = 0.9,
    reading: ReadOptions = DEFAULTS,
) -> dict[str, Any]:
    """Drop documents with bad text and near-duplicates, and write the rest.

    source (Path): File to read, see `read_documents`.
    target (Path): File to write.
    progress (Progress): Shows progress.
    against (Sequence[Path]): Files whose texts must not be repeated, such as test sets.
    gates (Gates): Limits that a text must meet.
    cosine (float): Minimum similarity of near-duplicates, see `NearDuplicates`.
    reading (ReadOptions): How to read the source.
    RETURNS (dict[str, Any]): Number of documents by outcome; which document repeats which, and
        mentions with contradictory labels, at most `MAX_LISTED` of each. Mentions of documents that
        are dropped as repeats of each other count.
    RAISES (ValueError): If a file cannot be read.
    """
    cleaning = _Cleaning(source, against, progress, gates, cosine, reading)
    write_documents(cleaning.selected(), target, reading.spans_key)
    return cleaning.counts()


class _Cleaning:
    """What is known of the documents after the first reading; arguments as in `clean_file`."""

    def __init__(
        self,
        source: Path,
        against: Sequence[Path],
        progress: Progress,
        gates: Gates,
        cosine: float,
        reading: ReadOptions,
    ) -> None:
        self.source, self.against, self.progress = source, against, progress
        self.reading = reading
        self.contradictions = Contradictions()
        self.names = ValueIndex([KEPT])
        self.problems = array("i")  # index in `names` of each document's outcome
        finder = NearDuplicates(cosine)
        for path in against:
            finder.add(document.text.text for document in progress(read_documents(path), "Reading"))
        self.n_tests = finder.n_texts
        finder.add(self._passed(gates))
        self.firsts = finder.find()  # of test texts, then of documents that met the limits
        repeats = np.nonzero(self.firsts != np.arange(finder.n_texts))[0]
        listed = repeats[repeats >= self.n_tests][:MAX_LISTED]
        self.wanted = set(self.firsts[listed].tolist())
        self.documents: Counter[str] = Counter()
        self.repeats: list[dict[str, str]] = []

    def selected(self) -> Iterator[CuratedDocument]:
        """Yield the documents to keep, and count all documents."""
        originals = self._test_names()
        number = self.n_tests - 1
        outcomes = list(self.names)
        documents = self.progress(read_documents(self.source, self.reading), "Writing")
        for document, problem in zip(documents, self.problems, strict=True):
            outcome = outcomes[problem]
            if outcome == KEPT:
                number += 1
                first = int(self.firsts[number])
                if number in self.wanted:
                    originals[number] = document.text.name
                if first != number:
                    outcome = REPEATS_TEST if first < self.n_tests else REPEATS
                    if len(self.repeats) < MAX_LISTED:
                        pair = {"document": document.text.name, "repeats": originals[first]}
                        self.repeats.append(pair)
            self.documents[outcome] += 1
            if outcome in (KEPT, REPEATS):  # a repeat with other labels is the clearest case
                self.contradictions.count(document.text)
            if outcome == KEPT:
                yield document

    def counts(self) -> dict[str, Any]:
        """Return what `clean_file` returns, after all documents were counted."""
        found = self.contradictions.found()[:MAX_LISTED]
        return {
            "documents": dict(self.documents),
            "repeats": self.repeats,
            "contradictions": found,
        }

    def _passed(self, gates: Gates) -> Iterator[str]:
        for document in self.progress(read_documents(self.source, self.reading), "Reading"):
            problem = gates.problem(document.text.text)
            self.problems.append(self.names[problem or KEPT])
            if not problem:
                self.contradictions.see(document.text)
                yield document.text.text

    def _test_names(self) -> dict[int, str]:
        """Return the names of test texts that are listed as repeated."""
        if not any(number < self.n_tests for number in self.wanted):
            return {}
        documents = (document for path in self.against for document in read_documents(path))
        numbered = enumerate(documents)
        return {
            number: document.text.name for number, document in numbered if number in self.wanted
        }

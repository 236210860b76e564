"""Selects from files of documents and cleans them, reading them twice rather than keeping them."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spacy_gliner_biomed.curation.cleaning import Contradictions, Gates
from spacy_gliner_biomed.curation.duplicates import NearDuplicates
from spacy_gliner_biomed.curation.items import Item, read_items, write_items
from spacy_gliner_biomed.curation.selection import (
    KEPT,
    Decisions,
    Numbers,
    Report,
    Scorer,
    select,
)

REPEATS_TEST = "repeats a test text"
REPEATS = "repeats another text"
MAX_LISTED = 10_000  # repeats and contradictions in a report

# Passes items through, and shows how far they are; the second argument says with what.
Progress = Callable[[Iterable[Item], str], Iterable[Item]]


def select_file(
    source: Path,
    target: Path,
    scorer: Scorer,
    progress: Progress,
    *,
    ratio: float,
    negatives: float = 1.0,
    balance: bool = False,
) -> tuple[Decisions, dict[str, Any]]:
    """Score and select the documents of a file, and write those that are kept.

    Arguments as `curation.selection.select`.
    RETURNS (tuple[Decisions, dict[str, Any]]): The decisions, and counts, see `Report`.
    RAISES (ValueError): For a file or shares that cannot be used.
    """
    texts = (item.text for item in progress(read_items(source), "Scoring"))
    decisions = select(texts, scorer, ratio=ratio, negatives=negatives, balance=balance)
    report = Report()

    def kept() -> Iterator[Item]:
        items = progress(read_items(source), "Writing")
        for item, decision in zip(items, decisions, strict=True):
            report.add(item.text, decision.outcome)
            if decision.outcome == KEPT:
                yield item

    write_items(kept(), target)
    return decisions, report.counts()


def clean_file(
    source: Path,
    target: Path,
    progress: Progress,
    *,
    against: Sequence[Path] = (),
    gates: Gates,
    cosine: float = 0.9,
) -> dict[str, Any]:
    """Drop documents that do not pass, or repeat another, and write the rest.

    See `NearDuplicates` and `Contradictions` for what is kept of each document in between.

    against (Sequence[Path]): Files whose text must not be repeated.
    gates (Gates), cosine (float): See `Gates` and `NearDuplicates`.
    RETURNS (dict[str, Any]): Documents by outcome; which document repeats which, and mentions
        with contradictory labels, `MAX_LISTED` of each at most.
    RAISES (ValueError): For files that cannot be read.
    """
    cleaning = _Cleaning(source, against, progress, gates, cosine)
    write_items(cleaning.kept(), target)
    return cleaning.counts()


class _Cleaning:
    """What is known of the documents after they were read once; arguments as `clean_file`."""

    def __init__(
        self, source: Path, against: Sequence[Path], progress: Progress, gates: Gates, cosine: float
    ) -> None:
        self.source, self.against, self.progress = source, against, progress
        self.clash = Contradictions()
        self.names = Numbers([KEPT])
        self.problems = array("i")  # of each document, by its place in `names`
        finder = NearDuplicates(cosine)
        for path in against:
            finder.add(item.text.text for item in progress(read_items(path), "Reading"))
        self.n_tests = finder.n_texts
        finder.add(self._passed(gates))
        self.firsts = finder.find()  # of the test texts, then of the documents that passed
        repeats = np.nonzero(self.firsts != np.arange(finder.n_texts))[0]
        listed = repeats[repeats >= self.n_tests][:MAX_LISTED]
        self.wanted = set(self.firsts[listed].tolist())
        self.documents: Counter[str] = Counter()
        self.repeats: list[dict[str, str]] = []

    def kept(self) -> Iterator[Item]:
        """The documents that are kept, while all are counted."""
        originals = self._test_names()
        number = self.n_tests - 1
        outcomes = list(self.names)
        items = self.progress(read_items(self.source), "Writing")
        for item, problem in zip(items, self.problems, strict=True):
            outcome = outcomes[problem]
            if outcome == KEPT:
                number += 1
                first = int(self.firsts[number])
                if number in self.wanted:
                    originals[number] = item.text.name
                if first != number:
                    outcome = REPEATS_TEST if first < self.n_tests else REPEATS
                    if len(self.repeats) < MAX_LISTED:
                        pair = {"document": item.text.name, "repeats": originals[first]}
                        self.repeats.append(pair)
            self.documents[outcome] += 1
            if outcome == KEPT:
                self.clash.count(item.text)
                yield item

    def counts(self) -> dict[str, Any]:
        """What `clean_file` returns, once all were counted."""
        found = self.clash.found()[:MAX_LISTED]
        return {
            "documents": dict(self.documents),
            "repeats": self.repeats,
            "contradictions": found,
        }

    def _passed(self, gates: Gates) -> Iterator[str]:
        for item in self.progress(read_items(self.source), "Reading"):
            problem = gates.problem(item.text.text)
            self.problems.append(self.names[problem or KEPT])
            if not problem:
                self.clash.see(item.text)
                yield item.text.text

    def _test_names(self) -> dict[int, str]:
        """The names of those test texts that are listed as repeated."""
        if not any(number < self.n_tests for number in self.wanted):
            return {}
        items = (item for path in self.against for item in read_items(path))
        numbered = enumerate(items)
        return {number: item.text.name for number, item in numbered if number in self.wanted}

"""Show and log the progress of a run, and summarize it."""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

from tqdm import tqdm

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.counting import count
from spacy_gliner_biomed.distributed.manifest import now
from spacy_gliner_biomed.distributed.records import EXPECTED
from spacy_gliner_biomed.distributed.result_storage import RunOutput
from spacy_gliner_biomed.distributed.result_tables import UTF8_FILE, UTF8_NAMES
from spacy_gliner_biomed.documents.summary import (
    counts_of,
    describe_stats,
    list_counts,
    summarize_relations,
)

BAR = "{percentage:3.0f}%|{bar:20}| {elapsed}, {remaining} left{postfix}"
UNKNOWN_BAR = "{elapsed}{postfix}"  # if the size is unknown
FAILURE = "failure:"


class RunProgress:
    """A progress line with percentage, remaining time, documents per second and failures; a log.

    output (RunOutput): Its log gets one JSON object for each event.
    n_bytes (int): Size of the input; the percentage is that of the bytes read. 0 if it is unknown.
    quiet (bool): Whether to print nothing. Without a terminal there is no progress line either.
    before (Mapping[str, int]): The counts of partitions that earlier runs wrote.
    """

    def __init__(
        self,
        output: RunOutput,
        n_bytes: int,
        *,
        quiet: bool,
        before: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.output = output
        self.lines: list[bytes] = []  # that are not written yet
        self.written = perf_counter()
        self.quiet = quiet
        bar = {"total": n_bytes, "bar_format": BAR} if n_bytes else {"bar_format": UNKNOWN_BAR}
        # None: no line without a terminal
        self.bar = tqdm(**bar, disable=quiet or None, leave=False)
        self.counts = Counter(before)
        self.n_before = before.get("documents", 0)
        self.started = perf_counter()

    def finished(self, name: str, n_bytes: int, counts: Mapping[str, int]) -> None:
        """Count a partition that has been written.

        name (str): The partition's name.
        n_bytes (int): Its size in the input.
        counts (Mapping[str, int]): See `Results.counts`.
        """
        self.counts.update(counts)
        n_documents = self.counts["documents"]
        rate = (n_documents - self.n_before) / (perf_counter() - self.started)
        text = f"{n_documents:,} documents, {rate:,.1f}/s, {n_failed(self.counts)} failed"
        self.bar.set_postfix_str(text, refresh=False)
        self.bar.update(n_bytes)
        self.log("finished", partition=name, documents=counts.get("documents", 0))

    def skipped(self, n_bytes: int) -> None:
        """Count the bytes of partitions that an earlier run wrote."""
        if not self.bar.disable:
            self.bar.initial += n_bytes  # the rate is that of this run
        self.bar.update(n_bytes)

    def echo(self, text: str) -> None:
        """Print a message above the progress line."""
        if not self.quiet:
            tqdm.write(escape_controls(text), file=sys.stderr)

    def log(self, event: str, **values: Any) -> None:
        """Write an event to the log.

        event (str): The name of the event.
        values (Any): Further values, as JSON can hold them.
        """
        self.lines.append(dump_json({"time": now(), "event": event, **values}) + b"\n")
        if perf_counter() - self.written >= self.output.log_seconds:
            self.write_log()

    def write_log(self) -> None:
        """Write the lines that are not written yet."""
        lines, self.lines, self.written = b"".join(self.lines), [], perf_counter()
        try:
            if lines:
                self.output.write_log(lines)
        except OSError as error:
            # The run must not end because the disk is full: the lines wait for space.
            self.lines = [lines]
            self.echo(f"{self.output.location}: {error}")

    def close(self) -> None:
        """Remove the progress line, and write the log."""
        self.bar.close()
        self.write_log()


def n_failed(counts: Mapping[str, int]) -> int:
    """Return the number of records that failed."""
    return sum(failures(counts).values())


def failures(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the number of failed records of each kind."""
    return {kind: n for kind, n in _failure_counts(counts).items() if kind not in EXPECTED}


def summarize(
    counts: Mapping[str, int], seconds: float, new: int, folder: Path | str, not_read: str = ""
) -> str:
    """Summarize a run: entities found, moved and left out, failures, and the output.

    counts (Mapping[str, int]): The counts of all partitions, see `Results.counts`.
    seconds (float): Duration of this run.
    new (int): Number of documents that this run annotated.
    folder (Path | str): The output.
    not_read (str): The files of unsupported formats, see `corpus_files.NotRead`.
    RETURNS (str): Several lines of text.
    """
    listed = list_counts(counts_of("label:", counts))
    entities, documents = counts["entities"], counts["documents"]
    done = f"{count(entities, 'entity', 'entities')} in {count(documents, 'document')}"
    lines = [f"{done} ({listed})" if listed else done, *summarize_relations(counts)]
    lines.append(f"this run: {count(new, 'document')}, {seconds:.1f} s, {new / seconds:,.1f}/s")
    lines.append(describe_stats(counts))
    if counts.get("large"):
        lines.append(f"{count(counts['large'], 'document')} of a million characters or more")
    if n := counts.get("left_out_characters"):
        lines.append(f"{count(n, 'character')} of titles and abstracts in other languages left out")
    left = {kind: n for kind, n in _failure_counts(counts).items() if kind in EXPECTED}
    if left:
        lines.append("excluded by the corpus itself: " + _listed(left))
    if n := counts.get("utf8_files"):
        named = [key[len(UTF8_FILE) :] for key in counts if key.startswith(UTF8_FILE)]
        files = f"{count(n, 'file')}, such as {', '.join(map(shorten, sorted(named)[:UTF8_NAMES]))}"
        lines.append(f"READ AS UTF-8 instead of the named encoding (GB-W380): {files}")
    if not_read:
        lines.append(f"NOT READ (unsupported file types): {not_read}")
    if n_failed(counts):
        lines.append(f"FAILED, see the tables 'failures': {_listed(failures(counts))}")
    return escape_controls("\n".join([line for line in lines if line] + [f"wrote {folder}"]))


def _failure_counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {key[len(FAILURE) :]: n for key, n in counts.items() if key.startswith(FAILURE)}


def _listed(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))

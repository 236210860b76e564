"""Shows and logs how a run gets on, and sums it up."""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from tqdm import tqdm

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.common.terminal import escape_controls
from spacy_gliner_biomed.distributed.manifest import now
from spacy_gliner_biomed.distributed.records import EXPECTED
from spacy_gliner_biomed.distributed.result_storage import LOG, NO_LINK
from spacy_gliner_biomed.documents.summary import STATS, count

BAR = "{percentage:3.0f}%|{bar:20}| {elapsed}, {remaining} left{postfix}"
FAILURE = "failure:"


class RunProgress:
    """A line with documents a second, share done, time left and failures; and a log.

    folder (Path): Of the output, for `log.jsonl`: one JSON object for each event.
    n_bytes (int): Of the input: the share that is done is a share of its bytes.
    quiet (bool): Print nothing. There is no line where there is no terminal, either.
    """

    def __init__(self, folder: Path, n_bytes: int, *, quiet: bool) -> None:
        self.path = folder / LOG
        self.quiet = quiet
        # None: no line without a terminal
        self.bar = tqdm(total=n_bytes, bar_format=BAR, disable=quiet or None, leave=False)
        self.counts = Counter[str]()
        self.started = perf_counter()

    def finished(self, name: str, n_bytes: int, counts: Mapping[str, int]) -> None:
        """A partition is written."""
        self.counts.update(counts)
        rate = self.counts["documents"] / (perf_counter() - self.started)
        text = (
            f"{self.counts['documents']:,} documents, {rate:,.1f}/s, {n_failed(self.counts)} failed"
        )
        self.bar.set_postfix_str(text, refresh=False)
        self.bar.update(n_bytes)
        self.log("finished", partition=name, documents=counts.get("documents", 0))

    def skipped(self, n_bytes: int) -> None:
        """A partition was written by an earlier run."""
        if not self.bar.disable:
            self.bar.initial += n_bytes  # the rate is that of this run
        self.bar.update(n_bytes)

    def echo(self, text: str) -> None:
        """Print a line, above the progress."""
        if not self.quiet:
            tqdm.write(escape_controls(text), file=sys.stderr)

    def log(self, event: str, **values: Any) -> None:
        """Write an event to the log."""
        line = dump_json({"time": now(), "event": event, **values})
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINK
        try:
            with os.fdopen(os.open(self.path, flags, 0o666), "ab") as stream:
                stream.write(line + b"\n")
        except OSError as error:  # a full disk must not end a run that waits for space
            self.echo(f"{self.path}: {error}")

    def close(self) -> None:
        """Remove the line."""
        self.bar.close()


def n_failed(counts: Mapping[str, int]) -> int:
    """Records that were meant to be annotated and are not."""
    return sum(failures(counts).values())


def failures(counts: Mapping[str, int]) -> dict[str, int]:
    """The same by kind."""
    return {kind: n for kind, n in _failure_counts(counts).items() if kind not in EXPECTED}


def summarize(
    counts: Mapping[str, int], seconds: float, new: int, folder: Path, not_read: str = ""
) -> str:
    """Say what was found, what was moved or left out, what failed, and where it is.

    counts (Mapping[str, int]): Of all partitions, see `Results.counts`.
    seconds (float): How long this run took.
    new (int): Documents that this run annotated.
    folder (Path): The output.
    not_read (str): The files that are of no readable kind, see `corpus_files.NotRead`.
    """
    labels = {key[6:]: n for key, n in counts.items() if key.startswith("label:")}
    listed = ", ".join(f"{label} {n:,}" for label, n in sorted(labels.items(), key=lambda x: -x[1]))
    entities, documents = counts["entities"], counts["documents"]
    done = f"{count(entities, 'entity', 'entities')} in {count(documents, 'document')}"
    lines = [f"{done} ({listed})" if listed else done]
    lines.append(f"this run: {count(new, 'document')}, {seconds:.1f} s, {new / seconds:,.1f}/s")
    stats = [f"{counts[key]:,} {text}" for key, text in STATS.items() if counts.get(key)]
    lines.append("; ".join(stats))
    if counts.get("large"):
        lines.append(f"{count(counts['large'], 'document')} of a million characters or more")
    if n := counts.get("left_out_characters"):
        lines.append(f"{count(n, 'character')} of titles and abstracts in other languages left out")
    left = {kind: n for kind, n in _failure_counts(counts).items() if kind in EXPECTED}
    if left:
        lines.append("left out, as the corpus says: " + _listed(left))
    if not_read:
        lines.append(f"NOT READ, since they are of no readable kind: {not_read}")
    if n_failed(counts):
        lines.append(f"FAILED, see the tables 'failures': {_listed(failures(counts))}")
    return escape_controls("\n".join([line for line in lines if line] + [f"wrote {folder}"]))


def _failure_counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {key[len(FAILURE) :]: n for key, n in counts.items() if key.startswith(FAILURE)}


def _listed(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))

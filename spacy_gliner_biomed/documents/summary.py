"""Summarize a run in a few lines."""

from collections.abc import Mapping, Sequence

from spacy_gliner_biomed.counting import count
from spacy_gliner_biomed.documents.outputs import STDOUT, Output
from spacy_gliner_biomed.pipeline.component import GlinerBiomed

ENTITY = ("entity", "entities")
WORD = ("word", "words")
# For each of the component's stats: its noun in singular and plural, and what happened.
STATS: dict[str, tuple[tuple[str, str], str]] = {
    "words": (WORD, ""),
    "windowed_docs": (("document", "documents"), " in several windows"),
    "moved": (ENTITY, " expanded or contracted to tokens"),
    "left_out": (ENTITY, " left out because they do not align with tokens"),
    "merged": (ENTITY, " left out because they overlap a better one after alignment"),
    "not_in_ents": (ENTITY, " only in doc.spans, because they overlap earlier ones"),
    "shortened_words": (WORD, " truncated"),
    "unknown_words": (WORD, " unknown to the tokenizer"),
    "relations_left_out": (("relation", "relations"), " left out because an end was left out"),
}


def describe_stats(stats: Mapping[str, int]) -> str:
    """Describe the component's stats that are not 0.

    stats (Mapping[str, int]): The stats, among other counts.
    RETURNS (str): One line; empty if all are 0.
    """
    found = [(stats.get(key, 0), *described) for key, described in STATS.items()]
    return "; ".join(f"{count(n, *nouns)}{rest}" for n, nouns, rest in found if n)


def describe_failures(counts: Mapping[str, int]) -> str:
    """Describe what failed, which may be no document: lines of JSON, or whole files.

    counts (Mapping[str, int]): `failed`, and those of them that could not be read: `unreadable`.
    RETURNS (str): The numbers with their nouns.
    """
    unreadable = counts.get("unreadable", 0)
    documents = count(counts["failed"] - unreadable, "document")
    others = count(unreadable, "unreadable file or record", "unreadable files or records")
    return ", ".join(text for text in (documents, others) if not text.startswith("0 "))


def summarize_relations(counts: Mapping[str, int]) -> list[str]:
    """Return the line on relations; none if there are none.

    counts (Mapping[str, int]): `relations`, and `relation:LABEL` with those of each label.
    RETURNS (list[str]): One line, or none.
    """
    if not counts.get("relations"):
        return []
    listed = list_counts(counts_of("relation:", counts))
    return [f"{count(counts['relations'], 'relation')} ({listed})"]


def counts_of(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts whose names begin with a prefix, without it."""
    return {key.removeprefix(prefix): n for key, n in counts.items() if key.startswith(prefix)}


def list_counts(counts: Mapping[str, int]) -> str:
    """List labels and their counts, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{label} {n:,}" for label, n in ordered)


def summarize(
    counts: Mapping[str, int],
    component: GlinerBiomed,
    outputs: Sequence[Output],
    seconds: float,
    n_process: int,
) -> str:
    """Summarize a run: entities found, moved and left out, and the files written.

    counts (Mapping[str, int]): See `file_annotation.annotate_files`.
    component (GlinerBiomed): The component, after the run.
    outputs (Sequence[Output]): The outputs.
    seconds (float): Duration of the run.
    n_process (int): Number of worker processes. The stats of workers are not available.
    RETURNS (str): Several lines of text.
    """
    found = {label: counts.get(f"label:{label}", 0) for label in component.labels}
    listed = list_counts(found | counts_of("label:", counts))
    n_entities = count(counts["entities"], "entity", "entities")
    done = f"{n_entities} in {count(counts['documents'], 'document')}, {seconds:.1f} s"
    lines = [f"{done} ({listed})", *summarize_relations(counts)]
    if counts["failed"]:
        lines.append(f"FAILED, and missing in the output: {describe_failures(counts)}")
    if n_process > 1:
        lines.append("words, windows and moved entities are not counted with --n-process")
    else:
        lines.append(describe_stats(component.stats))
    lines += [f"wrote {output.path}" for output in outputs if output.path != STDOUT]
    return "\n".join(line for line in lines if line)

"""What a run did, in a few lines."""

from collections.abc import Mapping, Sequence

from spacy_gliner_biomed.documents.outputs import STDOUT, Output
from spacy_gliner_biomed.pipeline.component import GlinerBiomed

# The component's stats in words; those that are 0 are not said.
STATS = {
    "words": "words",
    "windowed_docs": "documents in several windows",
    "moved": "entities widened or narrowed to tokens",
    "left_out": "entities left out, not on token borders",
    "merged": "entities left out, clashing after they were moved",
    "not_in_ents": "entities in doc.spans only, clashing with earlier ones",
    "shortened_words": "words seen in part",
    "unknown_words": "words unknown to the tokenizer",
}


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: "1 document", "2,000 documents".

    n (int): How many.
    noun (str): For one.
    plural (str | None): For more, if it is not the noun with an "s".
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def summarize(
    counts: Mapping[str, int],
    component: GlinerBiomed,
    outputs: Sequence[Output],
    seconds: float,
    n_process: int,
) -> str:
    """Say what was found, what was moved or left out, and what was written.

    counts (Mapping[str, int]): See `file_annotation.annotate_files`.
    component (GlinerBiomed): After the run.
    outputs (Sequence[Output]): What was written.
    seconds (float): How long it took.
    n_process (int): With workers, the component's stats stayed in them.
    """
    found = {label: counts.get(f"label:{label}", 0) for label in component.labels}
    found |= {key[6:]: n for key, n in counts.items() if key.startswith("label:")}
    listed = ", ".join(f"{label} {n}" for label, n in sorted(found.items(), key=lambda x: -x[1]))
    n_entities = count(counts["entities"], "entity", "entities")
    done = f"{n_entities} in {count(counts['documents'], 'document')}, {seconds:.1f} s"
    lines = [f"{done} ({listed})"]
    if counts["failed"]:
        lines.append(f"FAILED, and missing in the output: {count(counts['failed'], 'document')}")
    if n_process > 1:
        lines.append("words, windows and moved entities are not counted with --n-process")
    else:
        stats = [f"{component.stats[key]:,} {text}" for key, text in STATS.items()]
        lines.append("; ".join(text for text in stats if not text.startswith("0 ")))
    lines += [f"wrote {output.path}" for output in outputs if output.path != STDOUT]
    return "\n".join(line for line in lines if line)

"""Summarize a run in a few lines."""

from collections.abc import Mapping, Sequence

from spacy_gliner_biomed.common.reporting import count
from spacy_gliner_biomed.documents.outputs import STDOUT, Output
from spacy_gliner_biomed.pipeline.component import GlinerBiomed

# Descriptions of the component's stats; stats that are 0 are not shown.
STATS = {
    "words": "words",
    "windowed_docs": "documents in several windows",
    "moved": "entities widened or narrowed to tokens",
    "left_out": "entities left out, not on token borders",
    "merged": "entities left out, clashing after they were moved",
    "not_in_ents": "entities in doc.spans only, clashing with earlier ones",
    "shortened_words": "words seen in part",
    "unknown_words": "words unknown to the tokenizer",
    "relations_left_out": "relations left out with an end",
}


def summarize_relations(counts: Mapping[str, int]) -> list[str]:
    """Return the line on relations; none if there are none.

    counts (Mapping[str, int]): `relations`, and `relation:LABEL` with those of each label.
    RETURNS (list[str]): One line, or none.
    """
    if not counts.get("relations"):
        return []
    found = {key[len("relation:") :]: n for key, n in counts.items() if key.startswith("relation:")}
    listed = ", ".join(f"{label} {n:,}" for label, n in sorted(found.items(), key=lambda x: -x[1]))
    return [f"{count(counts['relations'], 'relation')} ({listed})"]


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
    found |= {key[6:]: n for key, n in counts.items() if key.startswith("label:")}
    listed = ", ".join(f"{label} {n}" for label, n in sorted(found.items(), key=lambda x: -x[1]))
    n_entities = count(counts["entities"], "entity", "entities")
    done = f"{n_entities} in {count(counts['documents'], 'document')}, {seconds:.1f} s"
    lines = [f"{done} ({listed})", *summarize_relations(counts)]
    if counts["failed"]:
        lines.append(f"FAILED, and missing in the output: {count(counts['failed'], 'document')}")
    if n_process > 1:
        lines.append("words, windows and moved entities are not counted with --n-process")
    else:
        stats = [f"{component.stats[key]:,} {text}" for key, text in STATS.items()]
        lines.append("; ".join(text for text in stats if not text.startswith("0 ")))
    lines += [f"wrote {output.path}" for output in outputs if output.path != STDOUT]
    return "\n".join(line for line in lines if line)

"""Reports gold ids that no knowledge base has, and how they are probably written there."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from spacy_gliner_biomed.common.reporting import list_names, warn
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase

SAMPLE = 200  # ids of each knowledge base that show its prefixes


def report_unknown_ids(name: str, counts: Mapping[str, int], kbs: Sequence[KnowledgeBase]) -> None:
    """Warn once about gold ids that no knowledge base has, if there are some.

    name (str): The linker.
    counts (Mapping[str, int]): How often each of these ids occurs.
    kbs (Sequence[KnowledgeBase]): The knowledge bases.
    """
    if not counts:
        return
    prefixes = {prefix for kb in kbs for prefix in _prefixes(kb)}
    meant = {id_: near for id_ in counts if (near := _spelling(id_, prefixes, kbs)) is not None}
    hint = ""
    if meant:
        n = sum(counts[id_] for id_ in meant)
        old = max(meant, key=lambda id_: counts[id_])
        hint = f" {n:,} of them differ in case or prefix only: write {meant[old]!r}, not {old!r}."
    warn(
        Warnings.W417.format(
            name=name,
            n=sum(counts.values()),
            kbs=list_names(kb.name for kb in kbs),
            example=Counter(counts).most_common(1)[0][0],
            hint=hint,
            known=kbs[0].tables.ids[0],
        )
    )


def _prefixes(kb: KnowledgeBase) -> Iterable[str]:
    """Return the first parts of some ids: "MESH:" of "MESH:D001241"."""
    ids = (kb.tables.ids[number] for number in range(min(SAMPLE, len(kb))))
    return {"".join(id_.rpartition(":")[:2]) for id_ in ids}


def _spelling(concept_id: str, prefixes: Iterable[str], kbs: Sequence[KnowledgeBase]) -> str | None:
    """Return the known id that differs in case or prefix only; None if there is none."""
    whole = concept_id.replace("_", ":", 1)  # as OBO's addresses write it
    bare = whole.rpartition(":")[2]
    forms = (whole, whole.upper(), whole.lower(), bare, bare.upper(), bare.lower())
    tried = (prefix + form for form, prefix in product(forms, ("", *prefixes)))
    return next((id_ for id_ in tried if any(id_ in kb for kb in kbs)), None)

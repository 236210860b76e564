"""Checks a linker against the rest of its pipeline: the labels of its rules, and its place."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from spacy.language import Language

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.common.settings_dict import nearest
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.label_types import ANY_LABEL
from spacy_gliner_biomed.pipeline.components import find_components

KB_ENTS = "span._.kb_ents"  # only linkers assign it
OUR_PACKAGES = {"spacy", "spacy_gliner_biomed"}  # whose components declare that they write entities
NAMES = 20  # maximum labels in a message


def check_labels(labels: Iterable[str], nlp: Language, spans_key: str | None) -> None:
    """Check that entities can have the labels of rules.

    labels (Iterable[str]): The labels; "*" is always right.
    nlp (Language): The pipeline.
    spans_key (str | None): The span group that is linked; None for `doc.ents`.
    RAISES (ValueError): If a label is unknown, unless a component may write labels that it does
        not tell.
    """
    known = entity_labels(nlp)
    unknown = [label for label in labels if label not in (ANY_LABEL, *known)]
    if unknown and _tells_labels(nlp, spans_key):
        meant = {near: None for label in unknown if (near := nearest_label(label, known))}
        hint = f" Did you mean {', '.join(map(repr, meant))}?" if meant else ""
        found = ", ".join(map(repr, unknown))
        raise ValueError(Errors.E405.format(found=found, known=list_names(known, NAMES), hint=hint))


def missed_rules(
    labels: Iterable[str], rules: Collection[str], seen: Collection[str], nlp: Language | None
) -> Iterator[tuple[str, str]]:
    """Find labels of entities for which a rule was probably meant that names another label.

    labels (Iterable[str]): Labels of entities without a rule.
    rules (Collection[str]): The labels of the rules.
    seen (Collection[str]): Labels of entities; a rule for one of them was meant as it is.
    nlp (Language | None): The pipeline; the labels of its components count as seen.
    YIELDS (tuple[str, str]): The label of the entities, and that of the rule.
    """
    known = {ANY_LABEL, *seen, *(entity_labels(nlp) if nlp else ())}
    unused = [rule for rule in rules if rule not in known]
    for label in labels:
        if (rule := nearest_label(label, unused)) is not None:
            yield label, rule


def nearest_label(label: str, known: Iterable[str]) -> str | None:
    """Return the known label that was probably meant, in any case; None if there is none."""
    folded = {each.casefold(): each for each in known}
    found = nearest(label.casefold(), folded)
    return None if found is None else folded[found]


def entity_labels(nlp: Language) -> list[str]:
    """Return the labels of the components that write entities."""
    labels = (getattr(pipe, "labels", ()) for name, pipe in nlp.pipeline if _may_write(nlp, name))
    return list(dict.fromkeys(label for each in labels for label in each))


def later_writers(nlp: Language, linker: Any, spans_key: str | None) -> list[str]:
    """Return the components after a linker that write the entities to link, if none before it may
    write them.

    nlp (Language): The pipeline.
    linker (Any): The linker.
    spans_key (str | None): The span group that is linked; None for `doc.ents`.
    RETURNS (list[str]): Their names; empty if this is not certain.
    """
    pipes = list(nlp.pipeline)
    index = next((i for i, (_, pipe) in enumerate(pipes) if pipe is linker), len(pipes))
    if any(_may_write(nlp, name) for name, _ in pipes[:index]):
        return []
    return [name for name, pipe in pipes[index + 1 :] if _writes(nlp, name, pipe, spans_key)]


def _assigned(nlp: Language, name: str) -> list[str]:
    return list(nlp.get_pipe_meta(name).assigns)


def _may_write(nlp: Language, name: str) -> bool:
    """Return whether a component writes entities, or does not tell what it writes."""
    assigned = _assigned(nlp, name)
    if assigned:
        return not {"doc.ents", "doc.spans"}.isdisjoint(assigned) and KB_ENTS not in assigned
    module = getattr(nlp.get_pipe(name), "__module__", "")
    return module.partition(".")[0] not in OUR_PACKAGES


def _writes(nlp: Language, name: str, pipe: Any, spans_key: str | None) -> bool:
    """Return whether it is certain that a component writes to `doc.ents`, or to a span group."""
    assigned = _assigned(nlp, name)
    if KB_ENTS in assigned:
        return False
    if spans_key is None:
        return "doc.ents" in assigned
    keys = (getattr(pipe, "spans_key", None), getattr(pipe, "key", None))
    return "doc.spans" in assigned and spans_key in keys


def _tells_labels(nlp: Language, spans_key: str | None) -> bool:
    """Return whether all labels of the entities to link are known."""
    found = find_components(nlp)
    if spans_key is not None and any(pipe.cfg["spans_key"] == spans_key for pipe in found):
        return True  # hardly any other component writes to its group
    writers = [pipe for name, pipe in nlp.pipeline if _may_write(nlp, name)]
    return bool(writers) and all(hasattr(pipe, "labels") for pipe in writers)

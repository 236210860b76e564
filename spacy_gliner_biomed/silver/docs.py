"""Writes the entities and relations of a text on its Doc."""

from collections.abc import Callable, Sequence

from spacy.tokens import Doc

from spacy_gliner_biomed.pipeline.annotation import split_tokens
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.training.gold import Gold, write_gold

RELATIONS = "relations"  # key in `doc.user_data`
CORPUS = "silver"  # name by which corpus readers know where a Doc comes from


def write_annotation(
    doc: Doc, found: Annotation, *, spans_key: str, annotated: Sequence[str] | None
) -> None:
    """Set the span group and the relations of a Doc.

    doc (Doc): Changed in place. A token is split where an entity begins or ends inside it.
    found (Annotation): Entities in characters of the Doc's text, and relations.
    spans_key (str): Name of the span group.
    annotated (Sequence[str] | None): The types that the model was asked for; None for any type.
    """
    entities = sorted(found.entities)
    add_string: Callable[..., int] = doc.vocab.strings.add  # its stub lacks an argument
    for _, _, label in entities:
        add_string(label, allow_transient=False)  # survives memory zones
    split_tokens(doc, [(start, end) for start, end, _ in entities])
    write_gold(doc, Gold(entities, annotated, CORPUS), spans_key)
    if found.relations:
        doc.user_data[RELATIONS] = found.relations

"""Writes what was found in a text on its Doc."""

from collections.abc import Callable, Sequence

from spacy.tokens import Doc

from spacy_gliner_biomed.pipeline.annotation import split_tokens
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.training.gold import Gold, write_gold

RELATIONS = "relations"


def write_silver(
    doc: Doc, found: Annotation, *, spans_key: str, annotated: Sequence[str] | None, corpus: str
) -> None:
    """Set the span group and the relations of a Doc.

    doc (Doc): Changed in place; its tokens, too, where an entity begins or ends inside one.
    found (Annotation): In characters of its text.
    annotated (Sequence[str] | None): The types that were asked for; None for any.
    corpus (str): The name by which a corpus reader knows the Doc's origin.
    """
    entities = sorted(found.entities)
    add_string: Callable[..., int] = doc.vocab.strings.add  # its stub lacks an argument
    for _, _, label in entities:
        add_string(label, allow_transient=False)  # survives memory zones
    split_tokens(doc, [(start, end) for start, end, _ in entities])
    write_gold(doc, Gold(entities, annotated, corpus), spans_key)
    if found.relations:
        doc.user_data[RELATIONS] = found.relations

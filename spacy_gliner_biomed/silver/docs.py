"""Writes the entities and relations of a text on its Doc."""

from collections.abc import Sequence

from spacy.tokens import Doc

from spacy_gliner_biomed.pipeline.annotation import add_strings, split_tokens
from spacy_gliner_biomed.silver.text_annotator import Annotation
from spacy_gliner_biomed.training.gold import Gold, write_gold
from spacy_gliner_biomed.training.gold_relations import write_relations

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
    add_strings(doc.vocab, (label for *_, label in entities))
    split_tokens(doc, [(start, end) for start, end, _ in entities])
    write_gold(doc, Gold(entities, annotated, CORPUS), spans_key)
    if found.relations:
        write_relations(doc, found.relations, None)

"""The relations of a text in HTML: a table below it, which its script filters."""

from collections.abc import Sequence
from html import escape

from spacy_gliner_biomed.documents.page.marks import data_attributes
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import EntityRelation

TABLE = (
    '<div class="scroll"><table class="relations" aria-label="Relations of {name}"><thead><tr>'
    '<th scope="col">Head</th><th scope="col">Relation</th><th scope="col">Tail</th>'
    '<th scope="col" class="number">Score</th></tr></thead>\n<tbody>{rows}</tbody></table></div>\n'
)
ROW = (
    '<tr class="relation"{data}>{head}<td>{label}</td>{tail}'
    '<td class="number">{score:.2f}</td></tr>\n'
)
END = '<td class="end"><bdi>{text}</bdi> <span class="soft">{label}</span></td>'


def relations_html(
    related: Sequence[EntityRelation], found: Sequence[Entity], first: int, name: str
) -> str:
    """Return the table of a document's relations.

    related (Sequence[EntityRelation]): The relations.
    found (Sequence[Entity]): The entities of the document.
    first (int): The number of the first entity on the page.
    name (str): The name of the document, escaped.
    RETURNS (str): HTML; empty if there are no relations.
    """
    rows = "".join(_row(relation, found, first) for relation in related)
    return TABLE.format(name=name, rows=rows) if rows else ""


def _row(relation: EntityRelation, found: Sequence[Entity], first: int) -> str:
    values = {
        "head": first + relation.head,
        "tail": first + relation.tail,
        "relation": relation.label,
        "score": relation.score,
    }
    return ROW.format(
        data=data_attributes(values),
        head=_end(found[relation.head]),
        label=escape(relation.label),
        tail=_end(found[relation.tail]),
        score=relation.score,
    )


def _end(entity: Entity) -> str:
    text = escape(" ".join(entity.text.split()), quote=False)
    return END.format(text=text, label=escape(entity.label))

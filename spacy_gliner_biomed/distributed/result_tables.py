"""The result tables: their columns, and rows made from annotated Docs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from spacy.tokens import Doc, Span, SpanGroup

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.distributed.records import LINE, CorpusRecord

TableRow: TypeAlias = dict[str, Any]

# The component's counts for a document, see its `stats`.
DOCUMENT_COUNTS = (
    "words",
    "windows",
    "moved",
    "left_out",
    "merged",
    "not_in_ents",
    "shortened_words",
    "unknown_words",
)
# Columns and their types, in pyarrow's names.
COLUMNS: dict[str, dict[str, str]] = {
    "documents": {
        "id": "string",
        "source": "string",
        "characters": "int32",
        "tokens": "int32",
        "entities": "int32",
        **dict.fromkeys(DOCUMENT_COUNTS, "int32"),
        "left_out_characters": "int32",
        "meta": "string",
    },
    "entities": {
        "document": "string",
        "start": "int32",
        "end": "int32",
        "text": "string",
        "label": "string",
        "score": "float32",
        "concept_id": "string",
        "concept_score": "float32",
    },
    "failures": {"id": "string", "source": "string", "kind": "string", "reason": "string"},
}
DIGITS = 6  # of scores: further digits depend on the order of additions
CANDIDATES = "kb_ents"  # where scispaCy's and our linkers store candidates
LARGE = 1_000_000  # characters from which on a document counts as large


@dataclass
class Results:
    """The results of a partition.

    tables (dict[str, list[TableRow]]): The rows of each table.
    files (dict[str, bytes]): Further files, see `exports`: path inside the partition, and content.
    warnings (list[str]): The distinct warnings.
    """

    tables: dict[str, list[TableRow]] = field(
        default_factory=lambda: {name: [] for name in COLUMNS}
    )
    files: dict[str, bytes] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def fail(self, record: CorpusRecord) -> None:
        """Add a record that was not annotated to `failures`."""
        assert record.problem is not None
        row = {"id": record.id[:LINE], "source": record.source[:LINE]}
        self.tables["failures"].append(
            {**row, "kind": record.problem.kind, "reason": record.problem.reason}
        )

    def counts(self) -> Counter[str]:
        """Sum over the tables; entities are under `label:NAME`, failures under `failure:KIND`."""
        documents, entities = self.tables["documents"], self.tables["entities"]
        counts = Counter[str](documents=len(documents), entities=len(entities))
        for name in ("characters", "tokens", *DOCUMENT_COUNTS, "left_out_characters"):
            counts[name] = sum(row[name] or 0 for row in documents)
        counts["windowed_docs"] = sum((row["windows"] or 0) > 1 for row in documents)
        counts["large"] = sum(row["characters"] >= LARGE for row in documents)
        counts.update(f"label:{row['label']}" for row in entities)
        counts.update(f"failure:{row['kind']}" for row in self.tables["failures"])
        return counts


def document_row(
    record: CorpusRecord, doc: Doc, n_entities: int, counts: Mapping[str, int]
) -> TableRow:
    """Make the row of a document.

    record (CorpusRecord): The record.
    doc (Doc): The annotated document.
    n_entities (int): The number of its entities.
    counts (Mapping[str, int]): The component's counts; empty if the pipeline has no component.
    RETURNS (TableRow): A row of the table `documents`.
    """
    return {
        "id": record.id,
        "source": record.source,
        "characters": len(doc.text),
        "tokens": len(doc),
        "entities": n_entities,
        **{name: counts.get(name, 0) if counts else None for name in DOCUMENT_COUNTS},
        "left_out_characters": record.left_out,
        "meta": record.meta or None,
    }


def entity_rows(
    record: CorpusRecord, doc: Doc, spans_key: str | None, *, own_linker: bool
) -> list[TableRow]:
    """Make the rows of a document's entities.

    record (CorpusRecord): The record.
    doc (Doc): The annotated document.
    spans_key (str | None): The component's span group; None takes `doc.ents`, without scores.
    own_linker (bool): Whether the pipeline's linker writes `Span.kb_id_`, so that an empty id means
        that no candidate was good enough. scispaCy's linkers write candidates only.
    RETURNS (list[TableRow]): Rows of the table `entities`.
    RAISES (ValueError): If a concept id is not valid text; spaCy checks all other strings.
    """
    group = doc.spans[spans_key] if spans_key is not None else None
    spans = list(doc.ents if group is None else group)
    scores = [None] * len(spans) if group is None else group.attrs["scores"]
    links = {_span_key(ent): ent.kb_id_ for ent in doc.ents if ent.kb_id_}
    rows = []
    for i, (span, score) in enumerate(zip(spans, scores, strict=True)):
        candidates = _candidates(span, i, group)
        concept = span.kb_id_ or links.get(_span_key(span))
        if not concept and candidates and not own_linker:
            concept = candidates[0][0]
        rows.append(
            {
                "document": record.id,
                "start": span.start_char,
                "end": span.end_char,
                "text": span.text,
                "label": span.label_,
                "score": _round(score),
                "concept_id": check_text(concept) if concept else None,
                "concept_score": _round(dict(candidates).get(concept)) if concept else None,
            }
        )
    return rows


def _candidates(span: Span, i: int, group: SpanGroup | None) -> list[tuple[str, float]]:
    """Return candidates, best first. `Span._` has one list for all spans with the same offsets."""
    if group is not None and CANDIDATES in group.attrs:
        return [(name, score) for name, score in group.attrs[CANDIDATES][i]]
    return list(getattr(span._, CANDIDATES)) if Span.has_extension(CANDIDATES) else []


def _span_key(span: Span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_


def _round(score: float | None) -> float | None:
    return None if score is None else round(float(score), DIGITS)

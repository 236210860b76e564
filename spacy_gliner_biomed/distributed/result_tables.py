"""The result tables: their columns, and rows made from annotated Docs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias

from spacy.tokens import Doc

from spacy_gliner_biomed.distributed.records import LINE, CorpusRecord
from spacy_gliner_biomed.documents.writing.attributes import ENTITY_COLUMNS, attribute_kinds
from spacy_gliner_biomed.documents.writing.relations import NO_ENTITY, RELATION_COLUMNS

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
    "relations_left_out",
)
# Columns and their types, in pyarrow's names.
COLUMNS: dict[str, dict[str, str]] = {
    "documents": {
        "id": "string",
        "source": "string",
        "characters": "int32",
        "tokens": "int32",
        "entities": "int32",
        "relations": "int32",
        NO_ENTITY: "int32",
        **dict.fromkeys(DOCUMENT_COUNTS, "int32"),
        "left_out_characters": "int32",
        "meta": "string",
    },
    "entities": ENTITY_COLUMNS,
    "relations": RELATION_COLUMNS,
    "failures": {"id": "string", "source": "string", "kind": "string", "reason": "string"},
}
UTF8_FILE, UTF8_NAMES = "utf8_file:", 3  # key of `Results.counts`, and names in a partition
LARGE = 1_000_000  # characters from which on a document counts as large


@dataclass
class Results:
    """The results of a partition.

    attributes (Sequence[str]): Custom attributes, which are columns of `entities`.
    tables (dict[str, list[TableRow]]): The rows of each table.
    files (dict[str, bytes]): Further files, see `exports`: path inside the partition, and content.
    warnings (list[str]): The distinct warnings.
    utf8_files (list[str]): See `CorpusRecord.utf8_file`.
    """

    attributes: Sequence[str] = ()
    tables: dict[str, list[TableRow]] = field(
        default_factory=lambda: {name: [] for name in COLUMNS}
    )
    files: dict[str, bytes] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    utf8_files: list[str] = field(default_factory=list)

    def note_files(self, records: Iterable[CorpusRecord]) -> None:
        """Note which files of the records are read as UTF-8 although another encoding is named."""
        self.utf8_files += [record.utf8_file for record in records if record.utf8_file]

    def fail(self, record: CorpusRecord) -> None:
        """Add a record that was not annotated to `failures`."""
        assert record.problem is not None
        row = {"id": _cut(record.id), "source": _cut(record.source)}
        self.tables["failures"].append(
            {**row, "kind": record.problem.kind, "reason": record.problem.reason}
        )

    def counts(self) -> Counter[str]:
        """Sum over the tables; entities are under `label:NAME`, relations under `relation:NAME`,
        failures under `failure:KIND`, and the first of `utf8_files` under `utf8_file:NAME`.
        """
        documents, entities = self.tables["documents"], self.tables["entities"]
        counts = Counter[str](documents=len(documents), entities=len(entities))
        summed = ("characters", "tokens", "relations", NO_ENTITY, *DOCUMENT_COUNTS)
        for name in (*summed, "left_out_characters"):
            counts[name] = sum(row[name] or 0 for row in documents)
        counts["windowed_docs"] = sum((row["windows"] or 0) > 1 for row in documents)
        counts["large"] = sum(row["characters"] >= LARGE for row in documents)
        counts.update(f"label:{row['label']}" for row in entities)
        counts.update(f"relation:{row['label']}" for row in self.tables["relations"])
        counts.update(f"failure:{row['kind']}" for row in self.tables["failures"])
        if self.utf8_files:  # only the first names: a corpus may have millions
            counts["utf8_files"] = len(self.utf8_files)
            counts.update(f"{UTF8_FILE}{name}" for name in self.utf8_files[:UTF8_NAMES])
        return counts


def _cut(name: str) -> str:
    """Shorten a name to `LINE` characters; a digest keeps long names that begin alike apart."""
    if len(name) <= LINE:
        return name
    digest = blake2b(name.encode("utf8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{name[: LINE - len(digest) - 3]}...{digest}"


def document_row(
    record: CorpusRecord,
    doc: Doc,
    n_entities: int,
    counts: Mapping[str, int],
    relations: Mapping[str, int] | None = None,
) -> TableRow:
    """Make the row of a document.

    record (CorpusRecord): The record.
    doc (Doc): The annotated document.
    n_entities (int): The number of its entities.
    counts (Mapping[str, int]): The component's counts; empty if the pipeline has no component.
    relations (Mapping[str, int] | None): See `relations.count_relations`; None for none.
    RETURNS (TableRow): A row of the table `documents`.
    """
    return {
        "id": record.id,
        "source": record.source,
        "characters": len(doc.text),
        "tokens": len(doc),
        "entities": n_entities,
        "relations": (relations or {}).get("relations", 0),
        NO_ENTITY: (relations or {}).get(NO_ENTITY, 0),
        **{name: counts.get(name, 0) if counts else None for name in DOCUMENT_COUNTS},
        "left_out_characters": record.left_out,
        "meta": record.meta or None,
    }


def columns_of(table: str, attributes: Sequence[str] = ()) -> dict[str, str]:
    """Return the columns of a table and their types.

    table (str): One of `COLUMNS`.
    attributes (Sequence[str]): Custom attributes, which are further columns of `entities`.
    RETURNS (dict[str, str]): Types in pyarrow's names.
    """
    further = attribute_kinds(attributes) if table == "entities" else {}
    return {**COLUMNS[table], **further}

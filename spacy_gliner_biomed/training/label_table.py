"""Rename the labels of a corpus by a table."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.delimiters import delimiter_of
from spacy_gliner_biomed.common.files import UTF8, open_text
from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.json_files import read_json_object
from spacy_gliner_biomed.common.reporting import has_code, list_names, warn
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.training.corpora import WRITTEN_LABELS, AnnotatedText
from spacy_gliner_biomed.training.gold import GoldRelation, GoldSpan
from spacy_gliner_biomed.training.record_checks import check_label

TABLE_ENDINGS = (".csv", ".tsv")


def read_label_table(path: Path, encoding: str = UTF8) -> dict[str, str]:
    """Read a table of labels: {"label in the corpus": "label to write"}, or two columns.

    path (Path): A file .json, .csv or .tsv.
    encoding (str): The encoding of a CSV file.
    RETURNS (dict[str, str]): The labels.
    RAISES (ValueError): If it is no such table, or is empty.
    """
    try:
        if ending_of(path, TABLE_ENDINGS):
            pairs = dict(_rows(path, encoding))
        else:
            pairs = read_json_object(path, Errors.E205)
        table = {check_label(label): check_label(name) for label, name in pairs.items()}
        if not table:
            raise ValueError("it is empty")
    except (ValueError, OSError) as error:
        if has_code(error):
            raise
        raise ValueError(Errors.E205.format(path=path, error=error)) from error
    return table


def rename_labels(
    texts: Iterable[AnnotatedText], table: Mapping[str, str], path: Path, source: Path
) -> Iterator[AnnotatedText]:
    """Rename the labels of entities and relations; others stay. The labels of entities as they were
    are in the metadata.

    texts (Iterable[AnnotatedText]): The texts.
    table (Mapping[str, str]): See `read_label_table`.
    path, source (Path): The files of the table and the texts, for a warning about labels in the
        table that do not occur.
    YIELDS (AnnotatedText): The texts.
    """
    unused = set(table)
    for text in texts:
        unused -= {label for *_, label in text.spans} | set(text.annotated or ())
        unused -= {label for *_, label in text.relations or ()}
        unused -= set(text.annotated_relations or ())
        yield _renamed(text, table)
    if unused:
        found = list_names(unused)
        warn(Warnings.W206.format(n=len(unused), path=path, source=source, found=found))


def _renamed(text: AnnotatedText, table: Mapping[str, str]) -> AnnotatedText:
    rename = _Renaming(table)
    written: dict[GoldSpan, list[str]] = {}
    for span in text.spans:
        written.setdefault(rename.span(span), []).append(span[2])
    values: dict[GoldSpan, dict[str, Any]] = {}
    for span, each in text.entity_values.items():
        values[rename.span(span)] = {**each, **values.get(rename.span(span), {})}
    relations = dict.fromkeys(map(rename.relation, text.relations or ()))
    return replace(
        text,
        spans=list(written),
        annotated=rename.labels(text.annotated),
        concepts=[(*rename.span((a, b, label)), ids) for a, b, label, ids in text.concepts],
        relations=None if text.relations is None else list(relations),
        annotated_relations=rename.labels(text.annotated_relations),
        entity_values=values,
        relation_scores={rename.relation(x): score for x, score in text.relation_scores.items()},
        meta={**text.meta, WRITTEN_LABELS: [" | ".join(labels) for labels in written.values()]},
    )


class _Renaming:
    """Renames labels wherever a text has them; other labels remain."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self.table = table

    def labels(self, labels: Sequence[str] | None) -> Sequence[str] | None:
        return labels and sorted({self.table.get(label, label) for label in labels})

    def span(self, span: GoldSpan) -> GoldSpan:
        start, end, label = span
        return start, end, self.table.get(label, label)

    def relation(self, relation: GoldRelation) -> GoldRelation:
        head, tail, label = relation
        return self.span(head), self.span(tail), self.table.get(label, label)


def _rows(path: Path, encoding: str) -> Iterator[tuple[str, str]]:
    """Yield the two columns of a CSV file.

    RAISES (ValueError): If a row has another number of columns, or a label is in it twice.
    """
    seen: set[str] = set()
    with open_text(path, newline="", encoding=encoding) as file:
        first = file.readline()
        delimiter = delimiter_of(path, first)
        try:
            for row in csv.reader(chain([first], file), delimiter=delimiter, strict=True):
                if not any(row):
                    continue
                if len(row) != 2 or row[0] in seen:
                    problem = "is there twice" if len(row) == 2 else f"has {len(row)} columns"
                    raise ValueError(f"row {row[0]!r} {problem}")
                seen.add(row[0])
                yield row[0].strip(), row[1].strip()
        except csv.Error as error:
            raise ValueError(str(error)) from error

from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_gliner_biomed.distributed.records import LINE, CorpusRecord
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import (
    COLUMNS,
    UTF8_FILE,
    Results,
    columns_of,
    document_row,
)
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.relations import EntityRelation, relation_row
from spacy_gliner_biomed.documents.writing.tables import entity_row

ITEM = CorpusRecord("d1", "in.jsonl:1", "aspirin for pain", meta='{"ward": 3}')
ENTITIES = [Entity(0, 7, "DRUG", 0.75, "aspirin"), Entity(12, 16, "DISEASE", 0.5, "pain")]


@pytest.fixture
def doc() -> Doc:
    return spacy.blank("en")("aspirin for pain")


def test_rows_of_entities_have_the_columns_of_the_table() -> None:
    row = entity_row("d1", ENTITIES[0], {"negex": "bool"})
    assert list(row) == list(columns_of("entities", ["negex"]))
    assert list(columns_of("entities")) == list(COLUMNS["entities"]) == list(row)[:-1]
    for table in ("relations", "failures"):
        assert columns_of(table, ["negex"]) == COLUMNS[table]


def test_row_of_a_document_has_counts_and_further_keys(doc: Doc) -> None:
    row = document_row(ITEM, doc, 2, {"words": 3, "windows": 1})
    assert list(row) == list(COLUMNS["documents"])
    assert (row["id"], row["source"], row["characters"], row["entities"]) == (
        "d1",
        "in.jsonl:1",
        16,
        2,
    )
    assert (row["words"], row["windows"], row["moved"], row["meta"]) == (3, 1, 0, '{"ward": 3}')
    assert document_row(ITEM, doc, 2, {})["moved"] is None


def test_counts_are_sums_over_the_tables(doc: Doc) -> None:
    results = Results()
    results.tables["entities"] += [entity_row("d1", entity, {}) for entity in ENTITIES]
    small = document_row(ITEM, doc, 2, {"words": 3, "windows": 2})
    results.tables["documents"] += [small, {**small, "characters": 1_000_000, "windows": 1}]
    relation = EntityRelation(0, 1, "treats", 0.75)
    results.tables["relations"].append(relation_row("d1", relation, ENTITIES))
    results.tables["documents"][0]["relations"] = 1
    results.fail(ITEM.without_content("error", "why"))
    assert results.tables["failures"] == [
        {"id": "d1", "source": "in.jsonl:1", "kind": "error", "reason": "why"}
    ]
    expected = {
        "documents": 2,
        "entities": 2,
        "words": 6,
        "windowed_docs": 1,
        "large": 1,
        "label:DRUG": 1,
        "relations": 1,
        "relation:treats": 1,
        "failure:error": 1,
    }
    assert expected.items() <= results.counts().items()


def test_long_ids_and_sources_of_failures_stay_apart() -> None:
    results = Results()
    long = "x" * LINE
    for name in (long, f"{long}a", f"{long}b"):
        results.fail(CorpusRecord(name, f"{name}:1").without_content("broken", "why"))
    for column in ("id", "source"):
        found = [row[column] for row in results.tables["failures"]]
        assert len(set(found)) == 3
        assert {len(name) for name in found} == {LINE}
    assert results.tables["failures"][0]["id"] == long


def test_text_that_was_left_out_is_counted() -> None:
    results = Results()
    doc = spacy.blank("en")("a")
    for n in (3, 0):
        results.tables["documents"].append(
            document_row(CorpusRecord("d", "in", left_out=n), doc, 0, {})
        )
    assert [row["left_out_characters"] for row in results.tables["documents"]] == [3, 0]
    assert results.counts()["left_out_characters"] == 3


def test_names_of_files_are_counts_of_the_first_only() -> None:
    results = Results()
    results.note_files(replace(ITEM, utf8_file=name) for name in ("", *"abcd", ""))
    counts = results.counts()
    assert counts["utf8_files"] == 4
    assert [key for key in counts if key.startswith(UTF8_FILE)] == [
        f"utf8_file:{name}" for name in "abc"
    ]


def test_all_parts_are_one_table_with_pyarrow_alone(tmp_path: Path) -> None:
    ds = pytest.importorskip("pyarrow.dataset", reason="needs the extra 'parquet'")
    for number in range(2):
        results = Results()
        results.tables["entities"] += [entity_row("d1", entity, {}) for entity in ENTITIES]
        Storage(tmp_path, "parquet").write(f"part-{number:06d}", results)
    paths = sorted(map(str, tmp_path.glob("parts/*/entities.parquet")))
    entities = ds.dataset(paths).to_table()  # as in docs/scale.md
    counts = entities.group_by(["label", "concept_id"]).aggregate([([], "count_all")]).to_pylist()
    assert [(row["label"], row["count_all"]) for row in counts] == [("DRUG", 2), ("DISEASE", 2)]

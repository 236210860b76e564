"""The example in `examples/pubmed`: what it reads, and what becomes of what was found."""

import csv
import runpy
from pathlib import Path

import pytest

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import Results
from spacy_gliner_biomed.linking.sources.table import read_table

EXAMPLE = Path(__file__).parents[2] / "examples" / "pubmed"


def test_citations_are_read_in_their_last_version_without_deleted_ones() -> None:
    [partition] = Corpus(EXAMPLE / "citations").partitions()
    good = {record.id: record.content for record in partition.records if record.problem is None}
    assert sorted(good) == [f"9000000{i}" for i in (1, 2, 3, 4, 5, 6, 8)]
    assert "halved the days with migraine" in str(good["90000006"])
    kinds = [
        (record.id, record.problem.kind)
        for record in partition.records
        if record.problem is not None
    ]
    assert kinds == [("90000006", "superseded"), ("90000007", "deleted")]


def test_terms_are_a_terminology() -> None:
    concepts = [concept for _, concept in read_table(EXAMPLE / "terms.csv")]
    assert len({concept.concept_id for concept in concepts}) == len(concepts) > 20
    assert {kind for concept in concepts for kind in concept.types} == {
        "Chemicals and Drugs",
        "Diseases",
        "Psychiatry and Psychology",
    }


def test_summary_has_one_row_for_each_concept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    pytest.importorskip("matplotlib", reason="needs the extra 'curate'")
    found = [("1", "Rash", "D1"), ("1", "rash", "D1"), ("2", "rash", "D1"), ("2", "wheeze", None)]
    results = Results()
    results.tables["entities"] = [
        {
            "document": document,
            "start": 0,
            "end": len(text),
            "text": text,
            "label": "disease",
            "score": 0.5,
            "concept_id": concept,
            "concept_score": concept and 1.0,
        }
        for document, text, concept in found
    ]
    Storage(tmp_path / "entities", "parquet").write("part-000000", results)
    script = runpy.run_path(str(EXAMPLE / "summarize.py"))
    script["main"](str(tmp_path / "entities"), str(tmp_path))
    with (tmp_path / "summary.csv").open(newline="") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert rows == [
        ("D1", "disease", "rash", "3", "2", "0.5"),
        ("", "disease", "wheeze", "1", "1", "0.5"),
    ]
    assert (tmp_path / "summary.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.count("\n") == 2

from io import BytesIO
from itertools import pairwise

import pytest

from spacy_gliner_biomed.cli.annotate_corpus import FORMATS as CORPUS_FORMATS
from spacy_gliner_biomed.cli.writing_options import OUTPUT_FORMATS
from spacy_gliner_biomed.distributed.exports import EXPORTS, RELATIONS, TABLES
from spacy_gliner_biomed.documents.formats import FORMATS, format_of, names_for
from spacy_gliner_biomed.documents.inputs import Record
from tests.documents.writing.samples import SETTINGS, sample


def test_commands_name_the_formats_of_the_table() -> None:
    assert tuple(FORMATS) == OUTPUT_FORMATS
    assert set(CORPUS_FORMATS) == {*EXPORTS, *TABLES} == set(FORMATS) - {"table", *RELATIONS}


def test_each_ending_means_one_format() -> None:
    endings = [ending for each in FORMATS.values() for ending in each.endings]
    assert len(set(endings)) == len(endings)
    for name, each in FORMATS.items():
        assert all(format_of(f"x{ending}".upper()) == name for ending in each.endings)


@pytest.mark.parametrize(
    ("path", "format_"),
    [("a.jsonl", "jsonl"), ("a.prodigy.jsonl", "prodigy"), ("a.json", None), ("-", None)],
)
def test_the_longest_ending_decides(path: str, format_: str | None) -> None:
    assert format_of(path) == format_


def test_formats_that_share_an_ending_are_known() -> None:
    assert names_for("a.json") == ["bioc-json", "pubannotation", "labelstudio", "fhir"]
    assert names_for("a.docx") == []


@pytest.mark.filterwarnings("ignore:.GB-W207")
@pytest.mark.filterwarnings("ignore:.GB-W212")
@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"docbin", "parquet", *RELATIONS}))
def test_each_document_is_written_when_it_is_known(name: str) -> None:
    stream = BytesIO()
    writer = FORMATS[name].factory(stream, SETTINGS)
    sizes = []
    for number in range(4):
        doc, _, found = sample()
        writer.write(doc, Record(f"n{number}"), found)
        sizes.append(stream.tell())
    writer.finish()
    steps = [b - a for a, b in pairwise(sizes)]
    assert min(steps) > 0
    assert max(steps) - min(steps) < 4  # nothing waits for later documents


def test_parquet_keeps_no_more_rows_than_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    monkeypatch.setattr("spacy_gliner_biomed.documents.writing.tables.ROWS", 6)
    writer = FORMATS["parquet"].factory(BytesIO(), SETTINGS)
    for _ in range(10):
        writer.write(*sample())
        assert sum(map(len, writer.batches)) < 6  # type: ignore[attr-defined]
    writer.finish()

"""Documents of a program become the records that files of them would give."""

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import spacy

from spacy_gliner_biomed.distributed.item_corpus import ItemCorpus, read_items
from spacy_gliner_biomed.distributed.records import CorpusRecord
from spacy_gliner_biomed.training.formats.options import ReadOptions

ROWS = [{"id": "a", "text": "one", "year": 1999}, {"id": "b", "text": None, "year": 2000}]


def records(source: Any, **options: Any) -> list[CorpusRecord]:
    corpus = ItemCorpus(source, **options)
    return [record for part in corpus.partitions() for record in part.records]


def test_texts_mappings_docs_and_contexts_are_documents() -> None:
    doc = spacy.blank("en")("four words are here")
    doc.user_data = {"id": "d", "meta": {"year": 4}}
    source = ["one", {"id": 2, "text": "two", "year": 2}, ("three", {"id": "c"}), ("x", 7), doc, 5]
    found = records(source)
    assert [record.id for record in found] == ["items:1", "2", "c", "7", "d", "items:6"]
    assert [record.content for record in found[:4]] == ["one", "two", "three", "x"]
    assert [record.meta for record in found] == ["", '{"year": 2}', "", "", '{"year": 4}', ""]
    assert found[4].content == doc.to_bytes()
    assert [record.problem is None for record in found] == [True] * 5 + [False]
    assert found[5].problem is not None
    assert "a document is int" in found[5].problem.reason


def test_rows_of_frames_are_those_of_mappings() -> None:
    expected = records(ROWS)
    assert [record.problem and record.problem.kind for record in expected] == [None, "missing_text"]
    pyarrow = pytest.importorskip("pyarrow")
    assert records(pyarrow.Table.from_pylist(ROWS)) == expected


def test_rows_of_a_pandas_frame() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not in the test environment")
    assert records(pandas.DataFrame(ROWS)) == records(ROWS)


def test_rows_of_a_polars_frame() -> None:
    polars = pytest.importorskip("polars", reason="Polars is not in the test environment")
    assert records(polars.DataFrame(ROWS)) == records(ROWS)
    with pytest.raises(ValueError, match=r"GB-E330.*LazyFrame"):
        list(read_items(polars.DataFrame(ROWS).lazy()))


def test_rows_of_a_dataset_of_hugging_face() -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not in the test environment")
    assert records(datasets.Dataset.from_list(ROWS)) == records(ROWS)
    with pytest.raises(ValueError, match=r"GB-E330.*DatasetDict"):
        ItemCorpus(datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS)}))


def test_columns_can_have_other_names() -> None:
    rows = [{"note": "one", "nid": 1, "text": "other"}]
    reading = ReadOptions(text_column="note", id_column="nid")
    [found] = records(rows, reading=reading)
    assert (found.id, found.content, found.meta) == ("1", "one", '{"text_column": "other"}')
    pair = ("one", {"nid": 1, "id": 2, "text": "other", "text_column": 3})
    [found] = records([pair], reading=reading)
    assert (found.id, found.content) == ("1", "one")
    assert json.loads(found.meta) == {"id_column": 2, "text_column_2": "other", "text_column": 3}
    [found] = records([{"nid": 1, "text": "other"}], reading=reading)
    assert found.problem is not None
    assert found.problem.reason == "there is no 'note'"


def test_iterator_is_read_once_and_only_as_far_as_asked() -> None:
    read = []

    def generate() -> Iterator[str]:
        for i in range(10):
            read.append(i)
            yield str(i)

    corpus = ItemCorpus(generate(), partition_size=2)
    assert read == []
    assert (corpus.size.n_bytes, corpus.is_iterator) == (0, True)
    parts = corpus.partitions()
    assert [record.content for record in next(parts).records] == ["0", "1"]
    assert len(read) == 3
    again = ItemCorpus(generate, partition_size=2)
    assert len(read) == 13
    assert again.size.n_bytes == 10
    assert sum(part.n_bytes for part in again.partitions()) == 10


def test_source_that_gives_less_the_second_time_is_an_error() -> None:
    used_up = iter(["a", "b"])
    with pytest.raises(ValueError, match=r"GB-E371.* gives 0 documents, but gave 2 "):
        records(lambda: used_up)
    shrinking = ["a", "b", "c"]
    corpus = ItemCorpus(shrinking, partition_size=1)
    shrinking.pop()
    parts = corpus.partitions()
    assert [record.content for record in next(parts).records] == ["a"]
    with pytest.raises(ValueError, match=r"GB-E371.* gives 2 documents, but gave 3 "):
        list(parts)


def test_digest_is_that_of_the_documents() -> None:
    first = ItemCorpus(["a", "b"]).size.digest
    assert ItemCorpus(lambda: iter(["a", "b"])).size.digest == first
    assert ItemCorpus(["ab", ""]).size.digest != first
    assert pickle.loads(pickle.dumps(ItemCorpus(["a", "b"]))).size.digest == first


def test_repeated_ids_are_duplicates() -> None:
    found = records([{"id": 1, "text": "a"}, {"id": 1, "text": "b"}])
    assert found[1].problem is not None
    assert found[1].problem.kind == "duplicate"


@pytest.mark.parametrize("source", [5, {"text": "a"}, b"text", spacy.blank("en")("a")])
def test_what_holds_no_documents_is_refused(source: Any) -> None:
    with pytest.raises(ValueError, match="GB-E330"):
        ItemCorpus(source)

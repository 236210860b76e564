from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.manifest import (
    begin_run,
    hash_pipeline,
    make_manifest,
    versions,
)
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import Results


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """Makes manifests of one corpus and pipeline, with changes."""
    (tmp_path / "in.txt").write_text("a")
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    (tmp_path / "out").mkdir()

    def make(size: int = 10, format_: str = "jsonl", **options: Any) -> tuple[Storage, Any]:
        storage = Storage(tmp_path / "out", format_)
        config = AnnotatorConfig(str(tmp_path / "pipeline"), options)
        corpus = Corpus(tmp_path / "in.txt", partition_size=size)
        return storage, make_manifest(corpus, config, storage)

    return make


def test_run_that_is_resumed_is_added(made: Any) -> None:
    begin(made)
    manifest = begin_run(*made(), resume=True)
    assert [sorted(run) for run in manifest["runs"]] == [["started", "versions"]] * 2
    assert manifest["runs"][0]["versions"] == versions()
    assert made()[0].read_manifest() == manifest


def begin(made: Any) -> None:
    """Begin a run, and finish a partition."""
    storage, manifest = made()
    begin_run(storage, manifest, resume=False)
    storage.write("part-000000", Results())


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"size": 11}, r"settings \(partition_size\)"),
        ({"labels": ["drug"]}, r"settings \(labels\)"),
        ({"format_": "parquet"}, "format"),
    ],
)
def test_run_with_other_settings_is_not_resumed(
    made: Any, change: dict[str, Any], found: str
) -> None:
    begin(made)
    with pytest.raises(ValueError, match=rf"GB-E101.*other values of: {found}\."):
        begin_run(*made(**change), resume=True)


def test_run_with_other_input_and_pipeline_is_not_resumed(made: Any, tmp_path: Path) -> None:
    begin(made)
    (tmp_path / "in.txt").write_text("b")
    (tmp_path / "pipeline" / "meta.json").write_text("{}")
    with pytest.raises(ValueError, match=r"GB-E101.*other values of: input, pipeline\."):
        begin_run(*made(), resume=True)


def test_run_whose_pipeline_is_elsewhere_is_resumed(made: Any, tmp_path: Path) -> None:
    begin(made)
    storage, manifest = made()
    manifest["pipeline"]["name"] = str(tmp_path / "copy")
    assert len(begin_run(storage, manifest, resume=True)["runs"]) == 2


def test_results_are_not_mixed_with_others(made: Any, tmp_path: Path) -> None:
    begin(made)
    with pytest.raises(ValueError, match="GB-E100"):
        begin_run(*made(), resume=False)
    (tmp_path / "out" / "manifest.json").rename(tmp_path / "out" / "notes.json")
    for resume in (True, False):
        with pytest.raises(ValueError, match="GB-E056"):
            begin_run(*made(), resume=resume)


def test_run_that_ended_before_its_first_results_may_be_begun_anew(made: Any) -> None:
    begin_run(*made(labels=["a mistake"]), resume=False)
    manifest = begin_run(*made(labels=["drug"]), resume=False)
    assert manifest["settings"]["options"] == {"labels": ["drug"]}
    assert len(manifest["runs"]) == 1


def test_killed_run_writes_nothing_after_another_has_begun_although_neither_has_results(
    made: Any,
) -> None:
    storage, manifest = made(labels=["a"])
    begin_run(storage, manifest, resume=False)
    killed = storage.fenced()
    begin_run(*made(labels=["b"]), resume=False)
    with pytest.raises(ValueError, match="GB-E109"):
        killed.write("part-000000", Results())
    assert list(storage.names()) == []
    storage.fenced().write("part-000000", Results())


def test_hash_is_that_of_the_files_wherever_they_are(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "weights").write_bytes(b"1")
    assert hash_pipeline(str(tmp_path / "a")) == hash_pipeline(str(tmp_path / "b"))
    (tmp_path / "b" / "sub" / "weights").rename(tmp_path / "b" / "weights")
    assert hash_pipeline(str(tmp_path / "a")) != hash_pipeline(str(tmp_path / "b"))
    assert len(hash_pipeline(None)) == 64
    with pytest.raises(ValueError, match=r"GB-E108.*'nothing_of_this_name'"):
        hash_pipeline("nothing_of_this_name")

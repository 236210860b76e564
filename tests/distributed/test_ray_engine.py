"""The real Ray, on this machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.ray_engine import RayEngine
from spacy_gliner_biomed.distributed.run import run_corpus
from spacy_gliner_biomed.distributed.work import Work
from tests.distributed.conftest import entities, ids, table, texts, write_lines

ray = pytest.importorskip("ray", reason="needs the extra 'ray'")
pytestmark = [
    pytest.mark.slow,
    # what Ray itself warns of
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Ray with three processors, whatever this machine has."""
    ray.init(num_cpus=3, log_to_driver=False, include_dashboard=False, logging_level="error")
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_actors_write_what_the_local_engine_writes(work: Work, tmp_path: Path) -> None:
    flaky = f"deadly {tmp_path / 'deadly'}"
    rows: list[dict[str, Any]] = texts("a", "poison", "b", flaky, *map(str, range(20)), "killer")
    rows += [{"id": "none"}, *texts("again")]
    source = write_lines(tmp_path / "in.jsonl", rows)
    engine = RayEngine(work, n_workers=2)
    manifest = run_corpus(Corpus(source, partition_size=5), work, engine)
    folder = work.storage.folder
    bad = ["d1", "d24"]
    good = [row["id"] for row in rows[:25] if row["id"] not in bad]
    assert entities(folder) == [(name, 0, "aspirin") for name in good]
    assert ids(folder, "documents") == good
    kinds = {(row["id"], row["kind"]) for row in table(folder, "failures")}
    assert kinds == {
        ("d1", "error"),
        ("d24", "died"),
        ("none", "missing_text"),
        ("d0", "duplicate"),
    }
    assert manifest["failed"] == 4
    log = (folder / "log.jsonl").read_text().splitlines()
    finished = [json.loads(line).get("partition") for line in log if '"finished"' in line]
    assert sorted(finished) == sorted(work.storage.names())
    engine = RayEngine(work, n_workers=2)
    again = run_corpus(Corpus(source, partition_size=5), work, engine, resume=True)
    assert again["counts"] == manifest["counts"]
    assert [run["documents"] for run in again["runs"]] == [23, 0]


@pytest.mark.usefixtures("cluster")
def test_pipeline_that_cannot_be_loaded_ends_the_run(work: Work, tmp_path: Path) -> None:
    from dataclasses import replace

    source = write_lines(tmp_path / "in.jsonl", texts("a"))
    broken = replace(work, plan=replace(work.plan, options={"labels": ["drug"]}))
    with pytest.raises(ValueError, match="GB-E057"):
        run_corpus(Corpus(source), broken, RayEngine(broken))

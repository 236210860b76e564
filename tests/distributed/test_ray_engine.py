"""The real Ray, on this machine, with real faults: each record once, and nothing changed."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.corpus_run import run_corpus
from spacy_gliner_biomed.distributed.ray_engine import RayEngine
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.run_spec import RunSpec
from tests.distributed.conftest import (
    FAULTS,
    entities,
    ids,
    killing,
    table,
    texts,
    time_limit,
    write_lines,
)

ray = pytest.importorskip("ray", reason="needs the extra 'ray'")
pytestmark = [
    pytest.mark.slow,
    # what Ray itself warns of
    pytest.mark.filterwarnings("ignore"),
]
LIMIT = 600  # seconds for a test; on a quiet machine none needs a tenth of it
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _limited() -> Iterator[None]:
    with time_limit(LIMIT):
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one processor each, of which the second may be lost."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        # what actors import besides this package: the tests' components
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # its 15 is hours on a busy machine
        head = {"num_cpus": 1, "include_dashboard": False}
        made = Cluster(initialize_head=True, head_node_args=head)
        made.add_node(num_cpus=1)
        ray.init(address=made.address, log_to_driver=False, logging_level="error")
        yield made
        ray.shutdown()
        made.shutdown()


def check(folder: Path, rows: list[dict[str, str]]) -> None:
    """That the tables are those of a run that nothing has disturbed."""
    assert entities(folder) == [(row["id"], 0, "aspirin") for row in rows]
    assert ids(folder, "documents") == [row["id"] for row in rows]


@pytest.mark.usefixtures("cluster")
def test_poison_and_a_full_disk_among_good_documents(spec: RunSpec, tmp_path: Path) -> None:
    faults = [f"full {tmp_path / 'full'}", "poison", *"abc", f"leaving {tmp_path / 'leaving'}"]
    rows: list[dict[str, Any]] = texts(*faults, "killer", *"def")
    rows += [{"id": "none"}, *texts("again")]
    source = write_lines(tmp_path / "in.jsonl", rows)
    manifest = run_corpus(Corpus(source, partition_size=5), spec, RayEngine(spec))
    folder = spec.storage.folder
    check(folder, [row for row in rows[:10] if row["id"] not in ("d1", "d6")])
    kinds = {(row["id"], row["kind"]) for row in table(folder, "failures")}
    expected = {("d1", "error"), ("d6", "died"), ("none", "missing_text"), ("d0", "duplicate")}
    assert kinds == expected
    assert manifest["failed"] == 4
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    finished = [line["partition"] for line in log if line["event"] == "finished"]
    assert sorted(finished) == sorted(spec.storage.names())
    assert any(line["event"] == "not written" for line in log)


@pytest.mark.usefixtures("cluster")
def test_pipeline_that_cannot_be_loaded_ends_the_run(spec: RunSpec, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", texts("a"))
    broken = replace(spec, config=replace(spec.config, options={"labels": ["drug"]}))
    with pytest.raises(ValueError, match="GB-E057"):
        run_corpus(Corpus(source), broken, RayEngine(broken))


@pytest.mark.usefixtures("cluster")
def test_actors_that_die_while_they_load_end_the_run(spec: RunSpec, tmp_path: Path) -> None:
    code = tmp_path / "dies.py"
    code.write_text("import os\nos._exit(7)\n")
    source = write_lines(tmp_path / "in.jsonl", texts("a"))
    broken = replace(spec, config=replace(spec.config, code=code))
    with pytest.raises(ValueError, match=r"GB-E104.*3 worker processes in a row died"):
        run_corpus(Corpus(source), broken, RayEngine(broken))


def test_actors_that_are_killed_and_a_node_that_is_lost(
    cluster: Any, spec: RunSpec, tmp_path: Path
) -> None:
    [node] = cluster.worker_nodes
    victims = tmp_path / "victims"
    rows = texts(*[f"slow victim {victims}"] * 120)
    source = write_lines(tmp_path / "in.jsonl", rows)
    engine = RayEngine(spec, n_workers=2)
    # a cluster can be changed by the main thread only
    with killing(victims, spec.storage, most=2) as killed, ThreadPoolExecutor() as pool:
        run = pool.submit(run_corpus, Corpus(source, partition_size=5), spec, engine)
        wait_for(lambda: len(killed) == 2, run)
        before = len(list(spec.storage.names()))
        wait_for(lambda: len(list(spec.storage.names())) >= before + 2, run)
        cluster.remove_node(node, allow_graceful=False)
        added = cluster.add_node(num_cpus=1)
        run.result()
    alive = {found["NodeID"]: found["Alive"] for found in ray.nodes()}
    assert (alive[node.node_id], alive[added.node_id], len(alive)) == (False, True, 3)
    assert len(set(killed)) == 2
    check(spec.storage.folder, rows)


def wait_for(condition: Callable[[], bool], run: Future[Any]) -> None:
    """Wait until something has happened during a run that must not have ended before."""
    while not condition():
        assert not run.done(), run.exception()
        time.sleep(0.02)


def test_driver_that_is_killed_and_resumed(cluster: Any, spec: RunSpec, tmp_path: Path) -> None:
    rows = texts(*["slow"] * 120)
    source = write_lines(tmp_path / "in.jsonl", rows)
    assert spec.config.pipeline is not None
    arguments = (source, spec.config.pipeline, spec.storage.folder, cluster.address)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # drivers then begin with all of it imported
    before: dict[str, int] = {}
    for kill in (True, True, False, False):  # the last has nothing left to do
        driver = context.Process(target=drive, args=tuple(map(str, arguments)), daemon=True)
        driver.start()
        while kill and driver.is_alive() and len(list(spec.storage.names())) < len(before) + 2:
            time.sleep(0.02)
        if kill:
            driver.kill()
        driver.join()
        after = {path.name: path.stat().st_ino for path in spec.storage.parts.glob("part-*")}
        assert before.items() <= after.items()  # what is finished is not done again
        before = after
        assert driver.exitcode == (-signal.SIGKILL if kill else 0)
    check(spec.storage.folder, rows)


def test_cluster_file_is_one_that_ray_takes() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    yaml = pytest.importorskip("yaml")
    values = yaml.safe_load((ROOT / "examples" / "ray_cluster.yaml").read_text(encoding="utf8"))
    validate_config(prepare_config(values))


def drive(source: str, pipeline: str, output: str, address: str) -> None:
    """A whole run, in a process of its own."""
    spec = RunSpec(
        AnnotatorConfig(pipeline, code=FAULTS, batch_size=4), Storage(Path(output), "jsonl")
    )
    engine = RayEngine(spec, n_workers=1, address=address)
    run_corpus(Corpus(Path(source), partition_size=10), spec, engine, resume=True)

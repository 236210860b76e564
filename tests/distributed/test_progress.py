import json
import resource
import signal
from collections import Counter
from pathlib import Path

import pytest
from tqdm import tqdm

from spacy_gliner_biomed.distributed import progress as progress_module
from spacy_gliner_biomed.distributed.output_folder import OutputFolder
from spacy_gliner_biomed.distributed.progress import BAR, RunProgress, n_failed, summarize


def test_line_says_documents_rate_share_time_and_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = RunProgress(OutputFolder(tmp_path), 200, quiet=False)
    progress.bar = tqdm(total=200, bar_format=BAR)  # although there is no terminal
    progress.skipped(50)
    progress.finished("part-000001", 50, {"documents": 1000, "failure:error": 2})
    progress.bar.refresh()
    line = capsys.readouterr().err.rpartition("\r")[2]
    progress.close()
    assert line.startswith(" 50%|")
    assert "1,000 documents, " in line
    assert "/s, 2 failed" in line
    assert " left" in line


def test_log_has_a_line_of_json_for_each_event(tmp_path: Path) -> None:
    progress = RunProgress(OutputFolder(tmp_path), 10, quiet=True)
    progress.finished("part-000001", 5, {"documents": 3})
    progress.log("worker died", how="signal SIGKILL")
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["finished", "worker died"]
    assert (events[0]["partition"], events[0]["documents"]) == ("part-000001", 3)
    assert all(event["time"].endswith("+00:00") for event in events)


def test_log_that_cannot_be_written_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = RunProgress(OutputFolder(tmp_path / "nowhere"), 10, quiet=False)
    progress.log("started")
    progress.log("finished")
    assert "nowhere" in capsys.readouterr().err
    (tmp_path / "nowhere").mkdir()
    progress.close()
    lines = (tmp_path / "nowhere" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["started", "finished"]


def test_line_of_the_log_that_fits_only_in_part_is_written_whole_later(tmp_path: Path) -> None:
    progress = RunProgress(OutputFolder(tmp_path), 10, quiet=True)
    progress.log("started")
    log = tmp_path / "log.jsonl"
    size = log.stat().st_size
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, limit[1]))
        progress.log("finished")
        assert log.stat().st_size == size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    progress.close()
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events == ["started", "finished"]


def test_rate_is_that_of_this_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "perf_counter", iter([0.0, 0.0, 2.0, 2.0, 2.0]).__next__)
    progress = RunProgress(OutputFolder(tmp_path), 10, quiet=False, before={"documents": 1_000_000})
    progress.bar = tqdm(total=10, bar_format=BAR)
    progress.finished("part-000001", 5, {"documents": 10})
    progress.bar.close()
    assert progress.bar.postfix == "1,000,010 documents, 5.0/s, 0 failed"


def test_summary_says_what_was_found_moved_left_out_and_failed() -> None:
    counts = Counter(
        {
            "documents": 1500,
            "entities": 3,
            "label:drug": 1,
            "label:disease": 2,
            "moved": 4,
            "large": 1,
            "left_out_characters": 1200,
            "utf8_files": 1200,
            **{f"utf8_file:{name}.txt": 1 for name in "dbca"},
            "failure:deleted": 5,
            "failure:died": 1,
            "failure:duplicate": 2,
        }
    )
    lines = summarize(counts, 2.0, 1000, Path("out"), "2 .csv (a.csv)").splitlines()
    assert lines == [
        "3 entities in 1,500 documents (disease 2, drug 1)",
        "this run: 1,000 documents, 2.0 s, 500.0/s",
        "4 entities expanded or contracted to tokens",
        "1 document of a million characters or more",
        "1,200 characters of titles and abstracts in other languages left out",
        "excluded by the corpus itself: 5 deleted",
        "READ AS UTF-8 instead of the named encoding (GB-W380): 1,200 files, such as a.txt, b.txt, "
        "c.txt",
        "NOT READ (unsupported file types): 2 .csv (a.csv)",
        "FAILED, see the tables 'failures': 1 died, 2 duplicate",
        "wrote out",
    ]
    assert n_failed(counts) == 3

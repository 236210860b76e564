from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.distributed.result_tables import Results
from spacy_gliner_biomed.distributed.run_spec import RunSpec, format_error, write_with_retries


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A disk that is full for two writes, and a clock that does not wait."""
    pauses: list[float] = []
    left = [OSError(28, "No space left on device")] * 2

    def fsync(descriptor: int) -> None:
        if left:
            raise left.pop()

    monkeypatch.setattr("os.fsync", fsync)
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def test_writing_is_tried_again_in_growing_pauses(tmp_path: Path, full: list[float]) -> None:
    spec, errors = RunSpec(AnnotatorConfig(), Storage(tmp_path, "jsonl")), list[str]()
    write_with_retries(spec, "part-000000", Results(), errors.append)
    assert spec.storage.has("part-000000")
    assert full == [0.5, 1.0]
    assert errors == ["[Errno 28] No space left on device"] * 2


@pytest.mark.usefixtures("full")
def test_patience_ends(tmp_path: Path) -> None:
    spec, errors = RunSpec(AnnotatorConfig(), Storage(tmp_path, "jsonl"), patience=0.4), list[Any]()
    with pytest.raises(OSError, match="No space left"):
        write_with_retries(spec, "part-000000", Results(), errors.append)
    assert len(errors) == 1
    message = str(spec.write_error(errors[0]))
    assert message.startswith(f"[GB-E105] {tmp_path} could not be written for 0 s: ")


def test_absolute_work_has_paths_that_do_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "saved").mkdir()
    spec = RunSpec(
        AnnotatorConfig("saved", code=Path("own.py")), Storage(Path("out"), "jsonl")
    ).absolute()
    assert spec.config.pipeline == str(tmp_path.resolve() / "saved")
    assert spec.config.code == tmp_path.resolve() / "own.py"
    assert spec.storage.folder == tmp_path.resolve() / "out"
    package = RunSpec(AnnotatorConfig("a_package"), Storage(Path("out"), "jsonl")).absolute()
    assert package.config.pipeline == "a_package"


def test_known_mistakes_are_messages_and_others_have_a_traceback() -> None:
    assert format_error(ValueError("[GB-E054] No labels")) == "[GB-E054] No labels"
    with pytest.raises(KeyError) as caught:
        {}["lost"]
    assert "Traceback" in format_error(caught.value)

"""A file takes its name when it is complete, and nothing else does."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spacy_gliner_biomed.common.new_files import open_output, replace_file

posix = pytest.mark.skipif(os.name != "posix", reason="links, devices and pipes of POSIX")


def test_a_failed_run_leaves_the_earlier_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "out.jsonl"
    with open_output(path) as stream:
        stream.write(b"earlier")
    with pytest.raises(TypeError), open_output(path) as stream:
        stream.writelines([b"half of ", None])  # type: ignore[list-item]
    with pytest.raises(TypeError), replace_file(path) as part:
        part.write_bytes(None)  # type: ignore[arg-type]
    assert path.read_bytes() == b"earlier"
    assert list(path.parent.iterdir()) == [path]


def test_runs_at_once_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    barrier = threading.Barrier(4)

    def write(letter: bytes) -> None:
        with open_output(path) as stream:
            for _ in range(50):
                stream.write(letter * 1000)
                stream.flush()
            barrier.wait()  # all are open at once

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    barrier.wait()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in {letter * 50_000 for letter in (b"a", b"b", b"c")}
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    (tmp_path / "out.jsonl.part").symlink_to(precious)
    with open_output(tmp_path / "out.jsonl") as stream:
        stream.write(b"new")
    assert precious.read_bytes() == b"mine"
    assert (tmp_path / "out.jsonl").read_bytes() == b"new"


@posix
def test_an_output_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    path, target = tmp_path / "out.jsonl", tmp_path / "large disk" / "data.jsonl"
    path.symlink_to(target)
    for content in (b"one", b"two"):  # the first time, there is no file yet
        with open_output(path) as stream:
            stream.write(content)
        assert path.is_symlink()
        assert target.read_bytes() == content
    assert list(target.parent.iterdir()) == [target]


@posix
def test_permissions_of_an_earlier_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "patients.jsonl"
    path.touch(mode=0o600)
    with open_output(path) as stream:
        stream.write(b"new")
    with replace_file(path) as part:
        part.unlink()
        part.write_bytes(b"as a library does")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    new = tmp_path / "new.jsonl"
    with open_output(new):
        pass
    (tmp_path / "plain").touch()
    assert new.stat().st_mode == (tmp_path / "plain").stat().st_mode


@posix
def test_devices_and_pipes_are_written_to_and_stay(tmp_path: Path) -> None:
    with open_output(Path("/dev/null")) as stream:
        stream.write(b"gone")
    assert Path("/dev/null").is_char_device()
    with (
        pytest.raises(ValueError, match=r"GB-E056.*/dev/null.*device"),
        replace_file(Path("/dev/null")),
    ):
        pass
    assert Path("/dev/null").is_char_device()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    thread.start()
    with open_output(pipe) as stream:
        stream.write(b"through")
    thread.join()
    assert read == [b"through"]
    assert pipe.is_fifo()


@posix
def test_standard_output_by_its_path_is_written_to_whatever_it_is(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    program = (
        "from pathlib import Path; from spacy_gliner_biomed.common.new_files import open_output\n"
        "print('before', flush=True)\n"
        "with open_output(Path('/dev/stdout')) as stream: stream.write(b'through\\n')\n"
        "print('after')"
    )
    with out.open("wb") as stream:
        subprocess.run([sys.executable, "-c", program], stdout=stream, check=True)
    assert out.read_text() == "before\nthrough\nafter\n"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("open_", [open_output, replace_file])
def test_a_folder_is_refused(tmp_path: Path, open_) -> None:
    with pytest.raises(ValueError, match=r"GB-E056.*is a folder"), open_(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []

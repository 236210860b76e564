import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from spacy_gliner_biomed.silver.cache import Cache, Reply, key_of
from spacy_gliner_biomed.silver.prompts import Prompt

FILL = """
import os, signal, sys
from pathlib import Path
from spacy_gliner_biomed.silver.cache import Cache, Reply
cache = Cache(Path(sys.argv[1]))
for i in range(20):
    cache.put(f"key{i}", Reply("x" * 5000, True, i))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_put_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "made" / "answers.cache"
    done = subprocess.run([sys.executable, "-c", FILL, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    cache = Cache(path)
    assert [cache.get(f"key{i}") for i in range(20)] == [
        Reply("x" * 5000, True, i, None) for i in range(20)
    ]
    assert cache.get("key20") is None
    cache.put("key20", Reply("é", False, 1, 2))
    cache.close()
    again = Cache(path)
    assert again.get("key20") == Reply("é", False, 1, 2)
    again.close()


def test_all_that_decides_an_answer_is_in_its_key() -> None:
    request = Prompt().request("text")
    others = [
        Prompt().request("Text"),
        Prompt(types=["drug"]).request("text"),
        Prompt(bounded=False).request("text"),
        Prompt().request("text", ["text"]),
        Prompt().request("text", attempt=1),
        replace(request, max_tokens=5),
    ]
    keys = {key_of("model", r) for r in (request, *others)} | {key_of("other", request)}
    assert len(keys) == len(others) + 2
    assert key_of("model", Prompt().request("text")) == key_of("model", request)


def test_a_file_that_is_no_cache_is_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a data base, but long enough to look like one " * 40)
    with pytest.raises(ValueError, match=r"GB-E122.*notes\.txt"):
        Cache(path)
    assert path.read_text().startswith("not a data base")
    if os.name == "posix":
        with pytest.raises(ValueError, match="GB-E122"):
            Cache(path / "below")

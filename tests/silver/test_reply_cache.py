import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
from spacy_gliner_biomed.silver.reply_cache import Reply, ReplyCache, cache_key

FILL = """
import os, signal, sys
from pathlib import Path
from spacy_gliner_biomed.silver.reply_cache import ReplyCache, Reply
cache = ReplyCache(Path(sys.argv[1]))
for i in range(20):
    cache.put(f"key{i}", Reply("x" * 5000, True, i))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_put_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "made" / "answers.cache"
    done = subprocess.run([sys.executable, "-c", FILL, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    cache = ReplyCache(path)
    assert [cache.get(f"key{i}") for i in range(20)] == [
        Reply("x" * 5000, True, i, None) for i in range(20)
    ]
    assert cache.get("key20") is None
    cache.put("key20", Reply("é", False, 1, 2))
    cache.close()
    again = ReplyCache(path)
    assert again.get("key20") == Reply("é", False, 1, 2)
    again.close()


def test_all_that_decides_an_answer_is_in_its_key() -> None:
    request = PromptBuilder().request("text")
    others = [
        PromptBuilder().request("Text"),
        PromptBuilder(types=["drug"]).request("text"),
        PromptBuilder(bounded=False).request("text"),
        PromptBuilder().request("text", ["text"]),
        PromptBuilder().request("text", attempt=1),
        replace(request, max_tokens=5),
    ]
    keys = {cache_key("model", r) for r in (request, *others)} | {cache_key("other", request)}
    assert len(keys) == len(others) + 2
    assert cache_key("model", PromptBuilder().request("text")) == cache_key("model", request)


def test_a_file_that_is_no_cache_is_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a data base, but long enough to look like one " * 40)
    with pytest.raises(ValueError, match=r"GB-E122.*notes\.txt"):
        ReplyCache(path)
    assert path.read_text().startswith("not a data base")
    if os.name == "posix":
        with pytest.raises(ValueError, match="GB-E122"):
            ReplyCache(path / "below")


DAMAGED = [("content", b"\xff"), ("complete", "yes"), ("prompt_tokens", "many")]


@pytest.mark.parametrize(("column", "value"), [*DAMAGED, ("completion_tokens", 0.5)])
def test_a_damaged_reply_is_reported_and_can_be_put_again(
    tmp_path: Path, column: str, value: object
) -> None:
    path, reply, damaged = tmp_path / "answers.cache", Reply("right", True, 1, 2), []
    with closing(ReplyCache(path, lambda: damaged.append(path))) as cache:
        for key in ("whole", "edited"):
            cache.put(key, reply)
        edit(path, f"UPDATE answers SET {column} = ? WHERE key = 'edited'", value)
        assert (cache.get("whole"), damaged) == (reply, [])
        assert cache.get("edited") is None
        assert damaged == [path]
        cache.put("edited", reply)
        assert cache.get("edited") == reply


def test_bytes_of_text_are_a_text_and_bytes_that_are_none_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "answers.cache"
    with closing(ReplyCache(path)) as cache:
        cache.put("key", Reply("old"))
        edit(path, "UPDATE answers SET content = ?", "né".encode())
        assert cache.get("key") == Reply("né")
        edit(path, "UPDATE answers SET content = CAST(? AS TEXT)", b"\xff")
        assert cache.get("key") is None


def test_damage_that_is_found_later_is_an_error_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.cache"
    with closing(ReplyCache(path)) as cache:
        edit(path, "DROP TABLE answers")
        with pytest.raises(ValueError, match=r"GB-E122.*answers\.cache.*no such table"):
            cache.get("key")
        with pytest.raises(ValueError, match=r"GB-E122.*answers\.cache.*no such table"):
            cache.put("key", Reply("x"))


def edit(path: Path, statement: str, *values: object) -> None:
    """Change a cache from outside."""
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(statement, values)

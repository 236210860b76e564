import os
import signal
import subprocess
import sys
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

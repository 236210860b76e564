"""Keeps paid answers in a file, so that a killed run does not ask for them again."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.llm_prompts import LlmRequest

TABLE = """CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, complete INTEGER NOT NULL,
    prompt_tokens INTEGER, completion_tokens INTEGER) WITHOUT ROWID"""


@dataclass(frozen=True)
class Reply:
    """The answer of a language model.

    content (str): Its text.
    complete (bool): Whether the model ended it, rather than the limit of tokens.
    prompt_tokens, completion_tokens (int | None): Number of tokens; None if the server does not
        report them.
    """

    content: str
    complete: bool = True
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ReplyCache:
    """Replies by the key of their request, in one file; safe to use from several threads.

    A reply is on the disk when `put` returns (SQLite, full synchronisation).

    path (Path): The file, created if it does not exist.
    on_damaged (Callable): Called for each reply that is damaged, which is then asked for again.
    RAISES (ValueError): If the file cannot be used; `get` and `put` raise the same.
    """

    def __init__(self, path: Path, on_damaged: Callable[[], None] = lambda: None) -> None:
        self.path, self.on_damaged = path, on_damaged
        self._lock = Lock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(
                path, timeout=60, isolation_level=None, check_same_thread=False
            )
        # Text that was edited may be bytes, or not UTF-8.
        self._base.text_factory = bytes
        try:
            with self._errors():
                self._base.execute("PRAGMA journal_mode = WAL")
                self._base.execute("PRAGMA synchronous = FULL")
                self._base.execute(TABLE)
        except ValueError:
            self.close()
            raise

    def get(self, key: str) -> Reply | None:
        """Return the reply with a key, or None if there is none that can be read."""
        columns = "content, complete, prompt_tokens, completion_tokens"
        with self._lock, self._errors():
            found = self._base.execute(f"SELECT {columns} FROM answers WHERE key = ?", (key,))
            row = found.fetchone()
        reply = None if row is None else _read_row(row)
        if row is not None and reply is None:
            self.on_damaged()
        return reply

    def put(self, key: str, reply: Reply) -> None:
        """Store a reply under a key."""
        values = (key, *asdict(reply).values())
        with self._lock, self._errors():
            self._base.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", values)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn errors of the file into errors with a code."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ValueError(Errors.E122.format(path=self.path, error=error)) from error


def _read_row(row: Sequence[Any]) -> Reply | None:
    """Return the reply of a row; None if a value is not what `put` writes."""
    content, complete, *n_tokens = row
    numbers = [complete, *(n for n in n_tokens if n is not None)]
    if not isinstance(content, bytes) or not all(isinstance(n, int) for n in numbers):
        return None
    try:
        return Reply(content.decode("utf8"), bool(complete), *n_tokens)
    except UnicodeDecodeError:
        return None


def cache_key(model: str, request: LlmRequest) -> str:
    """Return a hash of the model and of all that a request holds.

    model (str): Identity of the model, see `LanguageModel`.
    request (LlmRequest): Task, examples, text, schema and sampling.
    """
    whole = json.dumps([model, asdict(request)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode("utf8", "surrogatepass")).hexdigest()

"""Answers that were paid for, kept in a file: a killed run asks for none of them again."""

import hashlib
import json
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.llm_prompts import LlmRequest

TABLE = """CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, complete INTEGER NOT NULL,
    prompt_tokens INTEGER, completion_tokens INTEGER) WITHOUT ROWID"""


@dataclass(frozen=True)
class Reply:
    """What a language model wrote.

    content (str): The text of its answer.
    complete (bool): Whether it ended by itself, not at the limit of tokens.
    prompt_tokens, completion_tokens (int | None): What it cost; None if the server does not say.
    """

    content: str
    complete: bool = True
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ReplyCache:
    """Replies by what they answer; of one file, for all threads.

    An answer is on the disk when `put` returns (SQLite, full synchronisation).

    path (Path): Made if it is not there.
    RAISES (ValueError): If it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(
                path, timeout=60, isolation_level=None, check_same_thread=False
            )
        except (sqlite3.Error, OSError) as error:
            raise ValueError(Errors.E122.format(path=path, error=error)) from error
        try:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute(TABLE)
        except sqlite3.Error as error:
            self.close()
            raise ValueError(Errors.E122.format(path=path, error=error)) from error

    def get(self, key: str) -> Reply | None:
        """The reply under a key; None if there is none."""
        columns = "content, complete, prompt_tokens, completion_tokens"
        with self._lock:
            found = self._base.execute(f"SELECT {columns} FROM answers WHERE key = ?", (key,))
            row = found.fetchone()
        return None if row is None else Reply(row[0], bool(row[1]), *row[2:])

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply."""
        values = (key, *asdict(reply).values())
        with self._lock:
            self._base.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", values)

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def key_of(model: str, request: LlmRequest) -> str:
    """A hash of the model and all that it is asked: task, examples, text, schema, sampling."""
    whole = json.dumps([model, asdict(request)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode("utf8", "surrogatepass")).hexdigest()

"""Starts `tests.silver.llm_server` as a process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class LlmServer:
    """A server: its address, and what it was asked."""

    url: str
    log: Path

    def asked(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def texts(self) -> list[str]:
        return [line["text"] for line in self.asked()]


@contextmanager
def serving(log: Path, *arguments: str) -> Iterator[LlmServer]:
    """Start a server, and end it."""
    log.touch()
    command = [sys.executable, "-m", "tests.silver.llm_server", str(log), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield LlmServer(f"http://127.0.0.1:{port}/v1", log)
        finally:
            process.kill()

"""Read and run the code blocks of a Markdown page.

A Python or shell block is run, unless a comment before it says why not:

    <!-- not run: needs the internet -->

A block of text after the comment `<!-- output -->` is what the block before it prints.
"""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^( *)```(\w*)\s*$")
NOT_RUN = re.compile(r"^ *<!-- not run: (.+) -->\s*$")
OUTPUT = "<!-- output -->"
PYTHON = {"python", "py", "pycon"}
SHELL = {"bash", "sh", "shell", "console"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    language (str): The word after the backticks; may be empty.
    code (str): What is between the fences.
    line (int): Line of the first fence, from 1.
    not_run (str | None): Why the block is not run.
    is_output (bool): Whether it shows what the block before prints.
    """

    language: str
    code: str
    line: int
    not_run: str | None
    is_output: bool


def read_blocks(text: str) -> list[Block]:
    """Find the fenced blocks of a Markdown text, also indented ones."""
    lines = text.splitlines()
    blocks: list[Block] = []
    before = ""
    i = 0
    while i < len(lines):
        opening = FENCE.match(lines[i])
        if not opening:
            before = lines[i] if lines[i].strip() else before
            i += 1
            continue
        indent, language = opening.groups()
        end = next(j for j in range(i + 1, len(lines)) if lines[j].strip() == "```")
        code = "".join(line.removeprefix(indent) + "\n" for line in lines[i + 1 : end])
        reason = NOT_RUN.match(before)
        not_run = reason.group(1) if reason else None
        blocks.append(Block(language, code, i + 1, not_run, before.strip() == OUTPUT))
        before, i = "", end + 1
    return blocks


def runnable(text: str) -> Iterator[tuple[Block, str | None]]:
    """Yield the blocks to run, each with the output that the page shows for it."""
    blocks = read_blocks(text)
    for i, block in enumerate(blocks):
        if block.language not in PYTHON | SHELL or block.not_run:
            continue
        shown = blocks[i + 1] if i + 1 < len(blocks) and blocks[i + 1].is_output else None
        yield block, shown.code if shown else None


def run_block(block: Block, names: dict[str, Any], page: str) -> str:
    """Run a block in the current folder.

    names (dict[str, Any]): Python's names, shared by the blocks of a page.
    page (str): For tracebacks.
    RETURNS (str): What the block printed on standard output.
    """
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if block.language in PYTHON:
            # Line numbers of tracebacks are those of the page.
            code = "\n" * block.line + block.code
            exec(compile(code, page, "exec"), names)
        else:
            for command in shell_commands(block.code):
                run_command(command)
    return printed.getvalue()


def shell_commands(code: str) -> Iterator[list[str]]:
    """Yield the words of each command; comments are left out, continued lines joined."""
    for line in code.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def run_command(words: list[str]) -> None:
    """Run `python ...`; spaCy's commands run in this process, which saves their start.

    RAISES (ValueError): For any other program: mark the block as not run.
    RAISES (RuntimeError): If the command fails.
    """
    if words[0] != "python":
        raise ValueError(f"only python can be run, not {words[0]!r}: mark the block as not run")
    if words[1:3] == ["-m", "spacy"]:
        status = run_spacy(words[3:])
    else:
        status = subprocess.run([sys.executable, *words[1:]], check=False).returncode
    if status:
        raise RuntimeError(f"{shlex.join(words)} ended with status {status}")


def run_spacy(arguments: list[str]) -> int:
    """Run a command of spaCy, or of a plugin, in this process.

    RETURNS (int): The exit status.
    """
    from spacy import registry
    from spacy.cli import app
    from typer.main import get_command

    registry.cli.get_all()  # adds the plugins' commands to the app
    # spaCy's training commands read their overrides from sys.argv's parse, given by Click.
    try:
        status = get_command(app).main(arguments, "python -m spacy", standalone_mode=False)
    except SystemExit as stopped:
        status = stopped.code
    return status if isinstance(status, int) else 0


def show_outputs(path: Path) -> str:
    """Run a page, and return its text with the outputs that its blocks print now."""
    text = path.read_text(encoding="utf8")
    names: dict[str, Any] = {}
    for block, shown in runnable(text):
        printed = run_block(block, names, str(path))
        if shown is not None and shown != printed:
            text = text.replace(f"```text\n{shown}```", f"```text\n{printed}```", 1)
    return text

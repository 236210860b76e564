"""The page of `python -m spacy gliner`, made of the commands themselves."""

from collections.abc import Iterator
from typing import Any

PROGRAM = "python -m spacy gliner"
INTRODUCTION = f"""# Command line

All commands begin with `{PROGRAM}`. This page is generated from the commands; `--help` shows
the same in the terminal. Results go to standard output or to files, progress and messages to
standard error.
"""


def commands_page() -> str:
    """Return the page as Markdown: one heading for each command."""
    from typer.main import get_command

    from spacy_gliner_biomed.cli import gliner_cli

    return INTRODUCTION + "\n" + "\n".join(describe(get_command(gliner_cli), ""))


def describe(command: Any, name: str) -> Iterator[str]:
    """Yield the parts of a command and of the commands in it.

    command (click.Command): A command or a group.
    name (str): The words after the program; empty for the program itself.
    """
    if name:
        level = "#" * (1 + len(name.split()))
        yield f"{level} {name}\n\n{paragraphs(command.help or '')}\n"
    if hasattr(command, "commands"):
        for word, part in command.commands.items():
            yield from describe(part, f"{name} {word}".strip())
    else:
        context = command.make_context(f"{PROGRAM} {name}", [], resilient_parsing=True)
        # Not get_usage, which breaks lines at the terminal's width.
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield f"```text\n{usage}\n```\n"
        yield table(command, context)


def table(command: Any, context: Any) -> str:
    """Return a table of arguments and options, as the help of the command has them."""
    rows = ["| argument or option | meaning |", "| --- | --- |"]
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record and parameter.name != "help":
            names, text = record
            rows.append(f"| `{names.strip()}` | {cell(text)} |")
    return "\n".join(rows) + "\n"


def paragraphs(text: str) -> str:
    """Return a help text as Markdown, with its paragraphs."""
    return "\n\n".join(cell(part) for part in text.split("\n\n"))


def cell(text: str) -> str:
    """Return text for a cell of a table: one line, and nothing that Markdown would take."""
    text = " ".join(text.split())
    return text.replace("|", r"\|").replace("*", r"\*").replace("<", "&lt;")

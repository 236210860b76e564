"""Options for the settings of a config file, such as `--server.timeout 30`, as in spaCy's CLI."""

import json
import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand

from spacy_gliner_biomed.common.json_text import parse_json
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.silver.run_settings import list_settings

OVERRIDES = "spacy_gliner_biomed.overrides"  # key in the context's `meta`
DOTTED = re.compile(r"--(\w+\.\w+)")
SECTION_HELP = "Settings (in a --config file, or as options: --server.timeout 30)"


class SettingsCommand(TyperCommand):
    """A command with a config file, whose settings it takes as options and lists in its help.

    The values of these options are in `ctx.meta[OVERRIDES]`, by dotted name. Options that were
    replaced by settings still work, with a message.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the settings out of the arguments, and parse the rest."""
        declared = {option for parameter in self.params for option in parameter.opts}
        old_options = {option: target for option, target in _options() if option not in declared}
        overrides: dict[str, Any] = ctx.meta.setdefault(OVERRIDES, {})
        return super().parse_args(ctx, _take_settings(args, old_options, overrides))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """List the settings."""
        rows = [
            (setting.name, f"{setting.text} [default: {json.dumps(setting.default)}]")
            for setting in list_settings()
        ]
        with formatter.section(SECTION_HELP):
            formatter.write_dl(rows)


def _options() -> Iterator[tuple[str, tuple[str, Any]]]:
    """Yield each setting as the option that it was before there were sections.

    YIELDS (tuple[str, tuple[str, Any]]): The option, the setting's dotted name, and the value of a
        flag; None for an option with a value.
    """
    for setting in list_settings():
        name = setting.name.partition(".")[2].replace("_", "-")
        if isinstance(setting.default, bool):
            yield f"--{name}", (setting.name, True)
            yield f"--no-{name}", (setting.name, False)
        else:
            yield f"--{name}", (setting.name, None)


def _take_settings(
    args: list[str], old_options: dict[str, tuple[str, Any]], overrides: dict[str, Any]
) -> list[str]:
    """Put settings among arguments into `overrides`, and return the other arguments."""
    left = iter(args)
    rest: list[str] = []
    for arg in left:
        option, has_value, value = arg.partition("=")
        dotted = DOTTED.fullmatch(option)
        if arg == "--":
            return [*rest, arg, *left]
        if dotted is None and option not in old_options:
            rest.append(arg)
            continue
        name, flag = (dotted[1], None) if dotted else old_options[option]
        if flag is None:
            overrides[name] = _parse(value if has_value else _next_value(option, left))
        else:
            overrides[name] = flag
        if not dotted:
            new = f"--{name}" if flag is None else f"--{name} {json.dumps(flag)}"
            echo(Warnings.W120.format(old=option, new=new), color=typer.colors.YELLOW)
    return rest


def _next_value(option: str, left: Iterator[str]) -> str:
    """RAISES (BadParameter): If there is none."""
    value = next(left, None)
    if value is None:
        raise typer.BadParameter("requires a value.", param_hint=option)
    return value


def _parse(value: str) -> Any:
    """Parse a value as JSON; otherwise return it as a string, so that strings need no quotes.

    RAISES (BadParameter): For JSON with a repeated key or a number that is not finite.
    """
    try:
        json.loads(value)
    except ValueError:
        return value
    try:
        return parse_json(value)
    except ValueError as error:
        raise typer.BadParameter(f"{shorten(value)!r} cannot be used: {error}.") from error

"""The option `--relations` of the commands that annotate."""

from typing import Annotated

import typer

RELATIONS_HELP = (
    "Relations between the entities, separated by commas or repeated, or a JSON list with prompts, "
    'thresholds and labels of both ends: [{"relation": "treats", "head": ["drug"], "tail": '
    '["disease"]}]. The checkpoint must find relations; default: the pipeline\'s.'
)

RelationsOption = Annotated[
    list[str] | None, typer.Option("--relations", "-r", help=RELATIONS_HELP)
]

"""The options `--kb` and `--link` of the commands that annotate."""

from pathlib import Path
from typing import Annotated

import typer

KB_HELP = (
    "Link entities to this knowledge base: a file made by 'spacy gliner kb build', or a "
    "terminology in one of its formats, in UTF-8, which is then built at each start. Can be "
    "repeated."
)
LINK_HELP = (
    "What a label may be linked to: LABEL=TYPE,TYPE, or LABEL for its default. TYPE is a type of "
    "concepts (see 'spacy gliner kb info'), a tree number of MeSH (C, F03) or the name of a "
    "knowledge base; the label * stands for all others. Can be repeated; labels that no --link "
    "names are not linked. Default: for MeSH by the words of the label, otherwise anything."
)

KbOption = Annotated[list[Path] | None, typer.Option("--kb", metavar="FILE", help=KB_HELP)]
LinkOption = Annotated[
    list[str] | None, typer.Option("--link", metavar="LABEL=TYPE,...", help=LINK_HELP)
]

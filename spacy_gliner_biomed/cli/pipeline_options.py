"""The options that choose and set a pipeline, for the commands that annotate."""

from pathlib import Path
from typing import Annotated

import typer

CheckpointOption = Annotated[
    str | None,
    typer.Option("--checkpoint", help="Folder or Hugging Face name; default: the packaged model."),
]
RevisionOption = Annotated[
    str | None, typer.Option("--revision", help="Commit, branch or tag of the repository.")
]
PipelineOption = Annotated[
    str | None,
    typer.Option("--pipeline", "-p", help="A saved spaCy pipeline, instead of --checkpoint."),
]
CodeOption = Annotated[
    Path | None, typer.Option("--code", "-c", help="Python file with custom components.")
]
LabelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--labels",
        "-l",
        help="Labels, separated by commas or repeated, or a JSON list with prompts; default: the "
        "pipeline's. Needed for the packaged model.",
    ),
]
LangOption = Annotated[
    str, typer.Option("--lang", help="Language of the tokenizer without --pipeline.")
]
ThresholdOption = Annotated[
    float | None,
    typer.Option("--threshold", help="Minimum score, 0 to 1; default: the pipeline's, or 0.5."),
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", help="cpu, cuda, cuda:1, mps; default: spaCy's device, the CPU."),
]
PrecisionOption = Annotated[
    str | None,
    typer.Option("--precision", help="auto, float32, bfloat16 or float16; default: float32."),
]
BatchSizeOption = Annotated[int, typer.Option("--batch-size", min=1, help="Documents per batch.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Hide progress and summary.")]

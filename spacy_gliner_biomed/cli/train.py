"""`python -m spacy gliner train`: `spacy train` that can resume after an interruption."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import CONTEXT, gliner_cli, reported
from spacy_gliner_biomed.common.terminal import echo


@gliner_cli.command("train", no_args_is_help=True, context_settings=CONTEXT)
def train_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(help="The training config.", exists=True)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the models.")],
    code: Annotated[
        Path | None, typer.Option("--code", "-c", help="Python file with registered functions.")
    ] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU, or -1 for the CPU.")] = -1,
) -> None:
    """Train a pipeline as `spacy train` does; resume if an earlier call was interrupted.

    Override settings of the config in the same way: --training.max_steps 500. The state is saved
    in OUTPUT at each evaluation. Run the same command again to resume from there, with the data in
    the same order. Remove OUTPUT/training-state.pt to start again from the beginning.
    """
    from spacy.cli._util import import_code, parse_config_overrides, setup_gpu

    overrides = parse_config_overrides(ctx.args)
    import_code(code)
    setup_gpu(gpu_id)
    with reported():
        last = train(config, output, use_gpu=gpu_id, overrides=overrides)
    echo(f"✔ Wrote {last}", color=typer.colors.GREEN)


def train(
    config: Path, output: Path, *, use_gpu: int = -1, overrides: dict[str, Any] | None = None
) -> Path:
    """Train a pipeline, from the beginning or from the state in the output folder.

    config (Path): A training config of spaCy.
    output (Path): The folder for `model-best`, `model-last` and `training-state.pt`; is created.
    use_gpu (int): The GPU, or -1 for the CPU.
    overrides (dict[str, Any] | None): Values of the config to override, by dotted name.
    RETURNS (Path): The last model.
    RAISES (ValueError): If a trained component's state cannot be saved, or the saved state is
        damaged or of another config.
    """
    from spacy import util
    from spacy.cli._util import show_validation_error
    from spacy.training.initialize import init_nlp

    from spacy_gliner_biomed.pipeline.training_run import TrainingRun

    output.mkdir(parents=True, exist_ok=True)
    with show_validation_error(config):
        loaded = util.load_config(config, overrides=overrides or {}, interpolate=False)
    with show_validation_error(config, hint_fill=False):
        nlp = init_nlp(loaded, use_gpu=use_gpu)
    return TrainingRun(nlp, output).run(sys.stdout, sys.stderr)

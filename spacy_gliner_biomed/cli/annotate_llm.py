"""`python -m spacy gliner annotate-llm`: silver annotations by a large language model."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import INCOMPLETE, gliner_cli, reported
from spacy_gliner_biomed.cli.setting_options import OVERRIDES, SettingsCommand
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.errors import Errors

if TYPE_CHECKING:
    from spacy_gliner_biomed.silver.run_counts import RunCounts
    from spacy_gliner_biomed.silver.thread_pool import Outcome

Option = typer.Option


@gliner_cli.command("annotate-llm", no_args_is_help=True, cls=SettingsCommand)
def annotate_llm_cli(
    ctx: typer.Context,
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Files (.txt with one document each, .jsonl, .spacy) or folders."),
    ],
    output: Annotated[
        Path,
        Option("--output", "-o", help="Output file: .jsonl (constant memory) or .spacy."),
    ],
    config: Annotated[
        Path | None,
        Option("--config", "-c", help="Config file (.cfg or .json) with the settings below."),
    ] = None,
    url: Annotated[
        str | None, Option(help="OpenAI-compatible server, such as http://127.0.0.1:8000/v1.")
    ] = None,
    model: Annotated[str | None, Option(help="Name of the model on the server.")] = None,
    local: Annotated[
        str | None,
        Option(help="Instead of a server: folder, Hugging Face name or GGUF file of a model."),
    ] = None,
    device: Annotated[
        str | None, Option(help="Device of the local model: cpu, cuda, cuda:1 or mps.")
    ] = None,
    types: Annotated[
        str | None,
        Option("--types", "-t", help="Entity types, separated by commas; default: any type."),
    ] = None,
    synonyms: Annotated[
        Path | None, Option(help='JSON file with other names of types: {"disease": ["illness"]}.')
    ] = None,
    examples: Annotated[
        Path | None, Option(help="JSON lines with worked examples for the prompt.")
    ] = None,
    workers: Annotated[
        int | None, Option(min=1, help="Number of documents sent to the server at a time.")
    ] = None,
    report: Annotated[
        Path | None, Option(help="JSON file for the counts; default: OUTPUT.report.json.")
    ] = None,
    quiet: Annotated[
        bool, Option("--quiet", "-q", help="Hide the progress bar and the summary.")
    ] = False,
) -> None:
    """Annotate entities with a large language model, as training data for a small model.

    Every quote is verified in the text. Quotes that are not in the text are counted and not
    written. You can kill the run at any moment and repeat the command: answers are cached.

    The exit status is 0 if all documents were annotated, 3 if some failed, and 1 if the run
    failed. Options override the settings of the config file.
    """
    from spacy_gliner_biomed.silver.run_report import summarize
    from spacy_gliner_biomed.silver.run_settings import load_settings
    from spacy_gliner_biomed.silver.silver_files import RunPaths
    from spacy_gliner_biomed.silver.silver_run import annotate_silver

    given: dict[str, Any] = {
        "server.url": url,
        "server.model": model,
        "local.model": local,
        "local.device": device,
        "prompt.synonyms": synonyms,
        "prompt.examples": examples,
        "run.workers": workers,
        "run.report": report,
    }
    overrides = {name: value for name, value in given.items() if value is not None}
    with reported():
        if types is not None:
            overrides["prompt.types"] = _split_types(types)
        settings = load_settings(config, ctx.meta[OVERRIDES] | overrides)
        paths = RunPaths.beside(output, settings.run)
        counts = annotate_silver(inputs, paths, settings, progress=_Progress(quiet=quiet))
        if not quiet:
            echo(f"{summarize(counts)}\nwrote {paths.output}, {paths.report}")
    if counts["failed"]:
        raise typer.Exit(INCOMPLETE)


def _split_types(types: str) -> list[str]:
    """RAISES (ValueError): If there is no type."""
    names = [name.strip() for name in types.split(",") if name.strip()]
    if not names:
        raise ValueError(Errors.E127)
    return names


class _Progress:
    """A progress bar with the number of failures and of new tokens.

    quiet (bool): Whether to hide it.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.disable = True if quiet else None  # None: hidden if there is no terminal

    def __call__(self, outcomes: "Iterable[Outcome]", counts: "RunCounts") -> "Iterator[Outcome]":
        """Pass outcomes through while the bar is shown."""
        from tqdm import tqdm

        bar: Any
        with tqdm(outcomes, unit=" docs", disable=self.disable, mininterval=0.5) as bar:
            for outcome in bar:
                failed = sum(counts.group("failed").values())
                tokens = counts["tokens:new, prompt"] + counts["tokens:new, completion"]
                bar.set_postfix(failed=failed, new_tokens=tokens, refresh=False)
                yield outcome

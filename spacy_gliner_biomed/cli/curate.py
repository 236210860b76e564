"""`python -m spacy gliner curate`: select and clean training documents; see `curate_next`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import CONTEXT, gliner_cli, reported
from spacy_gliner_biomed.cli.reading_options import (
    ColumnOption,
    DataFormatOption,
    EncodingOption,
)
from spacy_gliner_biomed.common.json_files import write_report
from spacy_gliner_biomed.common.settings_dict import hint_at
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.counting import count
from spacy_gliner_biomed.errors import Errors

SCORERS = {
    "random": "spacy-gliner-biomed.RandomScorer.v1",
    "difficulty": "spacy-gliner-biomed.ModelDifficulty.v1",
    "language-model": "spacy-gliner-biomed.LanguageModelDifficulty.v1",
    "coverage": "spacy-gliner-biomed.CoverageScorer.v1",
}

curate_cli = typer.Typer(
    name="curate",
    help="Select and clean training documents, and choose what to annotate next.",
    no_args_is_help=True,
)
gliner_cli.add_typer(curate_cli)

Source = Annotated[Path, typer.Argument(help="Input file of any format with entities.")]
Target = Annotated[
    Path,
    typer.Argument(help="Output file with the selected documents: .spacy, .jsonl or .jsonl.gz."),
]
Report = Annotated[Path | None, typer.Option(help="JSON file for the counts.")]


@curate_cli.command("select", no_args_is_help=True, context_settings=CONTEXT)
def select_cli(
    ctx: typer.Context,
    source: Source,
    target: Target,
    data_format: DataFormatOption = None,
    encoding: EncodingOption = "utf-8",
    column: ColumnOption = None,
    scorer: Annotated[
        str, typer.Option(help=f"{', '.join(SCORERS)}, or a name in the registry 'misc'.")
    ] = "difficulty",
    ratio: Annotated[float, typer.Option(help="Share of documents with entities to keep.")] = 0.5,
    negatives: Annotated[
        float, typer.Option(help="Share of documents without entities to keep.")
    ] = 1.0,
    balance: Annotated[
        bool, typer.Option("--balance", help="Keep this share for each label.")
    ] = False,
    report: Report = None,
    histogram: Annotated[
        Path | None, typer.Option(help="Histogram of the scores, .svg or .png.")
    ] = None,
) -> None:
    """Keep the best-scoring documents with entities, and a share of those without entities, as in
    BioSelectTune.

    Settings of the scorer are options as in a config: --scorer.checkpoint FOLDER, --scorer.seed 1.
    """
    from spacy.cli._util import parse_config_overrides, show_validation_error
    from spacy.util import registry

    from spacy_gliner_biomed.curation.curated_files import select_file
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    for path in (source, target):
        if str(path).startswith("--"):  # an option that is not known; it may be the scorer's
            raise typer.BadParameter(f"{str(path)!r} is not a file. Name both files first.")
    options = parse_config_overrides(ctx.args)
    settings = {key.removeprefix("scorer."): value for key, value in options.items()}
    with reported():
        reading = ReadOptions(encoding, column, data_format=data_format)
        block = {"@misc": _registered_name(scorer), **settings}
        with show_validation_error(hint_fill=False):
            made = registry.resolve({"scorer": block})["scorer"]
        decisions, counts = select_file(
            source,
            target,
            made,
            show_progress,
            ratio=ratio,
            negatives=negatives,
            balance=balance,
            reading=reading,
        )
        _show_counts(counts, target, report)
        if histogram is not None:
            from spacy_gliner_biomed.curation.histogram import draw_histogram

            draw_histogram(decisions, histogram)


@curate_cli.command("clean", no_args_is_help=True)
def clean_cli(
    source: Source,
    target: Target,
    data_format: DataFormatOption = None,
    encoding: EncodingOption = "utf-8",
    column: ColumnOption = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Files whose texts must not be repeated, such as test sets."),
    ] = None,
    cosine: Annotated[
        float, typer.Option(help="Minimum similarity of near-duplicates, above 0.")
    ] = 0.9,
    min_sentences: Annotated[int, typer.Option(help="Minimum number of sentences.")] = 1,
    min_words: Annotated[int, typer.Option(help="Minimum number of words.")] = 5,
    max_special: Annotated[float, typer.Option(help="Maximum share of special characters.")] = 0.30,
    max_capitals: Annotated[
        float, typer.Option(help="Maximum share of capitals among letters.")
    ] = 0.20,
    report: Report = None,
) -> None:
    """Remove low-quality texts and near-duplicates; report mentions with contradictory labels."""
    from spacy_gliner_biomed.curation.cleaning import Gates
    from spacy_gliner_biomed.curation.curated_files import clean_file
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    with reported():
        reading = ReadOptions(encoding, column, data_format=data_format)
        gates = Gates(min_sentences, min_words, max_special, max_capitals)
        counts = clean_file(
            source,
            target,
            show_progress,
            against=against or [],
            gates=gates,
            cosine=cosine,
            reading=reading,
        )
        _show_counts(counts, target, report)


def show_progress(items: Iterable[Any], what: str) -> Iterable[Any]:
    """Pass documents through while a progress bar is shown.

    items (Iterable[Any]): The documents.
    what (str): The step.
    RETURNS (Iterable[Any]): The documents.
    """
    from tqdm import tqdm

    return tqdm(items, desc=what, unit=" docs", leave=False, mininterval=0.5)


def _registered_name(scorer: str) -> str:
    """Return a scorer's name in the registry.

    scorer (str): A short name, or the name in the registry.
    RETURNS (str): The name in the registry.
    RAISES (ValueError): If there is no such scorer.
    """
    from spacy.util import registry

    name = SCORERS.get(scorer, scorer)
    if not registry.has("misc", name):
        allowed, hint = list(SCORERS), hint_at([scorer], [*SCORERS, *SCORERS.values()])
        message = Errors.E412.format(found=scorer, hint=hint, allowed=", ".join(allowed))
        raise ValueError(message)
    return name


def _show_counts(counts: dict[str, Any], target: Path, report: Path | None) -> None:
    for outcome, n_documents in counts["documents"].items():
        echo(f"  {n_documents:>8,}  {outcome}")
    if counts.get("contradictions"):
        echo(f"  {len(counts['contradictions']):>8,}  mentions with contradictory labels")
    if report is not None:
        write_report(report, counts)
    written = count(counts["documents"].get("kept", 0), "document")
    echo(f"✔ Wrote {written}: {target}", color="green")

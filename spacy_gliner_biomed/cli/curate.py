"""`python -m spacy gliner curate`: choose and clean documents to train on."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported, say

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}
SCORERS = {
    "random": "spacy-gliner-biomed.RandomScorer.v1",
    "difficulty": "spacy-gliner-biomed.ModelDifficulty.v1",
    "language-model": "spacy-gliner-biomed.LanguageModelDifficulty.v1",
    "coverage": "spacy-gliner-biomed.CoverageScorer.v1",
}

curate_cli = typer.Typer(
    name="curate", help="Choose and clean documents to train on.", no_args_is_help=True
)
gliner_cli.add_typer(curate_cli)

Source = Annotated[Path, typer.Argument(help="Documents: .spacy, .jsonl or .jsonl.gz.")]
Target = Annotated[Path, typer.Argument(help="What is kept, in the form of its ending.")]
Report = Annotated[Path | None, typer.Option(help="JSON file for the counts.")]


@curate_cli.command("select", no_args_is_help=True, context_settings=CONTEXT)
def select_cli(
    ctx: typer.Context,
    source: Source,
    target: Target,
    scorer: Annotated[
        str, typer.Option(help=f"{', '.join(SCORERS)}, or any name in the registry 'misc'.")
    ] = "difficulty",
    ratio: Annotated[float, typer.Option(help="Share of the positives to keep.")] = 0.5,
    negatives: Annotated[float, typer.Option(help="Share of the negatives to keep.")] = 1.0,
    balance: Annotated[bool, typer.Option("--balance", help="Keep the share per label.")] = False,
    report: Report = None,
    histogram: Annotated[
        Path | None, typer.Option(help="Picture of the scores, .svg or .png.")
    ] = None,
) -> None:
    """Keep the documents with entities that score best, and those without, as BioSelectTune does.

    Settings of the scorer are given as in a config: --scorer.checkpoint FOLDER, --scorer.seed 1.
    """
    from spacy.cli._util import parse_config_overrides

    options = parse_config_overrides(ctx.args)
    settings = {key.removeprefix("scorer."): value for key, value in options.items()}
    with reported():
        counts = select_items(
            source,
            target,
            scorer=SCORERS.get(scorer, scorer),
            settings=settings,
            shares={"ratio": ratio, "negatives": negatives, "balance": balance},
            histogram=histogram,
        )
        _say_counts(counts, target, report)


@curate_cli.command("clean", no_args_is_help=True)
def clean_cli(
    source: Source,
    target: Target,
    against: Annotated[
        list[Path] | None, typer.Option(help="Documents whose text must not be repeated.")
    ] = None,
    cosine: Annotated[float, typer.Option(help="Similarity of near-duplicates.")] = 0.9,
    min_sentences: Annotated[int, typer.Option(help="Sentences of a text, at least.")] = 1,
    min_words: Annotated[int, typer.Option(help="Words of a text, at least.")] = 5,
    max_special: Annotated[float, typer.Option(help="Share of special characters.")] = 0.30,
    max_capitals: Annotated[float, typer.Option(help="Share of capitals among letters.")] = 0.20,
    report: Report = None,
) -> None:
    """Drop bad text and near-duplicates; report mentions with contradictory labels."""
    from spacy_gliner_biomed.curation.cleaning import Gates

    with reported():
        gates = Gates(min_sentences, min_words, max_special, max_capitals)
        counts = clean_items(source, target, against or [], gates=gates, cosine=cosine)
        _say_counts(counts, target, report)


def select_items(
    source: Path,
    target: Path,
    *,
    scorer: str,
    settings: dict[str, Any],
    shares: dict[str, Any],
    histogram: Path | None = None,
) -> dict[str, Any]:
    """Score and select the documents of a file, and write those that are kept.

    scorer (str), settings (dict[str, Any]): A registered scorer and its arguments.
    shares (dict[str, Any]): See `curation.selection.select`.
    RETURNS (dict[str, Any]): Counts, see `curation.selection.report`.
    RAISES (ValueError): For files or settings that cannot be used.
    """
    from spacy.util import registry

    from spacy_gliner_biomed.curation.items import read_items, write_items
    from spacy_gliner_biomed.curation.selection import KEPT, report, select

    made = registry.resolve({"scorer": {"@misc": scorer, **settings}})["scorer"]
    texts = (item.text for item in _progress(read_items(source), "Scoring"))
    decisions = select(texts, made, **shares)
    kept = (
        item
        for item, decision in zip(read_items(source), decisions, strict=True)
        if decision.outcome == KEPT
    )
    write_items(kept, target)
    if histogram is not None:
        from spacy_gliner_biomed.curation.histogram import draw_histogram

        draw_histogram(decisions, histogram)
    return report((item.text for item in read_items(source)), decisions)


def clean_items(
    source: Path, target: Path, against: Sequence[Path], *, gates: Any, cosine: float
) -> dict[str, Any]:
    """Drop documents that do not pass, or repeat another, and write the rest.

    against (Sequence[Path]): Files whose text must not be repeated.
    gates (Gates), cosine (float): See `curation.cleaning`.
    RETURNS (dict[str, Any]): Counts by outcome, which documents repeat which, contradictions.
    RAISES (ValueError): For files that cannot be read.
    """
    from spacy_gliner_biomed.curation.cleaning import contradictions, near_duplicates
    from spacy_gliner_biomed.curation.items import read_items, write_items

    tests = [item.text for path in against for item in read_items(path)]
    texts = [item.text for item in _progress(read_items(source), "Reading")]
    outcomes = [gates.problem(text.text) for text in texts]
    passed = [i for i, outcome in enumerate(outcomes) if not outcome]
    repeats = near_duplicates(
        (texts[i].text for i in passed), [text.text for text in tests], cosine=cosine
    )
    pairs = []
    for i, first in zip(passed, repeats, strict=True):
        if first is not None:
            original = tests[-1 - first] if first < 0 else texts[passed[first]]
            outcomes[i] = "repeats a test text" if first < 0 else "repeats another text"
            pairs.append({"document": texts[i].name, "repeats": original.name})
    kept = [i for i, outcome in enumerate(outcomes) if not outcome]
    chosen = set(kept)
    write_items((item for i, item in enumerate(read_items(source)) if i in chosen), target)
    documents = Counter(outcome or "kept" for outcome in outcomes)
    found = contradictions([texts[i] for i in kept])
    return {"documents": dict(documents), "repeats": pairs, "contradictions": found}


def _progress(items: Iterable[Any], what: str) -> Iterable[Any]:
    from tqdm import tqdm

    return tqdm(items, desc=what, unit=" docs", leave=False, mininterval=0.5)


def _say_counts(counts: dict[str, Any], target: Path, report: Path | None) -> None:
    for outcome, n_documents in counts["documents"].items():
        say(f"  {n_documents:>8,}  {outcome}")
    if counts.get("contradictions"):
        say(f"  {len(counts['contradictions']):>8,}  mentions with contradictory labels")
    if report is not None:
        report.write_text(json.dumps(counts, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
    say(f"✔ Wrote {counts['documents'].get('kept', 0):,} documents: {target}", color="green")

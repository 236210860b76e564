"""`python -m spacy gliner calibrate`: make scores match the probability of being right."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.cli.reading_options import ColumnOption, DataFormatOption, EncodingOption
from spacy_gliner_biomed.common.files import UTF8
from spacy_gliner_biomed.common.terminal import echo

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

    from spacy_gliner_biomed.models.calibration import Calibration
    from spacy_gliner_biomed.pipeline.calibrating import Scored
    from spacy_gliner_biomed.pipeline.component import GlinerBiomed
    from spacy_gliner_biomed.training.formats.options import ReadOptions


@gliner_cli.command("calibrate", no_args_is_help=True)
def calibrate_cli(
    pipeline: Annotated[Path, typer.Argument(help="Folder of a saved pipeline.", exists=True)],
    dev: Annotated[Path, typer.Argument(help="Gold documents that were not used for training.")],
    output: Annotated[Path, typer.Argument(help="Folder for the calibrated pipeline.")],
    data_format: DataFormatOption = None,
    encoding: EncodingOption = UTF8,
    column: ColumnOption = None,
    min_gold: Annotated[
        int,
        typer.Option(
            "--min-gold",
            help="Gold entities that a label needs for its own offset; 0: all labels share one.",
        ),
    ] = 0,
    max_loss: Annotated[
        float | None,
        typer.Option(
            "--max-loss",
            help="Shift the scores as little as needed for F1 at 0.5 to be within this many "
            "points of the best. Without it, scores are as close to probabilities as possible.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Image of the reliability before and after.")
    ] = None,
) -> None:
    """Fit a temperature and an offset to gold documents, and save them in the pipeline.

    After calibration, about 80 % of the entities with a score of 0.8 are right. The threshold with
    the best F1 is saved, too; a pipeline with `threshold = null` uses it. Without --min-gold, only
    scores change, not the ranking of the entities. The command prints the reliability before and
    after, the expected calibration error (ECE) and the threshold with the best F1.

    Example: python -m spacy gliner calibrate training/model-best dev.spacy training/calibrated
    """
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    with reported():
        calibrate(
            pipeline,
            dev,
            output,
            reading=ReadOptions(encoding, column, data_format=data_format),
            min_gold=min_gold,
            max_loss=max_loss,
            plot=plot,
        )
    echo(f"✔ Wrote {output}", color=typer.colors.GREEN)


def calibrate(
    pipeline: Path,
    dev: Path,
    output: Path,
    *,
    reading: "ReadOptions | None" = None,
    min_gold: int = 0,
    max_loss: float | None = None,
    plot: Path | None = None,
) -> None:
    """Calibrate the component of a pipeline.

    pipeline (Path): A saved pipeline with one "gliner_biomed" component.
    dev (Path): Gold documents: a .spacy file, or a file or folder of another format.
    output (Path): The folder for the calibrated pipeline.
    reading (ReadOptions | None): How to read other formats than .spacy; None: detected, in UTF-8.
    min_gold (int): See `pipeline.calibrating.label_shifts`; 0: all labels share one offset.
    max_loss (float | None): Points of F1, see `pipeline.calibrating.centre`; None: no shift.
    plot (Path | None): The file for an image of the reliability; needs matplotlib.
    RAISES (ValueError): If the pipeline does not have exactly one such component, or the entities
        found in DEV are all right or all wrong.
    """
    import spacy

    from spacy_gliner_biomed.common.reporting import list_names, warn
    from spacy_gliner_biomed.documents.pipelines import find_component
    from spacy_gliner_biomed.errors import Errors, Warnings
    from spacy_gliner_biomed.models.gliner import network_shim
    from spacy_gliner_biomed.pipeline import calibrating

    nlp = spacy.load(pipeline)
    component = find_component(nlp)
    examples = _read_gold(nlp, dev, component.cfg["spans_key"], reading)
    scored = calibrating.score_docs(component, examples)
    n_right = int(scored.right.sum())
    if not 0 < n_right < len(scored.right):
        raise ValueError(Errors.E181.format(right=n_right, found=len(scored.right), path=dev))
    fitted = _fit(scored, min_gold, max_loss)
    after = calibrating.calibrated(scored, fitted)
    fitted = replace(fitted, threshold=calibrating.best_threshold(after)[0])
    _report("Before", scored)
    _report("After", after)
    shim = network_shim(component.model)
    by_prompt = _by_prompt(fitted, component)
    shim.checkpoint.calibration = shim.checkpoint.calibration.then(by_prompt)
    own = [spec.label for spec in component.settings().labels if spec.threshold is not None]
    if own:
        warn(Warnings.W415.format(n=len(own), found=list_names(map(repr, own))))
    if plot is not None:
        _draw({"before": scored, "after": after}, plot)
    nlp.to_disk(output)


def _read_gold(
    nlp: "Language", dev: Path, spans_key: str, reading: "ReadOptions | None"
) -> "Iterable[Example]":
    """Read gold documents, with the entities of other formats in the component's group."""
    from spacy.training import Corpus

    from spacy_gliner_biomed.training.formats.options import DEFAULTS
    from spacy_gliner_biomed.training.readers import make_file

    if dev.suffix == ".spacy":
        return Corpus(dev)(nlp)
    reading = reading or DEFAULTS
    name, encoding, column = reading.data_format, reading.encoding, reading.column
    return make_file(dev, name, spans_key=spans_key, encoding=encoding, column=column)(nlp)


def _fit(scored: "Scored", min_gold: int, max_loss: float | None) -> "Calibration":
    """Fit temperature and offset, then the shift of all labels, then those of single labels."""
    from spacy_gliner_biomed.pipeline import calibrating

    fitted = calibrating.fit(scored)
    if max_loss is not None:
        probabilities = calibrating.calibrated(scored, fitted)
        fitted = fitted.then(calibrating.centre(probabilities, max_loss / 100))
    if min_gold:
        probabilities = calibrating.calibrated(scored, fitted)
        fitted = fitted.then(calibrating.label_shifts(probabilities, min_gold))
    return fitted


def _by_prompt(fitted: "Calibration", component: "GlinerBiomed") -> "Calibration":
    """Give each prompt the shift of its label, and print the shifts."""
    from spacy_gliner_biomed.models.catalogue import normalize
    from spacy_gliner_biomed.pipeline.labels import parse_labels

    of_label = fitted.prompt_shifts
    specs = parse_labels(component.cfg["labels"])
    rows = [(s.label, s.prompt, of_label.get(normalize(s.label), 0.0)) for s in specs]
    shifted = [(label, f"{shift:+.1f}") for label, _, shift in rows if shift]
    if shifted:
        msg.table(shifted, header=("Label", "Offset"), divider=True, aligns=("l", "r"))
    by_prompt = {normalize(prompt): shift for _, prompt, shift in rows if shift}
    return replace(fitted, prompt_shifts=by_prompt)


def _report(title: str, scored: "Scored") -> None:
    from spacy_gliner_biomed.pipeline import calibrating

    rows: Sequence[tuple[str, str, str, str]] = [
        (
            f"{row.low:.1f} to {row.high:.1f}",
            f"{row.count:,}",
            f"{row.score:.3f}",
            f"{row.precision:.3f}",
        )
        for row in calibrating.reliability(scored)
    ]
    header = ("Score", "Entities", "Mean score", "Precision")
    msg.divider(title)
    msg.table(rows, header=header, divider=True, aligns=("l", "r", "r", "r"))
    threshold, f1 = calibrating.best_threshold(scored)
    at_default = scored.f1(calibrating.GRID[calibrating.GRID == 0.5])[0]
    error = calibrating.calibration_error(scored)
    msg.text(f"Expected calibration error: {100 * error:.1f} points")
    msg.text(f"F1 at 0.5: {100 * at_default:.1f}; best at {threshold:.2f}: {100 * f1:.1f}")


def _draw(curves: dict[str, "Scored"], path: Path) -> None:
    from spacy_gliner_biomed.common.optional import import_optional
    from spacy_gliner_biomed.pipeline import calibrating

    matplotlib = import_optional("matplotlib.figure", "--plot", extra="curate")
    figure = matplotlib.Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, scored in curves.items():
        rows = calibrating.reliability(scored)
        axes.plot([r.score for r in rows], [r.precision for r in rows], "o-", label=name)
    axes.set(xlabel="Score", ylabel="Precision", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    figure.savefig(path)

"""`python -m spacy gliner convert`: convert annotated texts between formats for training."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count as count_up
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.cli.reading_options import (
    ColumnOption,
    DataFormatOption,
    EncodingOption,
)
from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.common.settings_dict import check_choice
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.counting import count
from spacy_gliner_biomed.errors import Errors, Warnings

if TYPE_CHECKING:
    from spacy_gliner_biomed.documents.writing.gold_texts import LeftOut
    from spacy_gliner_biomed.training.corpora import AnnotatedText
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    Writer = Callable[[Iterable[AnnotatedText], BinaryIO], int]


# The names of `documents.formats` and others, which are not imported here, so that --help is fast.
TARGETS: tuple[str, ...] = (
    "docbin",
    "jsonl",
    "gliner",
    "instructions",
    "bioc-xml",
    "bioc-json",
    "pubannotation",
)
TARGETS += ("pubtator", "brat", "conll", "labelstudio", "prodigy")
WITHOUT_CONCEPTS = ("gliner", "instructions", "conll")
DOCS_PER_FILE = 10_000  # in a folder of DocBins; each DocBin is built in memory


@gliner_cli.command("convert", no_args_is_help=True)
def convert_cli(
    source: Annotated[Path, typer.Argument(help="A file, or a folder for BRAT.")],
    output: Annotated[
        Path,
        typer.Argument(
            help=f"Output file. A DocBin has the ending .spacy; a name without an ending "
            f"makes a folder of DocBins with {DOCS_PER_FILE:,} documents each, for corpora larger "
            "than memory."
        ),
    ],
    data_format: DataFormatOption = None,
    target_format: Annotated[
        str | None,
        typer.Option(
            "--to", "-t", help=f"{', '.join(TARGETS)}; default: by the output's ending, or docbin."
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help='Table of labels to rename: JSON {"Chemical": "drug"}, or CSV.'),
    ] = None,
    encoding: EncodingOption = "utf-8",
    column: ColumnOption = None,
    lang: Annotated[str, typer.Option(help="Language of the tokenizer.")] = "en",
    spans_key: Annotated[str, typer.Option(help="Key of the gold spans in doc.spans.")] = "sc",
) -> None:
    """Convert annotated texts: to a DocBin for `spacy train`, or to another format.

    Every entity keeps its exact offsets: a token is split if an entity begins or ends inside it.
    Docs of a DocBin keep their tokens. All labels that occur in the source count as annotated,
    unless a text lists its own. What the source or the output cannot represent is counted in a
    warning.

    Example: python -m spacy gliner convert export.jsonl train.spacy --labels words.json
    """
    from spacy_gliner_biomed.training.formats.options import ReadOptions

    with reported():
        options = ReadOptions(encoding=encoding, column=column, spans_key=spans_key)
        n_docs, n_spans = convert(
            source, output, data_format, to=target_format, labels=labels, lang=lang, options=options
        )
    written = f"{count(n_docs, 'document')}, {count(n_spans, 'entity', 'entities')}"
    echo(f"✔ Wrote {written}: {output}", color=typer.colors.GREEN)


def convert(
    source: Path,
    output: Path,
    data_format: str | None = None,
    *,
    to: str | None = None,
    labels: Path | None = None,
    lang: str = "en",
    options: "ReadOptions | None" = None,
) -> tuple[int, int]:
    """Convert annotated texts to another format.

    source (Path): See `training.formats.table.read_format`.
    output (Path): The output. Its folder is created; for DocBins see the command.
    data_format (str | None): See `training.formats.table.read_format`.
    to (str | None): One of `TARGETS`; None for what the output's ending says, or "docbin" if it
        has none.
    labels (Path | None): A table of labels, see `training.label_table`.
    lang (str): Language of the tokenizer.
    options (ReadOptions | None): How to read the source; `spans_key` is also that of the output.
    RETURNS (tuple[int, int]): The numbers of documents and entities.
    RAISES (ValueError): If the source cannot be read, with file and line, or the output folder
        exists.
    """
    from spacy_gliner_biomed.documents.outputs import open_stream
    from spacy_gliner_biomed.documents.writing.gold_texts import LeftOut
    from spacy_gliner_biomed.training.formats.options import DEFAULTS
    from spacy_gliner_biomed.training.formats.table import read_format
    from spacy_gliner_biomed.training.label_table import read_label_table, rename_labels

    options = replace(options or DEFAULTS, with_docs=True)
    target = _target(output, to)
    if output.resolve() == source.resolve():
        reason = "it is the source. Name another file"
        raise ValueError(Errors.E056.format(path=output, reason=reason))
    table = None if labels is None else read_label_table(labels)
    counts: Counter[str] = Counter()
    texts = read_format(source, data_format, options)
    if table is not None and labels is not None:
        texts = rename_labels(texts, table, labels, source)
    write, left_out = _writer(target, lang, options.spans_key), LeftOut(target, options.spans_key)
    texts = _counted(texts, counts, left_out)
    if target == "docbin" and output.suffix != ".spacy":
        lost = _write_folder(texts, output, write)
    else:
        with open_stream(str(output)) as stream:
            lost = write(texts, stream)
    if counts["concepts"] and target in WITHOUT_CONCEPTS:
        warn(Warnings.W209.format(n=counts["concepts"], format=target))
    if counts["relations"] and not _keeps_relations(target):
        warn(Warnings.W354.format(n=counts["relations"], format=target))
    left_out.report()
    if lost:
        warn(Warnings.W012.format(n=lost, path=output))
    return counts["documents"], counts["entities"] - lost


def _keeps_relations(target: str) -> bool:
    from spacy_gliner_biomed.documents.formats import FORMATS

    return target == "docbin" or (target in FORMATS and FORMATS[target].has_relations)


def _target(output: Path, to: str | None) -> str:
    """Return the format to write.

    RAISES (ValueError): If nothing says it.
    """
    from spacy_gliner_biomed.documents.formats import FORMATS, format_of

    if to is not None:
        check_choice("to", to, TARGETS)
        return to
    found = format_of(str(output))
    if found in TARGETS:
        return found
    if output.is_dir() or not re.fullmatch(r"\.[A-Za-z]+", output.suffix):
        return "docbin"
    named = (each.endings for name, each in FORMATS.items() if name in TARGETS)
    endings = ", ".join(each[0] for each in named if each)
    raise ValueError(Errors.E433.format(path=output, ending=output.suffix, endings=endings))


def _writer(target: str, lang: str, spans_key: str) -> "Writer":
    """Return the function that writes texts and returns the number of lost entities."""
    from spacy_gliner_biomed.training.exchange import write_gliner_json, write_instructions

    writers: dict[str, Writer] = {"gliner": write_gliner_json, "instructions": write_instructions}
    other = partial(_write_format, target=target, lang=lang, spans_key=spans_key)
    return writers.get(target, other)


def _counted(
    texts: Iterable["AnnotatedText"], counts: "Counter[str]", left_out: "LeftOut"
) -> Iterator["AnnotatedText"]:
    from tqdm import tqdm

    for text in tqdm(texts, unit=" docs", disable=None, leave=False, mininterval=0.5):
        counts["documents"] += 1
        counts["entities"] += len(text.spans)
        counts["concepts"] += len(text.concepts)
        counts["relations"] += len(text.relations or ())
        left_out.add(text)
        yield text


def _write_format(
    texts: Iterable["AnnotatedText"], stream: BinaryIO, *, target: str, lang: str, spans_key: str
) -> int:
    """Write a format of `documents.formats`, whose writer reports what is lost; return 0."""
    from spacy_gliner_biomed.documents.writing.gold_texts import TextWriter

    writer = TextWriter(stream, target, lang=lang, spans_key=spans_key)
    for text in texts:
        writer.write(text)
    writer.finish()
    return 0


def _write_folder(texts: Iterable["AnnotatedText"], folder: Path, write: "Writer") -> int:
    """Write DocBins into a new folder, which appears when all are written."""
    from spacy_gliner_biomed.documents.outputs import open_stream

    if folder.exists():
        reason = "it is there already. Name a new folder, or a file .spacy"
        raise ValueError(Errors.E056.format(path=folder, reason=reason))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as unfinished:
        parts = Path(unfinished) / "parts"
        rest = iter(texts)
        for number in count_up():
            batch = list(islice(rest, DOCS_PER_FILE))
            if not batch:
                break
            with open_stream(str(parts / f"{number:05}.spacy")) as stream:
                write(batch, stream)
        parts.rename(folder)
    return 0

"""Proposes the documents of a pool to annotate next, and writes them with suggested entities."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from spacy.language import Language

from spacy_gliner_biomed.common.own_keys import free_key
from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.curation.annotation_order import OrderSettings, Proposal, propose
from spacy_gliner_biomed.curation.document_pool import ANNOTATED, NO_TEXT, READ, DocumentPool
from spacy_gliner_biomed.documents.inputs import (
    InputDocument,
    Record,
    read_inputs,
)
from spacy_gliner_biomed.documents.outputs import Output, open_writer
from spacy_gliner_biomed.documents.pipelines import add_passages
from spacy_gliner_biomed.documents.writing.run_settings import WritingOptions, prepare_writing
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.training.formats.options import DEFAULTS, ReadOptions

PROPOSED, UNREADABLE = "proposed", "not readable"
Progress = Callable[[Iterable[InputDocument], str], Iterable[InputDocument]]


def write_next(
    nlp: Language,
    files: Sequence[Path],
    outputs: Sequence[Output],
    settings: OrderSettings,
    *,
    annotated: Sequence[Path] = (),
    reading: ReadOptions = DEFAULTS,
    batch_size: int = 64,
    progress: Progress = lambda documents, what: documents,
) -> dict[str, Any]:
    """Write the documents to annotate next, in this order, with the model's entities.

    Each has its rank, uncertainty and gain in coverage in its metadata, as `next_rank`,
    `next_uncertainty` and `next_coverage`. Those of an earlier round are replaced. Other metadata
    stays: if it has such a key, a number follows ours.

    nlp (Language): A configured pipeline with exactly one `gliner_biomed` component.
    files (Sequence[Path]): The pool, see `inputs.find_inputs`. It is read once.
    outputs (Sequence[Output]): The outputs, see `outputs.plan_outputs`.
    settings (OrderSettings): How many, and the weights.
    annotated (Sequence[Path]): Files of annotated documents, see `DocumentPool`.
    reading (ReadOptions): How to read the pool.
    batch_size (int): Documents per batch.
    progress (Progress): Shows progress; gets the name of the step.
    RETURNS (dict[str, Any]): `documents`, the counts, and `proposed`, a list of id, rank,
        uncertainty and gain. A line or file that cannot be read is counted and reported at once.
    RAISES (ValueError): If there is no document to propose, or a file of annotated documents cannot
            be read; existing outputs are then unchanged.
    """
    unreadable = Counter[str]()

    def on_failure(error: Exception) -> None:
        unreadable[UNREADABLE] += 1
        echo(str(error), color="red")

    pool = DocumentPool(nlp, settings, annotated)
    pool.read(progress(read_inputs(files, nlp.vocab, on_failure, reading), "Reading"), batch_size)
    proposals = _propose(pool, settings)
    counts = {**pool.counts, **unreadable, PROPOSED: len(proposals)}
    _write(nlp, [_as_input(*pair) for pair in enumerate(proposals, 1)], outputs, batch_size)
    rows = [{"id": record.id, **_numbers(i, each)} for i, each, record in _numbered(proposals)]
    return {"documents": counts, "proposed": rows}


def _propose(pool: DocumentPool, settings: OrderSettings) -> list[Proposal]:
    candidates = pool.candidates()
    if not candidates:
        counts = pool.counts
        found = {"read": counts[READ], "annotated": counts[ANNOTATED]}
        raise ValueError(Errors.E341.format(**found, without_text=counts[NO_TEXT]))
    vectors = pool.vectors()
    proposals = propose(candidates, vectors, pool.covered(vectors), settings)
    if len(proposals) < settings.count:
        warn(Warnings.W340.format(n=len(proposals), count=settings.count))
    return proposals


def _write(
    nlp: Language, jobs: Sequence[InputDocument], outputs: Sequence[Output], batch_size: int
) -> None:
    """Annotate the proposed documents with the whole pipeline, and write them."""
    read_entities, settings = prepare_writing(nlp, WritingOptions(), reads_context=False)
    with ExitStack() as stack:
        writers = [stack.enter_context(open_writer(output, settings)) for output in outputs]
        for doc, record in nlp.pipe(add_passages(nlp, jobs), as_tuples=True, batch_size=batch_size):
            found = read_entities(doc)
            for writer in writers:
                writer.write(doc, record, found)


def _as_input(rank: int, proposal: Proposal) -> InputDocument:
    document, record = proposal.candidate.source
    numbers = {f"next_{name}": value for name, value in _numbers(rank, proposal).items()}
    meta = record.meta
    if all(isinstance(meta.get(name), int | float) for name in numbers):  # of an earlier round
        meta = {name: value for name, value in meta.items() if name not in numbers}
    own = {free_key(name, meta): value for name, value in numbers.items()}
    return document, Record(record.id, {**meta, **own})


def _numbers(rank: int, proposal: Proposal) -> dict[str, Any]:
    uncertainty, gain = proposal.candidate.uncertainty, proposal.gain
    return {"rank": rank, "uncertainty": uncertainty, "coverage": gain}


def _numbered(proposals: Sequence[Proposal]) -> Iterator[tuple[int, Proposal, Record]]:
    for rank, proposal in enumerate(proposals, 1):
        yield rank, proposal, proposal.candidate.source[1]

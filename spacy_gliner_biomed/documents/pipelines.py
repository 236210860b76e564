"""Builds or loads the pipeline that a command runs, configures it, and streams Docs through."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import spacy
import typer
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.component import GlinerBiomed

Labels = Sequence[str | Mapping[str, Any]]

# spaCy limits the length of a text for these; the component needs no limit.
LIMITED = {"parser", "ner"}


def parse_labels(value: str | None) -> Labels | None:
    """Read `--labels`: words separated by commas, or a JSON list as for the component.

    RETURNS (Labels | None): None if the option was not given.
    RAISES (ValueError): If there are none in it, or the JSON is broken.
    """
    if value is None:
        return None
    if value.lstrip().startswith("["):
        try:
            labels: Labels = json.loads(value)
        except ValueError as error:
            raise ValueError(Errors.E058.format(error=error)) from error
    else:
        labels = [label.strip() for label in value.split(",") if label.strip()]
    if not labels:
        raise ValueError(Errors.E054)
    return labels


def get_pipeline(
    pipeline: str | None, *, lang: str, checkpoint: str | None, revision: str | None
) -> Language:
    """Load a saved pipeline, or make a blank one whose spans keep their exact characters.

    RAISES (ValueError): If both a pipeline and a checkpoint are given.
    """
    if pipeline is None:
        model = {"checkpoint": checkpoint or "packaged", "revision": revision}
        nlp = spacy.blank(lang)
        nlp.add_pipe("gliner_biomed", config={"model": model, "alignment": "split", "labels": []})
        return nlp
    if checkpoint is not None or revision is not None:
        allowed = "left out where --pipeline is given, which has its own model"
        raise ValueError(
            Errors.E030.format(name="checkpoint", allowed=allowed, found=checkpoint or revision)
        )
    return spacy.load(pipeline)


def find_component(nlp: Language) -> GlinerBiomed:
    """The component of a pipeline.

    RAISES (ValueError): If there is none, or more than one.
    """
    found = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, GlinerBiomed)]
    if len(found) != 1:
        raise ValueError(Errors.E057.format(n=len(found), found=", ".join(nlp.pipe_names)))
    return found[0]


def configure(nlp: Language, options: Mapping[str, Any], *, n_process: int = 1) -> None:
    """Change settings and try them on a letter, so that what is wrong with labels, device or
    checkpoint is said once, before the first document.

    options (Mapping[str, Any]): Settings of the component; None keeps what it has.
    n_process (int): Worker processes that it will run in.
    RAISES (ValueError): If a setting does not work, there are no labels, or the checkpoint
        cannot be read.
    """
    component = find_component(nlp)
    given = {key: value for key, value in options.items() if value is not None}
    component.labels = given.pop("labels", component.cfg["labels"])
    component.cfg.update(given)
    if not component.settings().labels:
        raise ValueError(Errors.E054)
    component.predict([nlp.make_doc("a")])
    device = network_shim(component.model).device
    if n_process > 1 and device.type == "cuda":
        raise ValueError(Errors.E034.format(device=device))
    if not LIMITED & set(nlp.pipe_factories.values()):
        nlp.max_length = sys.maxsize


def stream_docs(
    nlp: Language,
    jobs: Iterable[tuple[str | Doc, Record]],
    counts: Counter[str],
    *,
    batch_size: int,
    n_process: int,
) -> Iterator[tuple[Doc, Record]]:
    """Run the pipeline; a document that fails is reported and left out.

    jobs (Iterable[tuple[str | Doc, Record]]): The documents.
    counts (Counter[str]): Each document is added to `read` when it is read.
    YIELDS (tuple[Doc, Record]): A Doc may be used until the next is asked for: with one
        process, its strings are forgotten after its batch, so that memory does not grow.
    """
    nlp.set_error_handler(report_failure)  # type: ignore[arg-type]  # its stub never returns
    counted = _count(_short_enough(jobs, counts, nlp.max_length), counts)
    if n_process > 1:
        yield from nlp.pipe(counted, as_tuples=True, batch_size=batch_size, n_process=n_process)
        return
    for batch in minibatch(counted, batch_size):
        with nlp.memory_zone():
            yield from nlp.pipe(batch, as_tuples=True, batch_size=batch_size)


def report_failure(name: str, proc: Any, docs: Sequence[Doc] | None, error: Exception) -> None:
    """Name the documents that a component fails on; they are missing in the output."""
    names = ", ".join(str(doc._context.id) for doc in docs or [] if doc._context is not None)
    echo(f"{names or 'A document'}: {error}", color=typer.colors.RED)


def _short_enough(
    jobs: Iterable[tuple[str | Doc, Record]], counts: Counter[str], limit: int
) -> Iterator[tuple[str | Doc, Record]]:
    """Those texts of which a Doc can be made; the others would end the run of the others."""
    for document, record in jobs:
        if isinstance(document, str) and len(document) > limit:
            counts["read"] += 1
            problem = SpacyErrors.E088.format(length=len(document), max_length=limit)
            echo(f"{record.id}: {problem}", color=typer.colors.RED)
        else:
            yield document, record


def _count(
    jobs: Iterable[tuple[str | Doc, Record]], counts: Counter[str]
) -> Iterator[tuple[str | Doc, Record]]:
    for job in jobs:
        counts["read"] += 1
        yield job

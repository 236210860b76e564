"""Build or load a pipeline, configure it, and stream Docs through it."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import spacy
import typer
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.common.json_text import parse_json
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.passages import with_passages
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.components import find_components
from spacy_gliner_biomed.pipeline.labels import keep_prompts
from spacy_gliner_biomed.training.prompt_forms import relation_with_words, with_words

Labels = Sequence[str | Mapping[str, Any]]  # or relations

# Components for which spaCy limits the length of texts; `gliner_biomed` needs no limit.
LIMITED = {"parser", "ner"}


def parse_labels(value: str | Sequence[str] | None) -> Labels | None:
    """Parse the option `--labels`: labels separated by commas, or a JSON list; it may be repeated.

    value (str | Sequence[str] | None): The option, or each of its values.
    RETURNS (Labels | None): The labels; None if the option was not given.
    RAISES (ValueError): If there are no labels in it, or the JSON is broken.
    """
    if value is None or value == []:  # typer gives either for an option that may be repeated
        return None
    labels = _parse_list(value, Errors.E058)
    if not labels:
        raise ValueError(Errors.E054)
    return labels


def parse_relations(value: str | Sequence[str] | None) -> Labels | None:
    """Parse the option `--relations`, as `parse_labels` does; there may be none.

    value (str | Sequence[str] | None): The option, or each of its values.
    RETURNS (Labels | None): The relations; None if the option was not given.
    RAISES (ValueError): If the JSON is broken.
    """
    if value is None or value == []:  # typer gives either for an option that may be repeated
        return None
    return _parse_list(value, Errors.E360)


def complete_entries(entries: Labels, known: Labels, key: str = "label") -> Labels:
    """Return labels or relations of a call with their prompts.

    A string that names one of the component's keeps its prompts and thresholds. Any other is asked
    for in words: "GENE_OR_PROTEIN" gets the prompt "gene or protein".

    entries (Labels): Strings, and dicts as in the settings `labels` and `relations`.
    known (Labels): Those of the component.
    key (str): The key of the name: "label" or "relation".
    RETURNS (Labels): The entries.
    """
    names = {entry if isinstance(entry, str) else entry[key] for entry in known}
    as_words = relation_with_words if key == "relation" else with_words
    named = [as_words(x) if isinstance(x, str) and x not in names else x for x in entries]
    complete: Labels = keep_prompts(named, known, key)
    return complete


def complete_options(options: Mapping[str, Any], cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of a call without those that are None, and with complete entries.

    options (Mapping[str, Any]): Settings of the component.
    cfg (Mapping[str, Any]): The component's.
    RETURNS (dict[str, Any]): The settings, see `complete_entries`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name, key in (("labels", "label"), ("relations", "relation")):
        if name in given:
            given[name] = complete_entries(given[name], cfg[name], key)
    return given


def get_pipeline(
    pipeline: str | None, *, lang: str, checkpoint: str | None, revision: str | None
) -> Language:
    """Load a saved pipeline, or make a blank one whose spans keep their exact offsets.

    pipeline (str | None): Folder or package; None makes a blank pipeline.
    lang (str): The language of a blank pipeline.
    checkpoint (str | None): The checkpoint of a blank pipeline; None for the packaged model.
    revision (str | None): The revision of the checkpoint.
    RETURNS (Language): The pipeline.
    RAISES (ValueError): If a checkpoint or revision is given together with a pipeline.
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
    """Return the `gliner_biomed` component of a pipeline.

    nlp (Language): The pipeline.
    RETURNS (GlinerBiomed): The component.
    RAISES (ValueError): If there is none, or more than one.
    """
    found = find_components(nlp)
    if len(found) != 1:
        raise ValueError(Errors.E057.format(n=len(found), found=", ".join(nlp.pipe_names)))
    return found[0]


def configure(nlp: Language, options: Mapping[str, Any], *, n_process: int = 1) -> None:
    """Change settings and test them on a one-letter text, so that wrong labels, devices and
    checkpoints are reported once, before the first document.

    nlp (Language): The pipeline.
    options (Mapping[str, Any]): Settings of the component; None keeps the current value.
    n_process (int): Number of worker processes that will run the pipeline.
    RAISES (ValueError): If a setting is invalid, there are no labels, or the checkpoint cannot be
        read.
    """
    component = find_component(nlp)
    given = complete_options(options, component.cfg)
    component.labels = given.pop("labels", component.cfg["labels"])
    component.cfg.update(given)
    if not component.settings().labels:
        raise ValueError(Errors.E054)
    component.predict([nlp.make_doc("a")])
    device = network_shim(component.model).device
    if n_process > 1 and device.type == "cuda":
        raise ValueError(Errors.E413.format(device=device))
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
    """Run the pipeline; report documents that fail and leave them out.

    nlp (Language): The pipeline.
    jobs (Iterable[tuple[str | Doc, Record]]): The documents.
    counts (Counter[str]): Its entry `read` counts the documents that are read.
    batch_size (int): Documents per batch.
    n_process (int): Number of worker processes.
    YIELDS (tuple[Doc, Record]): A Doc that is valid until the next one is requested. With one
        process, the strings of a batch are freed after it, so that memory does not grow.
    """
    nlp.set_error_handler(report_failure)  # type: ignore[arg-type]  # its stub never returns
    counted = _count(_short_enough(jobs, counts, nlp.max_length), counts)
    if n_process > 1:
        docs = add_passages(nlp, counted)
        yield from nlp.pipe(docs, as_tuples=True, batch_size=batch_size, n_process=n_process)
        return
    for batch in batches(counted, batch_size):
        with nlp.memory_zone():
            docs = add_passages(nlp, batch)
            yield from nlp.pipe(docs, as_tuples=True, batch_size=batch_size)


def report_failure(name: str, proc: Any, docs: Sequence[Doc] | None, error: Exception) -> None:
    """Report the documents that a component fails on; they are missing in the output.

    name (str): The component's name.
    proc (Any): The component.
    docs (Sequence[Doc] | None): The documents.
    error (Exception): The error.
    """
    names = ", ".join(str(doc._context.id) for doc in docs or [] if doc._context is not None)
    echo(f"{names or 'A document'}: {error}", color=typer.colors.RED)


def _parse_list(value: str | Sequence[str], message: str) -> Labels:
    """Parse entries separated by commas, or a JSON list; `message` is the error for other forms."""
    if not isinstance(value, str):
        return [entry for part in value for entry in _parse_list(part, message)]
    if value.lstrip().startswith("{"):
        raise ValueError(message.format(error="it is a JSON object"))
    if value.lstrip().startswith("["):
        try:
            entries: Labels = parse_json(value)
        except ValueError as error:
            raise ValueError(message.format(error=error)) from error
        return entries
    separator = next((mark for mark in ";|" if mark in value and "," not in value), None)
    if separator is not None:
        raise ValueError(message.format(error=f"found {separator!r} instead of a comma"))
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def add_passages(
    nlp: Language, jobs: Iterable[tuple[str | Doc, Record]]
) -> Iterator[tuple[str | Doc, Record]]:
    """Replace texts by Docs where their metadata has passages, see `passages.with_passages`."""
    for document, record in jobs:
        if isinstance(document, str):
            document = with_passages(nlp, document, record.meta)
        yield document, record


def _short_enough(
    jobs: Iterable[tuple[str | Doc, Record]], counts: Counter[str], limit: int
) -> Iterator[tuple[str | Doc, Record]]:
    """Yield the texts within spaCy's length limit; report the others, which would end the run."""
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

"""The worker of all engines: loads the pipeline once, turns partitions into rows."""

import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.util import import_file, minibatch, raise_error

from spacy_gliner_biomed.distributed.exports import EXPORTS, Export
from spacy_gliner_biomed.distributed.records import Item, Partition, describe
from spacy_gliner_biomed.distributed.tables import Results, Row, document_row, entity_rows
from spacy_gliner_biomed.distributed.tally import COUNTS_KEY, add_tally
from spacy_gliner_biomed.documents.pipelines import LIMITED, configure, get_pipeline
from spacy_gliner_biomed.linking.component import GlinerBiomedLinker
from spacy_gliner_biomed.pipeline.component import GlinerBiomed


@dataclass(frozen=True)
class Plan:
    """How documents are annotated: all that decides what is found.

    pipeline (str | None): Folder or package; None for a blank one with the packaged model.
    options (dict): Settings of the component that are changed, such as `labels`.
    code (Path | None): A Python file to import first, for components of the user's own.
    batch_size (int): Documents that are worked on together.
    max_characters (int | None): A longer text is not annotated, but reported.
    export (str | None): One of `EXPORTS`, to make of the documents as well.
    """

    pipeline: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    code: Path | None = None
    batch_size: int = 64
    max_characters: int | None = None
    export: str | None = None


class Annotator:
    """Annotates partitions; holds no Doc between them.

    plan (Plan): How.
    device (str | None): Where, if not where the pipeline says.
    threads (int | None): Of torch; None leaves its own choice.
    RAISES (ValueError): If the pipeline or its settings do not work.
    """

    def __init__(
        self, plan: Plan, *, device: str | None = None, threads: int | None = None
    ) -> None:
        self.plan = plan
        if threads is not None:
            _set_threads(threads)
        if plan.code is not None:
            import_file("python_code", plan.code)
        self.nlp = get_pipeline(plan.pipeline, lang="en", checkpoint=None, revision=None)
        found = [pipe for _, pipe in self.nlp.pipeline if isinstance(pipe, GlinerBiomed)]
        self.gliner = found[0] if found else None
        if self.gliner is not None or plan.options:
            configure(self.nlp, {"device": device, **plan.options})
            add_tally(self.nlp, found[0])
        elif not LIMITED & set(self.nlp.pipe_factories.values()):
            self.nlp.max_length = sys.maxsize
        self.own_linker = any(isinstance(p, GlinerBiomedLinker) for _, p in self.nlp.pipeline)

    def __call__(self, partition: Partition) -> Results:
        """Annotate a partition.

        A document that fails in a batch is tried once more, alone; if it fails again, it is in
        `failures` with its reason.
        """
        results = Results()
        export = EXPORTS[self.plan.export]() if self.plan.export is not None else None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for batch in minibatch(partition.items, self.plan.batch_size):
                with self.nlp.memory_zone():
                    self._annotate(batch, results, export)
        results.warnings = list(dict.fromkeys(str(warning.message) for warning in caught))
        if export is not None:
            results.files = export.files()
        return results

    def _annotate(self, items: Sequence[Item], results: Results, export: Export | None) -> None:
        checked = [self._check(item) for item in items]
        good = {i: item for i, item in enumerate(checked) if item.problem is None}
        docs = self._run(good)
        for i, item in good.items():
            if i not in docs:
                docs[i] = self._run_alone(item)
        for i, item in enumerate(checked):
            found = docs.get(i)
            error = self._keep(item, found, results, export) if isinstance(found, Doc) else found
            if error is not None:
                results.fail(item.without_content("error", describe(error)))
            elif found is None:
                results.fail(item)

    def _run(self, items: dict[int, Item]) -> dict[int, Doc | Exception]:
        """The Docs of a batch, without those that something went wrong with."""
        docs: dict[int, Doc | Exception] = {}
        self.nlp.set_error_handler(_pass_over)  # type: ignore[arg-type]  # its stub never returns
        jobs = ((self._content(item), i) for i, item in items.items())
        # What is raised although there is an error handler ends the batch: the rest is missing.
        with suppress(Exception):
            for doc, i in self.nlp.pipe(jobs, as_tuples=True, batch_size=self.plan.batch_size):
                docs[i] = doc
        return docs

    def _run_alone(self, item: Item) -> Doc | Exception:
        self.nlp.set_error_handler(raise_error)
        try:
            [doc] = self.nlp.pipe([self._content(item)], batch_size=1)
        except Exception as error:
            return error
        return doc

    def _content(self, item: Item) -> str | Doc:
        if isinstance(item.content, str):
            return item.content
        return Doc(self.nlp.vocab).from_bytes(item.content)

    def _check(self, item: Item) -> Item:
        most = self.plan.max_characters
        if item.problem is not None or most is None or len(item.content) <= most:
            return item  # a Doc has more bytes than characters
        try:
            content = self._content(item)
            n = len(content if isinstance(content, str) else content.text)
        except Exception as error:
            return item.without_content("error", describe(error))
        reason = f"{n:,} characters are more than --max-characters {most:,}"
        return item.without_content("too_large", reason) if n > most else item

    def _keep(
        self, item: Item, doc: Doc, results: Results, export: Export | None
    ) -> Exception | None:
        """Add a document's rows; if something in it has no place in them, add none."""
        try:
            self._add(item, doc, results, export)
        except Exception as error:
            return error
        return None

    def _add(self, item: Item, doc: Doc, results: Results, export: Export | None) -> None:
        counts: Counter[str] = doc.user_data.pop(COUNTS_KEY, Counter())
        key = self.gliner.cfg["spans_key"] if self.gliner is not None else None
        user_data = dict(doc.user_data)
        rows: list[Row] = entity_rows(item, doc, key, own_linker=self.own_linker)
        doc.user_data = user_data  # to read `Span._` has written defaults into it
        row = document_row(item, doc, len(rows), counts)
        if export is not None:
            export.add(item, doc, rows)
        results.tables["entities"] += rows
        results.tables["documents"].append(row)


def _pass_over(name: str, proc: Any, docs: Iterable[Doc] | None, error: Exception) -> None:
    """The Docs are missing in the batch, and are tried alone."""


def _set_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)

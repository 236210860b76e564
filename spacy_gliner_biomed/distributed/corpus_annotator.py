"""The annotator that all engines use: load the pipeline once, turn partitions into tables."""

import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.util import import_file, raise_error

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.common.reporting import describe
from spacy_gliner_biomed.distributed.document_counts import COUNTS_KEY, add_document_counter
from spacy_gliner_biomed.distributed.exports import Export, make_export
from spacy_gliner_biomed.distributed.records import CorpusRecord, Partition
from spacy_gliner_biomed.distributed.result_tables import Results, document_row
from spacy_gliner_biomed.documents.formats import FORMATS
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.passages import with_passages
from spacy_gliner_biomed.documents.pipelines import LIMITED, configure, get_pipeline
from spacy_gliner_biomed.documents.writing.relations import (
    count_relations,
    entity_relations,
    relation_row,
)
from spacy_gliner_biomed.documents.writing.run_settings import WritingOptions, prepare_writing
from spacy_gliner_biomed.documents.writing.tables import entity_row
from spacy_gliner_biomed.linking.linker_options import LinkerOptions, add_linker
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.nn.mapped_weights import map_weights
from spacy_gliner_biomed.pipeline.components import find_components
from spacy_gliner_biomed.training.corpora import PASSAGES_KEY


@dataclass(frozen=True)
class AnnotatorConfig:
    """How documents are annotated: every setting that can change the results.

    pipeline (str | None): Folder or package; None for a blank pipeline with the packaged model.
    options (dict[str, Any]): Settings of the component to change, such as `labels`.
    code (Path | None): A Python file to import first, for custom components.
    batch_size (int): Documents per batch.
    max_characters (int | None): Longer texts are not annotated but recorded as failures.
    linking (LinkerOptions | None): Adds a linker to the pipeline; None for the pipeline as it is.
    export (str | None): A further format to write, one of `exports.EXPORTS`.
    attributes (Sequence[str]): Custom attributes to write, `ent._.NAME`.
    fhir (Mapping[str, Any]): Changes to the mapping to FHIR, see `fhir_mapping.FhirMapping`.
    """

    pipeline: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    code: Path | None = None
    batch_size: int = 64
    max_characters: int | None = None
    linking: LinkerOptions | None = None
    export: str | None = None
    attributes: Sequence[str] = ()
    fhir: Mapping[str, Any] = field(default_factory=dict)


class CorpusAnnotator:
    """Annotates partitions; keeps no Doc between them.

    config (AnnotatorConfig): How documents are annotated.
    device (str | None): The device; None uses the pipeline's own setting.
    threads (int | None): Number of torch threads; None keeps torch's default.
    weights (Path | None): A file for the weights, see `nn.mapped_weights`; None for memory.
    RAISES (ValueError): If the pipeline cannot be loaded or its settings are invalid.
    """

    def __init__(
        self,
        config: AnnotatorConfig,
        *,
        device: str | None = None,
        threads: int | None = None,
        weights: Path | None = None,
    ) -> None:
        self.config = config
        if threads is not None:
            _set_threads(threads)
        if config.code is not None:
            import_file("python_code", config.code)
        self.nlp = get_pipeline(config.pipeline, lang="en", checkpoint=None, revision=None)
        found = find_components(self.nlp)
        self.gliner = found[0] if found else None
        if self.gliner is not None or config.options:
            configure(self.nlp, {"device": device, **config.options})
            add_document_counter(self.nlp, found[0])
        elif not LIMITED & set(self.nlp.pipe_factories.values()):
            self.nlp.max_length = sys.maxsize
        if weights is not None and self.gliner is not None:
            map_weights(network_shim(self.gliner.model).checkpoint.network, weights)
        if config.linking is not None:
            add_linker(self.nlp, config.linking)
        writing = WritingOptions(config.attributes, config.fhir)
        reads_context = config.export is not None and FORMATS[config.export].reads_context
        self.read_entities, self.settings = prepare_writing(
            self.nlp, writing, reads_context=reads_context
        )

    def __call__(self, partition: Partition) -> Results:
        """Annotate a partition.

        A document that fails in a batch is retried alone. If it fails again, it goes to the
        table `failures` with the reason.

        partition (Partition): The records.
        RETURNS (Results): The tables, exported files and warnings.
        """
        results = Results(self.config.attributes)
        results.note_files(partition.records)
        name = self.config.export
        export = None if name is None else make_export(name, self.settings)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for batch in batches(partition.records, self.config.batch_size):
                with self.nlp.memory_zone():
                    self._annotate(batch, results, export)
            if export is not None:
                results.files = export.files()
        results.warnings = list(dict.fromkeys(str(warning.message) for warning in caught))
        return results

    def _annotate(
        self, records: Sequence[CorpusRecord], results: Results, export: Export | None
    ) -> None:
        checked = [self._check(record) for record in records]
        good = {i: record for i, record in enumerate(checked) if record.problem is None}
        docs = self._run(good)
        for i, record in good.items():
            if i not in docs:
                docs[i] = self._run_alone(record)
        for i, record in enumerate(checked):
            found = docs.get(i)
            error = (
                self._try_to_add(record, found, results, export)
                if isinstance(found, Doc)
                else found
            )
            if error is not None:
                results.fail(record.without_content("error", describe(error)))
            elif found is None:
                results.fail(record)

    def _run(self, records: dict[int, CorpusRecord]) -> dict[int, Doc | Exception]:
        """Annotate a batch; documents that fail are missing in the result."""
        docs: dict[int, Doc | Exception] = {}
        self.nlp.set_error_handler(_skip)  # type: ignore[arg-type]  # its stub never returns
        jobs = ((self._content(record), i) for i, record in records.items())
        # An error that bypasses the error handler ends the batch: its other documents are missing.
        with suppress(Exception):
            for doc, i in self.nlp.pipe(jobs, as_tuples=True, batch_size=self.config.batch_size):
                docs[i] = doc
        return docs

    def _run_alone(self, record: CorpusRecord) -> Doc | Exception:
        self.nlp.set_error_handler(raise_error)
        try:
            [doc] = self.nlp.pipe([self._content(record)], batch_size=1)
        except Exception as error:
            return error
        return doc

    def _content(self, record: CorpusRecord) -> str | Doc:
        if isinstance(record.content, str):
            if f'"{PASSAGES_KEY}"' not in record.meta:
                return record.content
            return with_passages(self.nlp, record.content, json.loads(record.meta))
        return Doc(self.nlp.vocab).from_bytes(record.content)

    def _check(self, record: CorpusRecord) -> CorpusRecord:
        limit = self.config.max_characters
        if record.problem is not None or limit is None or len(record.content) <= limit:
            return record  # a Doc has more bytes than characters
        try:
            content = self._content(record)
            n = len(content if isinstance(content, str) else content.text)
        except Exception as error:
            return record.without_content("error", describe(error))
        reason = f"{n:,} characters are more than --max-characters {limit:,}"
        return record.without_content("too_large", reason) if n > limit else record

    def _try_to_add(
        self, record: CorpusRecord, doc: Doc, results: Results, export: Export | None
    ) -> Exception | None:
        """Add a document's rows; if one of its values cannot be stored, add none."""
        try:
            self._add(record, doc, results, export)
        except Exception as error:
            return error
        return None

    def _add(self, record: CorpusRecord, doc: Doc, results: Results, export: Export | None) -> None:
        counts: Counter[str] = doc.user_data.pop(COUNTS_KEY, Counter())
        found = self.read_entities(doc)
        kinds = self.settings.attributes
        rows = [entity_row(record.id, entity, kinds) for entity in found]
        related = [relation_row(record.id, each, found) for each in entity_relations(doc, found)]
        row = document_row(record, doc, len(rows), counts, count_relations(doc, found))
        if export is not None:
            meta = json.loads(record.meta) if record.meta else {}
            export.add(doc, Record(record.id, meta), found)
        results.tables["entities"] += rows
        results.tables["relations"] += related
        results.tables["documents"].append(row)


def _skip(name: str, proc: Any, docs: Iterable[Doc] | None, error: Exception) -> None:
    """Leave failed Docs out of the batch; they are retried alone."""


def _set_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)

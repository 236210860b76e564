"""Runs the pipeline for the service: settings of a call, batches, results as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.documents.pipelines import complete_options, find_component
from spacy_gliner_biomed.documents.writing.attributes import attribute_kinds
from spacy_gliner_biomed.documents.writing.entities import EntityReader
from spacy_gliner_biomed.documents.writing.relations import entity_relations
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.catalogue import Catalogue
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.pipeline.decoding import Overlap
from spacy_gliner_biomed.pipeline.label_groups import with_shared_prompts
from spacy_gliner_biomed.pipeline.label_reports import hidden_labels
from spacy_gliner_biomed.pipeline.labels import parse_labels
from spacy_gliner_biomed.pipeline.relation_settings import RelationSpec
from spacy_gliner_biomed.service.entities import Shape, entities_json
from spacy_gliner_biomed.tokenization.alignment import Alignment
from spacy_gliner_biomed.types import LabelSpec

Found = dict[str, Any]  # the entities of a document, and its relations if they are asked for
READERS = 16  # sets of requested attributes whose readers are cached


@dataclass(frozen=True)
class CallSettings:
    """The settings of a call; documents with the same ones share batches."""

    labels: tuple[LabelSpec, ...]
    relations: tuple[RelationSpec, ...]
    threshold: float | None
    overlap: Overlap
    multi_label: bool
    alignment: Alignment


@dataclass
class Document:
    """A text, and what is wanted of its entities.

    error (Exception | None): Why a component failed on it.
    """

    text: str
    shape: Shape
    error: Exception | None = None


class Annotator:
    """Annotates batches of documents. One thread at a time may call `annotate`.

    The settings of a call reach the component through `component_cfg`, so that the component that
    all calls share stays as it is.

    nlp (Language): A configured pipeline with exactly one `gliner_biomed` component. Its error
        handler is replaced.
    RAISES (ValueError): If it has no or several components.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp
        self.component = find_component(nlp)
        # Cached, because each reader caches the names of concepts.
        self._reader = lru_cache(READERS)(lambda attributes: EntityReader(nlp, attributes))
        nlp.set_error_handler(_keep_error)  # type: ignore[arg-type]  # its stub never returns

    @property
    def catalogue(self) -> Catalogue:
        """The labels that the checkpoint was trained on."""
        return network_shim(self.component.model).checkpoint.catalogue

    @property
    def finds_relations(self) -> bool:
        """Whether the checkpoint finds relations between entities."""
        return bool(network_shim(self.component.model).checkpoint.config.relations_layer)

    @property
    def threshold(self) -> float:
        """The threshold of a request that names none."""
        return self.component.default_threshold

    def call_settings(self, options: Mapping[str, Any]) -> CallSettings:
        """Check the settings of a call.

        options (Mapping[str, Any]): As for `GlinerBiomed.__call__`; None keeps the component's.
        RETURNS (CallSettings): All settings that a call can change.
        RAISES (ValueError): If a value is not allowed, or relations cannot be found.
        """
        given = complete_options(options, self.component.cfg)
        if "labels" in given:  # a repeated label is no reason to warn the server
            given["labels"] = [asdict(spec) for spec in parse_labels(given["labels"])]
        checked = self.component.settings(**given)
        if given.get("relations"):
            self._check_relations(checked.labels, checked.relations)
        return CallSettings(
            labels=tuple(checked.labels),
            relations=tuple(checked.relations),
            threshold=checked.threshold,
            overlap=checked.overlap,
            multi_label=checked.multi_label,
            alignment=checked.alignment,
        )

    def _check_relations(
        self, labels: Sequence[LabelSpec], relations: Sequence[RelationSpec]
    ) -> None:
        """RAISES (ValueError): For relations that cannot be found with this model or labels."""
        if not self.finds_relations:
            found = list_names(repr(spec.label) for spec in relations)
            raise ValueError(Errors.E361.format(found=found))
        known = {spec.label for spec in labels}
        for spec in relations:
            for end, allowed in (("head", spec.heads), ("tail", spec.tails)):
                if allowed and known.isdisjoint(allowed):
                    found = list_names(map(repr, allowed))
                    message = Errors.E362.format(relation=spec.label, end=end, found=found)
                    raise ValueError(message)

    def unfamiliar(self, settings: CallSettings) -> list[str]:
        """Return the labels that the checkpoint was not trained on, if it lists its own."""
        known = self.catalogue
        if not known.labels:
            return []
        specs = (spec for spec in settings.labels if known.familiar(spec.prompt) is None)
        return list(dict.fromkeys(spec.label for spec in specs))

    def hidden(self, settings: CallSettings) -> list[str]:
        """Return the labels that find nothing, because of an earlier one with the same prompt."""
        checkpoint = network_shim(self.component.model).checkpoint
        asked = self.component.settings(**_options(settings))
        return [spec.label for spec in hidden_labels(with_shared_prompts(asked, checkpoint))]

    def annotate(
        self, settings: CallSettings, documents: Sequence[Document]
    ) -> list[Found | Exception]:
        """Annotate documents. Each has its own result, whatever becomes of the others.

        settings (CallSettings): The settings of all documents.
        documents (Sequence[Document]): At least one.
        RETURNS (list[Found | Exception]): What is found in each, or its error.
        """
        with self.nlp.memory_zone():  # the strings of the texts are freed
            try:
                return self._annotate(settings, documents)
            except Exception as error:
                if len(documents) == 1:
                    return [error]
        # A document failed the whole batch: run each alone to find it.
        return [self.annotate(settings, [document])[0] for document in documents]

    def _annotate(
        self, settings: CallSettings, documents: Sequence[Document]
    ) -> list[Found | Exception]:
        results: dict[int, Found | Exception] = {}
        for i, doc, document in self._docs(settings, documents):
            try:
                results[i] = self._found(doc, settings, document.shape)
            except Exception as error:
                results[i] = error
        missing = RuntimeError("a component returned no Doc")
        return [results.get(i, document.error or missing) for i, document in enumerate(documents)]

    def _docs(
        self, settings: CallSettings, documents: Sequence[Document]
    ) -> Iterator[tuple[int, Doc, Document]]:
        for document in documents:
            document.error = None
        jobs = [(d.text, (i, d)) for i, d in enumerate(documents)]
        config = {self.component.name: _options(settings)}
        stream = self.nlp.pipe(jobs, as_tuples=True, batch_size=len(jobs), component_cfg=config)
        for doc, (i, document) in stream:
            yield i, doc, document

    def _found(self, doc: Doc, settings: CallSettings, shape: Shape) -> Found:
        reader = self._reader(shape.attributes)
        kinds = attribute_kinds(shape.attributes)
        writing, entities = WriterSettings(attributes=kinds, linked=reader.linked), reader(doc)
        found: Found = {"entities": entities_json(doc.text, entities, writing, shape)}
        if settings.relations:
            found["relations"] = [each.to_json() for each in entity_relations(doc, entities)]
        return found


def _options(settings: CallSettings) -> dict[str, Any]:
    """Return the options of a call, as `GlinerBiomed.settings` takes them."""
    labels = [asdict(spec) for spec in settings.labels]
    relations = [
        {
            "relation": spec.label,
            "prompt": spec.prompt,
            "threshold": spec.threshold,
            "head": spec.heads,
            "tail": spec.tails,
        }
        for spec in settings.relations
    ]
    return {**vars(settings), "labels": labels, "relations": relations}


def _keep_error(name: str, proc: Any, docs: Sequence[Doc] | None, error: Exception) -> None:
    """Keep the error of a component beside the document, as an error handler of spaCy's."""
    for doc in docs or []:
        if doc._context is not None:
            doc._context[1].error = error

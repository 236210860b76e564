"""The pipeline component: links entities to concepts of knowledge bases."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.linking import entities, loading
from spacy_gliner_biomed.linking.base import LinkerPipe
from spacy_gliner_biomed.linking.label_types import ANY_LABEL
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention, Ranked
from spacy_gliner_biomed.linking.linker_settings import LinkerSettings
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.linking.pipeline_checks import later_writers, missed_rules
from spacy_gliner_biomed.linking.unknown_ids import report_unknown_ids
from spacy_gliner_biomed.nn.allocator import tune_malloc_for_inference


class GlinerBiomedLinker(LinkerPipe):
    """Links entities to concepts: `kb_id_`, and candidates with scores in `Span._.kb_ents`.

    Arguments as `base.LinkerPipe`. You can change settings at any time, as attributes or in `cfg`,
    which also holds `labels` and `memory`. Several threads may share one component.
    """

    @property
    def linker(self) -> ConceptLinker:
        """The concept linker. RAISES (ValueError): If there is no knowledge base."""
        return self._linker_of(self.settings)

    def __call__(self, doc: Doc) -> Doc:
        """Link the entities of one Doc.

        doc (Doc): Changed in place.
        RETURNS (Doc): The same Doc.
        """
        for _ in self._link_all([doc]):
            pass
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Link the entities of a stream of Docs, in order.

        stream (Iterable[Doc]): The Docs; each is changed in place.
        batch_size (int): Docs whose names are looked up together. Names are cached across batches.
        YIELDS (Doc): The Docs. A Doc that fails goes to the error handler by itself.
        """
        for docs in batches(stream, batch_size):
            yield from self._link_all(docs)

    def predict(self, docs: Iterable[Doc]) -> list[list[Ranked]]:
        """Find concepts without changing a Doc.

        docs (Iterable[Doc]): The Docs.
        RETURNS (list[list[Ranked]]): For each Doc and entity, the candidates that reach the
            minimum score, best first.
        """
        settings = self.settings
        mentions = [self._read(doc, settings) for doc in docs]
        if not any(mentions):
            return [[] for _ in mentions]
        self._report_labels({mention.label for each in mentions for mention in each}, settings)
        linker = self._linker_of(settings)
        linker.prepare(chain.from_iterable(mentions))
        return [linker.rank_all(each, settings.k, settings.min_score) for each in mentions]

    def set_annotations(self, docs: Iterable[Doc], found: Sequence[Sequence[Ranked]]) -> None:
        """Write the results of `predict` on the Docs, see `entities.LinkWriter`."""
        settings = self.settings
        writer = entities.LinkWriter(settings.threshold, settings.links_label, self._has_id)
        for doc, candidates in zip(docs, found, strict=True):
            writer.write(doc, candidates, settings.spans_key)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        kb: loading.Loader | None = None,
        mentions: Callable[[Language], Iterable[Example]] | None = None,
    ) -> None:
        """Load the knowledge bases and remember gold mentions; count ids that none of them has.

        get_examples (Callable): The training data, whose gold mentions are remembered unless
            `mentions` is given.
        nlp (Language | None): The pipeline.
        kb (loading.Loader | None): Loads the knowledge bases; None for the component's own `kb`.
        mentions (Callable | None): A corpus reader, whose gold mentions are remembered instead.
            Needs `nlp`.
        RAISES (ValueError): If there is no knowledge base, one cannot be read, or `mentions` are
            given without `nlp`.
        """
        if mentions is not None and nlp is None:
            raise ValueError(Errors.E406.format(name=self.name))
        loader = kb or self.load_kb
        self.kbs = loader() if loader else []
        self.memory, self._made = MentionMemory(), None
        if not self.kbs:
            raise ValueError(Errors.E088.format(name=self.name))
        if self.settings.memory:
            examples = mentions(nlp) if mentions and nlp else get_examples()
            docs = (example.reference for example in examples)
            unknown = (entities.remember(self.memory, x, self.settings, self.kbs) for x in docs)
            report_unknown_ids(self.name, Counter(chain.from_iterable(unknown)), self.kbs)
        self.linker  # noqa: B018  checks the rules of the labels

    def _link_all(self, docs: list[Doc]) -> Iterator[Doc]:
        """Link Docs together, or one by one if that fails; yield those that succeed."""
        try:
            self.set_annotations(docs, self.predict(docs))
        except Exception as error:
            if len(docs) > 1:
                yield from chain.from_iterable(self._link_all([doc]) for doc in docs)
                return
            self.get_error_handler()(self.name, self, docs, loading.without_key_error(error))
        else:
            yield from docs

    def _has_id(self, concept_id: str) -> bool:
        return any(concept_id in kb for kb in self.kbs)

    def _linker_of(self, settings: LinkerSettings) -> ConceptLinker:
        """Return the linker for these settings; it is rebuilt if they have changed."""
        made_of = settings.ranking
        made = self._made
        if made is None or made[0] != made_of:
            with loading.lock_of_loading():
                made = self._made
                if made is None or made[0] != made_of:
                    made = self._made = (made_of, self._make_linker(settings))
        return made[1]

    def _make_linker(self, settings: LinkerSettings) -> ConceptLinker:
        if not self.loaded_kbs():
            raise ValueError(Errors.E088.format(name=self.name))
        tune_malloc_for_inference()  # a search allocates one number for each of millions of names
        weight, encoder = settings.vector_weight, self.encoder
        vectors = None if encoder is None else encoder.vectors(self.kbs, weight)
        return ConceptLinker(
            self.kbs,
            settings.labels,
            self.memory,
            settings.memory_weight,
            vectors,
            only_best=settings.only_best,
        )

    def _read(self, doc: Doc, settings: LinkerSettings) -> list[Mention]:
        """Read the mentions to link; one for each entity."""
        key = settings.spans_key
        if not entities.has_group(doc, key):
            self._report_missing(doc, key)
            return []
        spans = entities.spans_of(doc, key)
        if spans:
            return entities.read_mentions(doc, spans, abbreviations=settings.abbreviations)
        if key is None and not doc.has_annotation("ENT_IOB"):  # no component has written any
            self._report_missing(doc, key)
        return []

    def _report_missing(self, doc: Doc, spans_key: str | None) -> None:
        """Warn once about Docs that are linked too early, or lack the span group."""
        nlp = self.pipeline_config.nlp
        if nlp is not None and (later := later_writers(nlp, self, spans_key)):
            found = ", ".join(map(repr, later))
            self.reports.warn_once("place", Warnings.W407.format(name=self.name, found=found))
        elif spans_key is not None:
            found = ", ".join(map(repr, doc.spans)) or "none"
            message = Warnings.W020.format(name=self.name, key=spans_key, found=found)
            self.reports.warn_once("group", message)

    def _report_labels(self, labels: Collection[str], settings: LinkerSettings) -> None:
        """Warn once about each label whose rule probably names another label."""
        rules = [rule.label for rule in settings.labels]
        ruled = {*rules}
        without = sorted(label for label in labels if ruled and label not in ruled)
        new = [label for label in without if self.reports.is_first(f"{label!r} of {rules}")]
        if not new:
            return
        instead = "it is linked by the rule for '*'" if ANY_LABEL in ruled else "it is not linked"
        for label, rule in missed_rules(new, rules, labels, self.pipeline_config.nlp):
            values = {"name": self.name, "rule": rule, "found": label, "instead": instead}
            warn(Warnings.W406.format(**values))

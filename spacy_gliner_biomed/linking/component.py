"""The pipeline component: links entities to concepts of knowledge bases."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import srsly
from spacy import util
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.common.saving import (
    PipelineConfig,
    dump_settings,
    read_parts,
    restore_settings,
)
from spacy_gliner_biomed.common.settings_dict import Configurable, Setting
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.linking import entities, loading
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention, Ranked
from spacy_gliner_biomed.linking.linker_settings import LinkerSettings
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.linking.name_vectors import NameEncoder
from spacy_gliner_biomed.models.gliner import GlinerModel
from spacy_gliner_biomed.nn.allocator import tune_malloc_for_inference


class GlinerBiomedLinker(Configurable, Pipe):
    """Links entities to concepts: `kb_id_`, and candidates with scores in `Span._.kb_ents`.

    vocab (Vocab): The pipeline's vocab.
    name (str): The component's name in the pipeline.
    cfg (Mapping[str, Any]): The settings, see `linking.factory.make_gliner_biomed_linker`.
    kb (Loader | None): Loads the knowledge bases when they are first needed.
    scorer (Callable | None): Scores predicted Docs against gold Docs.
    encoder (GlinerModel | None): Encodes names, to find candidates by vectors.
    pipeline_config (PipelineConfig | None): Tells which settings of a saved config were edited.
    RAISES (ValueError): If a setting is not allowed.

    You can change settings at any time, as attributes or in `cfg`, which also holds `labels` and
    `memory`. Several threads may share one component.
    """

    spans_key = Setting()
    threshold = Setting()
    candidate_threshold = Setting()
    k = Setting()
    abbreviations = Setting()
    memory_weight = Setting()
    vector_weight = Setting()

    def __init__(
        self,
        vocab: Vocab,
        name: str = "gliner_biomed_linker",
        *,
        cfg: Mapping[str, Any],
        kb: loading.Loader | None,
        scorer: Callable[..., dict[str, Any]] | None,
        encoder: GlinerModel | None = None,
        pipeline_config: PipelineConfig | None = None,
    ) -> None:
        self.vocab = vocab
        self.name = name
        self.configured = dict(cfg)
        self.pipeline_config = pipeline_config or PipelineConfig()
        self.load_kb = kb
        self.scorer = scorer
        self.encoder = None if encoder is None else NameEncoder(encoder)
        self.kbs: list[KnowledgeBase] = []
        self.memory = MentionMemory()
        self.warned = False
        # The settings of the current linker, and the linker.
        self._made: tuple[Any, ConceptLinker] | None = None
        self.cfg = cfg  # type: ignore[assignment]
        if not Span.has_extension("kb_ents"):
            Span.set_extension("kb_ents", default=[])  # as scispaCy's linker has it

    @staticmethod
    def check_cfg(values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check all settings.

        RAISES (ValueError): If a value is not allowed.
        """
        LinkerSettings.from_cfg(values)
        return values

    @property
    def settings(self) -> LinkerSettings:
        """The current settings, checked.

        RAISES (ValueError): If a value is not allowed.
        """
        return LinkerSettings.from_cfg(self.cfg)

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
        for docs in util.minibatch(stream, batch_size):
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
        linker = self._linker_of(settings)
        linker.prepare(chain.from_iterable(mentions))
        return [linker.rank_all(each, settings.k, settings.min_score) for each in mentions]

    def set_annotations(self, docs: Iterable[Doc], found: Sequence[Sequence[Ranked]]) -> None:
        """Write the results of `predict` on the Docs."""
        settings = self.settings
        for doc, candidates in zip(docs, found, strict=True):
            entities.annotate(doc, candidates, settings.spans_key, threshold=settings.threshold)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        kb: loading.Loader | None = None,
        mentions: Callable[[Language], Iterable[Example]] | None = None,
    ) -> None:
        """Load the knowledge bases and remember gold mentions.

        get_examples (Callable): The training data, whose gold mentions are remembered.
        nlp (Language | None): The pipeline.
        kb (loading.Loader | None): Loads the knowledge bases; None for the component's own `kb`.
        mentions (Callable | None): A corpus reader, to remember mentions of other data.
        RAISES (ValueError): If there is no knowledge base, or one cannot be read.
        """
        loader = kb or self.load_kb
        self.kbs = loader() if loader else []
        self.memory, self._made = MentionMemory(), None
        if not self.kbs:
            raise ValueError(Errors.E088.format(name=self.name))
        if self.settings.memory:
            examples = mentions(nlp) if mentions and nlp else get_examples()
            for example in examples:
                entities.remember(self.memory, example.reference, self.settings, self.kbs)
        self.linker  # noqa: B018  checks the rules of the labels

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize the component, with knowledge bases and memory."""
        self._load()
        serialize = {
            "cfg": lambda: dump_settings(self.configured, self.cfg),
            "kb": lambda: srsly.msgpack_dumps([kb.to_bytes() for kb in self.kbs]),
            "memory": self.memory.to_bytes,
        }
        if self.encoder is not None:
            serialize["encoder"] = self.encoder.to_bytes
        content: bytes = util.to_bytes(serialize, exclude)
        return content

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "GlinerBiomedLinker":
        """Load the bytes of `to_bytes`.

        RAISES (ValueError): If it is damaged.
        """
        deserialize: dict[str, Callable[[bytes], Any]] = {
            "cfg": lambda b: self._restore(b, exclude),
            "kb": lambda b: self._set_kbs(map(KnowledgeBase.from_bytes, srsly.msgpack_loads(b))),
            "memory": lambda b: self._set_memory(MentionMemory.from_bytes(b)),
        }
        if (encoder := self.encoder) is not None:
            deserialize["encoder"] = lambda b: encoder.from_bytes(b, self.kbs)
        read_parts(bytes_data, deserialize, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the component; `KnowledgeBase.from_disk` can open each knowledge base's file."""
        self._load()
        serialize = {
            "cfg": lambda p: p.write_bytes(dump_settings(self.configured, self.cfg)),
            "kb": lambda p: loading.save_all(self.kbs, p),
            "memory": lambda p: p.write_bytes(self.memory.to_bytes()),
        }
        if self.encoder is not None:
            serialize["encoder"] = self.encoder.to_disk
        util.to_disk(path, serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "GlinerBiomedLinker":
        """Load what `to_disk` saved; knowledge bases are mapped into memory, not read."""
        deserialize: dict[str, Callable[[Path], Any]] = {
            "cfg": lambda p: self._restore(p.read_bytes(), exclude),
            "kb": lambda p: self._set_kbs(
                KnowledgeBase.from_disk(file) for file in sorted(p.glob("*" + loading.KB_ENDING))
            ),
            "memory": lambda p: self._set_memory(MentionMemory.from_bytes(p.read_bytes())),
        }
        if (encoder := self.encoder) is not None:
            deserialize["encoder"] = lambda p: encoder.from_disk(p, self.kbs)
        util.from_disk(path, deserialize, exclude)
        return self

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

    def _linker_of(self, settings: LinkerSettings) -> ConceptLinker:
        """Return the linker for these settings; it is rebuilt if they have changed."""
        made_of = (list(settings.labels), settings.memory_weight, settings.vector_weight)
        made = self._made
        if made is None or made[0] != made_of:
            with loading.lock_of_loading():
                made = self._made
                if made is None or made[0] != made_of:
                    made = self._made = (made_of, self._make_linker(settings))
        return made[1]

    def _make_linker(self, settings: LinkerSettings) -> ConceptLinker:
        if not self.kbs and self.load_kb is not None:
            self.kbs = self.load_kb()
        if not self.kbs:
            raise ValueError(Errors.E088.format(name=self.name))
        tune_malloc_for_inference()  # a search allocates one number for each of millions of names
        weight, encoder = settings.vector_weight, self.encoder
        vectors = None if encoder is None else encoder.vectors(self.kbs, weight)
        return ConceptLinker(
            self.kbs, settings.labels, self.memory, settings.memory_weight, vectors
        )

    def _read(self, doc: Doc, settings: LinkerSettings) -> list[Mention]:
        """Read the mentions to link; one for each entity."""
        if not entities.has_group(doc, settings.spans_key):
            self._warn(doc)
            return []
        spans = entities.spans_of(doc, settings.spans_key)
        return (
            entities.read_mentions(doc, spans, abbreviations=settings.abbreviations)
            if spans
            else []
        )

    def _warn(self, doc: Doc) -> None:
        if not self.warned:
            self.warned = True
            found = ", ".join(map(repr, doc.spans)) or "none"
            warn(Warnings.W020.format(name=self.name, key=self.spans_key, found=found))

    def _load(self) -> None:
        """Load what is to be saved; without a knowledge base there is nothing to load."""
        if not self.kbs and self.load_kb is not None:
            self.kbs = self.load_kb()
        if self.encoder is not None:
            self.encoder.build(self.kbs)

    def _set_kbs(self, kbs: Iterable[KnowledgeBase]) -> None:
        self.kbs, self._made = list(kbs), None

    def _set_memory(self, memory: MentionMemory) -> None:
        self.memory, self._made = memory, None

    def _restore(self, saved: bytes, exclude: Iterable[str]) -> None:
        loaded = self.pipeline_config.just_loaded(self.name, exclude)
        restore_settings(saved, self.configured, self.cfg, loaded)

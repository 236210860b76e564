"""The linker's parts: settings, knowledge bases and memory, and how they are saved."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import srsly
from spacy import util
from spacy.pipeline import Pipe
from spacy.tokens import Span
from spacy.vocab import Vocab

from spacy_gliner_biomed.common.saving import (
    PipelineConfig,
    SavedSettings,
    read_parts,
)
from spacy_gliner_biomed.common.settings_dict import Setting
from spacy_gliner_biomed.linking import loading
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.view import KnowledgeBaseView
from spacy_gliner_biomed.linking.linker import ConceptLinker
from spacy_gliner_biomed.linking.linker_settings import LinkerSettings
from spacy_gliner_biomed.linking.memory import MentionMemory
from spacy_gliner_biomed.linking.name_vectors import NameEncoder
from spacy_gliner_biomed.models.gliner import GlinerModel
from spacy_gliner_biomed.pipeline.reports import Reports
from spacy_gliner_biomed.training.entity_values import CANDIDATES

Self = TypeVar("Self", bound="LinkerPipe")


class LinkerPipe(SavedSettings, Pipe):
    """The parts of the component; what it does with them is in `component.GlinerBiomedLinker`.

    vocab (Vocab): The pipeline's vocab.
    name (str): The component's name in the pipeline.
    cfg (Mapping[str, Any]): The settings, see `linking.factory.make_gliner_biomed_linker`.
    kb (Loader | None): Loads the knowledge bases when they are first needed.
    scorer (Callable | None): Scores predicted Docs against gold Docs.
    encoder (GlinerModel | None): Encodes names, to find candidates by vectors.
    pipeline_config (PipelineConfig | None): Tells which settings of a saved config were edited.
    RAISES (ValueError): If a setting is not allowed.
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
        self.reports = Reports()
        # The settings of the current linker, and the linker.
        self._made: tuple[Any, ConceptLinker] | None = None
        self.cfg = cfg  # type: ignore[assignment]
        if not Span.has_extension(CANDIDATES):
            Span.set_extension(CANDIDATES, default=[])  # as scispaCy's linker has it

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
    def kb(self) -> KnowledgeBaseView:
        """The knowledge bases with the interface of scispaCy's: `linker.kb.cui_to_entity[id]`,
        `alias_to_cuis` and, for UMLS, `semantic_type_tree`.
        """
        return KnowledgeBaseView(self.loaded_kbs())

    def loaded_kbs(self) -> list[KnowledgeBase]:
        """Return the knowledge bases; load them on the first call."""
        if not self.kbs and self.load_kb is not None:
            self.kbs = self.load_kb()
        return self.kbs

    def set_kbs(self, kbs: Iterable[KnowledgeBase]) -> None:
        """Link to these knowledge bases from now on."""
        self.kbs, self._made = list(kbs), None

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize the component, with knowledge bases and memory."""
        self._load()
        serialize = {
            "cfg": self._dump,
            "kb": lambda: srsly.msgpack_dumps([kb.to_bytes() for kb in self.kbs]),
            "memory": self.memory.to_bytes,
        }
        if self.encoder is not None:
            serialize["encoder"] = self.encoder.to_bytes
        content: bytes = util.to_bytes(serialize, exclude)
        return content

    def from_bytes(self: Self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Load the bytes of `to_bytes`.

        RAISES (ValueError): If it is damaged; the component is as it was then.
        """
        with self._reading() as found:
            readers: dict[str, Callable[[bytes], Any]] = {
                "cfg": lambda b: self._restore(b, exclude),
                "kb": lambda b: found.update(kbs=_kbs_of_bytes(b)),
                "memory": lambda b: found.update(memory=MentionMemory.from_bytes(b)),
            }
            if (encoder := self.encoder) is not None:
                readers["encoder"] = lambda b: encoder.from_bytes(b, found["kbs"])
            read_parts(bytes_data, readers, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the component; `KnowledgeBase.from_disk` can open each knowledge base's file."""
        self._load()
        serialize = {
            "cfg": lambda p: p.write_bytes(self._dump(p.parent)),
            "kb": lambda p: loading.save_all(self.kbs, p),
            "memory": lambda p: p.write_bytes(self.memory.to_bytes()),
        }
        if self.encoder is not None:
            serialize["encoder"] = self.encoder.to_disk
        util.to_disk(path, serialize, exclude)

    def from_disk(self: Self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Load what `to_disk` saved; knowledge bases are mapped into memory, not read.

        RAISES (ValueError): If it is damaged; the component is as it was then.
        """
        with self._reading() as found:
            readers: dict[str, Callable[[Path], Any]] = {
                "cfg": lambda p: self._restore(p.read_bytes(), exclude),
                "kb": lambda p: found.update(kbs=loading.open_all(p)),
                "memory": lambda p: found.update(memory=MentionMemory.from_bytes(p.read_bytes())),
            }
            if (encoder := self.encoder) is not None:
                readers["encoder"] = lambda p: encoder.from_disk(p, found["kbs"])
            util.from_disk(path, readers, exclude)
        return self

    @contextmanager
    def _reading(self) -> Iterator[dict[str, Any]]:
        """Take over the parts that are read, or keep everything as it was if one cannot be read."""
        found: dict[str, Any] = {"kbs": self.kbs, "memory": self.memory}
        before = dict(self.cfg)
        try:
            yield found
        except BaseException:
            self.cfg.update(before)
            raise
        self.memory = found["memory"]
        self.set_kbs(found["kbs"])

    def _load(self) -> None:
        """Load what is to be saved; without a knowledge base there is nothing to load."""
        self.loaded_kbs()
        if self.encoder is not None:
            self.encoder.build(self.kbs)


def _kbs_of_bytes(content: bytes) -> list[KnowledgeBase]:
    return [KnowledgeBase.from_bytes(each) for each in srsly.msgpack_loads(content)]

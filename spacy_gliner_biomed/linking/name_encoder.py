"""An encoder of names with the vectors of terminologies, as the component holds and saves them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import srsly
from tqdm import tqdm

from spacy_gliner_biomed.linking.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.vectors import FormVectors, NameVectors
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.types import FloatArray

ENDING = ".vectors"


class NameEncoder:
    """Encodes names; keeps what it made of terminologies.

    model (GlinerModel): Its label or text encoder is used, see `NetworkShim.embed_names`.
    """

    def __init__(self, model: GlinerModel) -> None:
        self.model = model
        self.forms: list[FormVectors] = []

    def __call__(self, names: Sequence[str]) -> FloatArray:
        """Vectors of unit length. # (N, H)"""
        return network_shim(self.model).embed_names(names)

    def build(self, kbs: Sequence[KnowledgeBase]) -> None:
        """Encode the names of terminologies, unless that was done; shows how far it is."""
        if [each.kb for each in self.forms] != list(kbs):
            show = partial(tqdm, desc="Encoding names", unit=" batches", disable=None, leave=False)
            self.forms = [FormVectors.build(kb, self, show) for kb in kbs]

    def vectors(self, kbs: Sequence[KnowledgeBase], weight: float) -> NameVectors:
        """What ranks by the vectors of these terminologies."""
        self.build(kbs)
        return NameVectors(self, {each.kb.name: each for each in self.forms}, weight)

    def to_disk(self, path: Path) -> None:
        """Save the encoder, and a file for each terminology."""
        network_shim(self.model).to_disk(path / "model")
        for i, each in enumerate(self.forms):
            each.to_disk(path / f"{i:02}{ENDING}")
        for old in sorted(path.glob("*" + ENDING))[len(self.forms) :]:
            old.unlink()

    def from_disk(self, path: Path, kbs: Sequence[KnowledgeBase]) -> None:
        """Load what `to_disk` saved with these terminologies.

        RAISES (ValueError): If it belongs to others.
        """
        network_shim(self.model).from_disk(path / "model")
        files = [path / f"{i:02}{ENDING}" for i in range(len(kbs))]
        self.forms = [FormVectors.from_disk(*pair) for pair in zip(kbs, files, strict=True)]

    def to_bytes(self) -> bytes:
        """All that `to_disk` saves."""
        forms = [each.to_bytes() for each in self.forms]
        content: bytes = srsly.msgpack_dumps([network_shim(self.model).to_bytes(), forms])
        return content

    def from_bytes(self, content: bytes, kbs: Sequence[KnowledgeBase]) -> None:
        """Load what `to_bytes` gave."""
        model, forms = srsly.msgpack_loads(content)
        network_shim(self.model).from_bytes(model)
        self.forms = [FormVectors.from_bytes(*pair) for pair in zip(kbs, forms, strict=True)]

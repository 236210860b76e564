"""Loads, builds and saves knowledge bases; the registered loader for configs."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any

from spacy_gliner_biomed.common.files import UTF8
from spacy_gliner_biomed.common.hashing import add_file
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.sources.formats import guess_format, read_concepts

Loader = Callable[[], list[KnowledgeBase]]

KB_ENDING = ".kb"
_lock = RLock()


def lock_of_loading() -> AbstractContextManager[Any]:
    """Return the lock that lets one thread at a time load knowledge bases."""
    return _lock


def _renew_lock() -> None:
    """Replace the lock in a forked process, where its owner may not exist."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def make_knowledge_base(paths: list[Path]) -> Loader:
    """Make a loader of knowledge bases, registered as `spacy-gliner-biomed.KnowledgeBase.v1`.

    Nothing is read until the loader is called, because a saved pipeline has its own copy.

    paths (list[Path]): Files written by `spacy gliner kb build`, or terminologies in a format
        that it reads; these are built at each call.
    RETURNS (Loader): The loader.
    """
    return partial(load_all, paths)


def load_all(paths: Sequence[Path]) -> list[KnowledgeBase]:
    """Open or build knowledge bases.

    paths (Sequence[Path]): See `make_knowledge_base`.
    RETURNS (list[KnowledgeBase]): One for each path.
    RAISES (ValueError): If one cannot be read.
    """
    return [load_knowledge_base(Path(path)) for path in paths]


def save_all(kbs: Sequence[KnowledgeBase], folder: Path) -> None:
    """Save each knowledge base to a file in a folder; remove other .kb files from it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{i:02}{KB_ENDING}" for i in range(len(kbs))]
    for name, kb in zip(names, kbs, strict=True):
        kb.to_disk(folder / name)
    for old in {*folder.glob("*" + KB_ENDING)} - {folder / name for name in names}:
        old.unlink()


def open_all(folder: Path) -> list[KnowledgeBase]:
    """Open the knowledge bases that `save_all` saved to a folder."""
    return [KnowledgeBase.from_disk(file) for file in sorted(folder.glob("*" + KB_ENDING))]


def without_key_error(error: Exception) -> Exception:
    """Convert a KeyError, which spaCy would report as "not initialized" (E109)."""
    if not isinstance(error, KeyError):
        return error
    return RuntimeError(f"KeyError: {error}").with_traceback(error.__traceback__)


def load_knowledge_base(path: Path) -> KnowledgeBase:
    """Open a knowledge base, or build one from a terminology."""
    if guess_format(path) is None:
        return KnowledgeBase.from_disk(path)
    return build_knowledge_base([path], name=path.name.split(".")[0])


def build_knowledge_base(
    paths: Sequence[Path],
    *,
    name: str,
    version: str = "",
    licence: str = "",
    data_format: str | None = None,
    encoding: str = UTF8,
) -> KnowledgeBase:
    """Build one knowledge base from several files.

    paths, data_format, encoding: See `sources.formats.read_concepts`.
    name, version, licence (str): For the manifest.
    RETURNS (KnowledgeBase): The knowledge base.
    RAISES (ValueError): If a file cannot be read, or an id is in two files.
    """
    sources: list[dict[str, Any]] = []

    def concepts() -> Iterator[Concept]:
        seen: dict[str, Path] = {}
        for path in paths:
            source = describe(path)
            sources.append(source)
            for concept in read_concepts(path, data_format, encoding):
                earlier = seen.setdefault(concept.concept_id, path)
                if earlier is not path:
                    error = f"the id {concept.concept_id!r} is also in {earlier}"
                    raise ValueError(Errors.E060.format(path=path, line="?", error=error))
                source["concepts"] += 1
                yield concept

    return KnowledgeBase.build(
        concepts(), name=name, version=version, licence=licence, sources=sources
    )


def describe(path: Path) -> dict[str, Any]:
    """Describe a source for the manifest: its name and the SHA-256 of its content."""
    if not path.exists():
        raise ValueError(Errors.E050.format(path=path))
    files = sorted(path.glob("MR*.RRF")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        add_file(digest, file)
    return {"file": path.name, "sha256": digest.hexdigest(), "concepts": 0}

"""What a run is: input, pipeline, settings, versions; by it a resumed run is known to fit."""

import platform
from datetime import datetime, timezone
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spacy.util import get_package_path, is_package

from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.hub import PACKAGED, PACKAGED_FOLDER

PACKAGES = ("spacy-gliner-biomed", "spacy", "torch", "transformers", "numpy", "pyarrow", "ray")
# What must be the same for a run to be resumed.
IDENTITY = ("input", "pipeline", "settings", "format")


def make_manifest(corpus: Corpus, config: AnnotatorConfig, storage: Storage) -> dict[str, Any]:
    """The manifest of a run that begins."""
    size = corpus.size
    return {
        "input": {"files": size.n_files, "bytes": size.n_bytes, "digest": size.digest},
        "pipeline": {"name": config.pipeline or PACKAGED, "sha256": hash_pipeline(config.pipeline)},
        "settings": {
            "options": config.options,
            "code": config.code and sha256(config.code.read_bytes()).hexdigest(),
            "max_characters": config.max_characters,
            "partition_size": corpus.partition_size,
            "partition_characters": corpus.partition_characters,
        },
        "format": storage.format,
        "not_read": {
            kind: {"files": n, "first": shorten(size.not_read.examples[kind])}
            for kind, n in size.not_read.counts.items()
        },
        "runs": [],
        "finished": False,
    }


def begin_run(storage: Storage, manifest: dict[str, Any], *, resume: bool) -> dict[str, Any]:
    """Go on with the manifest of an earlier run, or write this one.

    RAISES (ValueError): If the folder holds something else, or another run than this.
    """
    # A run that ended before its first results, say with a mistake in its labels, is no run.
    earlier = storage.read_manifest() if any(storage.names()) else None
    if storage.has_foreign_files():
        reason = "it is not empty. Choose another folder"
        raise ValueError(Errors.E056.format(path=storage.folder, reason=reason))
    if earlier is not None and not resume:
        raise ValueError(Errors.E100.format(path=storage.folder))
    if earlier is not None:
        differ = [key for key in IDENTITY if earlier.get(key) != manifest[key]]
        if differ:
            raise ValueError(Errors.E101.format(path=storage.folder, found=", ".join(differ)))
    manifest = {**(earlier or manifest), "not_read": manifest["not_read"]}
    manifest["finished"] = False
    manifest.setdefault("runs", []).append({"started": now(), "versions": versions()})
    storage.write_manifest(manifest)
    storage.remove_unfinished()
    return manifest


def hash_pipeline(pipeline: str | None) -> str:
    """A digest of all files of a pipeline; one digest for the same pipeline everywhere."""
    digest, folder = sha256(), pipeline_folder(pipeline)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode("utf8") + b"\0")
            with path.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()


def pipeline_folder(pipeline: str | None) -> Path:
    """Where a pipeline lies.

    RAISES (ValueError): If there is none.
    """
    if pipeline is None:
        return PACKAGED_FOLDER
    folder = get_package_path(pipeline) if is_package(pipeline) else Path(pipeline)
    if not folder.is_dir():
        raise ValueError(Errors.E108.format(found=pipeline))
    return folder


def versions() -> dict[str, str]:
    """Of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    """The time, in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

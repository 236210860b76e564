"""The manifest of a run: input, pipeline, settings, versions. A resumed run is checked with it."""

import platform
from dataclasses import asdict
from datetime import datetime, timezone
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

from spacy.util import get_package_path, is_package

from spacy_gliner_biomed.common.hashing import add_file
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig
from spacy_gliner_biomed.distributed.partitioning import PartitionedCorpus
from spacy_gliner_biomed.distributed.result_storage import Storage
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.hub import PACKAGED, PACKAGED_FOLDER
from spacy_gliner_biomed.training.formats.options import DEFAULTS

PACKAGES = ("spacy-gliner-biomed", "spacy", "torch", "transformers", "numpy", "pyarrow", "ray")
# The keys that must be equal for a run to be resumed.
IDENTITY = ("input", "pipeline", "settings", "format")


def make_manifest(
    corpus: PartitionedCorpus, config: AnnotatorConfig, storage: Storage
) -> dict[str, Any]:
    """Make the manifest of a new run.

    corpus (PartitionedCorpus): The input.
    config (AnnotatorConfig): The pipeline and its settings.
    storage (Storage): The output.
    RETURNS (dict[str, Any]): The manifest, without results.
    """
    size = corpus.size
    return {
        "input": {"files": size.n_files, "bytes": size.n_bytes, "digest": size.digest},
        "pipeline": {"name": config.pipeline or PACKAGED, "sha256": hash_pipeline(config.pipeline)},
        "settings": {
            "options": config.options,
            "code": config.code and sha256(config.code.read_bytes()).hexdigest(),
            # left out where it is not used, so that runs of earlier versions can be resumed
            **({"linking": config.linking.describe()} if config.linking is not None else {}),
            "max_characters": config.max_characters,
            "partition_size": corpus.partition_size,
            "partition_characters": corpus.partition_characters,
            # only if they are set, so that earlier runs can be resumed
            **({"reading": asdict(corpus.reading)} if corpus.reading != DEFAULTS else {}),
            **({"attributes": list(config.attributes)} if config.attributes else {}),
            **({"fhir": dict(config.fhir)} if config.fhir else {}),
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
    """Continue the manifest of an earlier run, or write the new one.

    storage (Storage): The output.
    manifest (dict[str, Any]): See `make_manifest`.
    resume (bool): Whether to continue an earlier run.
    RETURNS (dict[str, Any]): The manifest with an entry for this run.
    RAISES (ValueError): If the folder holds other files or a different run.
    """
    # A run that ended before its first results, for example for a wrong label, does not count.
    earlier = storage.read_manifest() if any(storage.names()) else None
    if storage.output.has_foreign_files():
        reason = "it is not empty. Choose another folder"
        raise ValueError(Errors.E056.format(path=storage.folder, reason=reason))
    if earlier is not None and not resume:
        raise ValueError(Errors.E100.format(path=storage.folder))
    if earlier is not None:
        differ = [_describe(earlier, manifest, key) for key in IDENTITY]
        found = ", ".join(filter(None, differ))
        if found:
            raise ValueError(Errors.E101.format(path=storage.folder, found=found))
    manifest = {**(earlier or manifest), "not_read": manifest["not_read"]}
    manifest["finished"] = False
    manifest["run_id"] = uuid4().hex  # see `Storage.fenced`
    manifest.setdefault("runs", []).append({"started": now(), "versions": versions()})
    storage.write_manifest(manifest)
    storage.output.remove_unfinished()
    return manifest


def _identity(manifest: dict[str, Any], key: str) -> Any:
    """Return what must be equal; a pipeline may be in another folder."""
    found = manifest.get(key)
    return found["sha256"] if key == "pipeline" and isinstance(found, dict) else found


def _describe(earlier: dict[str, Any], manifest: dict[str, Any], key: str) -> str:
    """Return a key, with the settings that differ: "settings (labels)"; empty if it is equal."""
    before, now_ = _identity(earlier, key), _identity(manifest, key)
    if before == now_:
        return ""
    if key != "settings" or not isinstance(before, dict):
        return key
    before, now_ = ({**x, **(x.get("options") or {})} for x in (before, now_))
    names = [x for x in {**before, **now_} if before.get(x) != now_.get(x) and x != "options"]
    return f"{key} ({', '.join(names)})" if names else key


def hash_pipeline(pipeline: str | None) -> str:
    """Return a digest of all files of a pipeline; it does not depend on the folder."""
    digest, folder = sha256(), pipeline_folder(pipeline)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode("utf8") + b"\0")
            add_file(digest, path)
    return digest.hexdigest()


def pipeline_folder(pipeline: str | None) -> Path:
    """Find the folder of a pipeline.

    pipeline (str | None): Folder or package; None for the packaged model.
    RETURNS (Path): The folder.
    RAISES (ValueError): If there is no such pipeline.
    """
    if pipeline is None:
        return PACKAGED_FOLDER
    folder = get_package_path(pipeline) if is_package(pipeline) else Path(pipeline)
    if not folder.is_dir():
        raise ValueError(Errors.E108.format(found=pipeline, further=", or 'packaged'"))
    return folder


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change the results."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    """Return the current time in UTC, in ISO format."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

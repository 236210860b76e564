"""Corpora from which labels are removed, so that training never reads their words."""

import gzip
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_files import read_json_lines, read_json_object
from spacy_gliner_biomed.models.catalogue import normalize

SPLITS = ("train", "dev")


def label_words(folder: Path, corpora: Iterable[str]) -> set[str]:
    """Return the words of the labels of some corpora, in lower case and singular.

    folder (Path): The folder of corpora.
    corpora (Iterable[str]): Their names.
    RETURNS (set[str]): The words.
    """
    metas = (read_json_object(folder / corpus / "meta.json") for corpus in corpora)
    return {normalize(label) for meta in metas for label in meta["labels"].values()}


def remove_labels(source: Path, target: Path, words: Collection[str]) -> bool:
    """Copy a corpus without the labels that have some words: neither their entities nor the
    statement that they are annotated are kept, so they are not known there.

    source (Path): The corpus.
    target (Path): The folder to write to.
    words (Collection[str]): Normalized words, see `label_words`.
    RETURNS (bool): Whether the corpus has labels left. Nothing is written otherwise.
    """
    meta = read_json_object(source / "meta.json")
    kept = {key: label for key, label in meta["labels"].items() if normalize(label) not in words}
    if not kept:
        return False
    target.mkdir(parents=True)
    (target / "meta.json").write_text(json.dumps({**meta, "labels": kept}), encoding="utf8")
    for path in (source / f"{split}.jsonl.gz" for split in SPLITS):
        if path.exists():
            with gzip.open(target / path.name, "wt", encoding="utf8") as lines:
                for _, record in read_json_lines(path):
                    lines.write(json.dumps(_without(record, meta["labels"], kept)) + "\n")
    return True


def _without(
    record: dict[str, Any], labels: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, Any]:
    """Return a document without the labels of `labels` that are not in `kept`."""
    removed = labels.keys() - kept.keys()
    entities = [entity for entity in record["entities"] if entity["label"] not in removed]
    record = {**record, "entities": entities}
    if "annotated_labels" in record:
        known = [label for label in record["annotated_labels"] if label not in removed]
        record["annotated_labels"] = known
    return record

"""Training data from which labels are removed, so that training never reads their words."""

import gzip
import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_files import read_json_lines, read_json_object
from spacy_gliner_biomed.models.catalogue import normalize
from spacy_gliner_biomed.training.hierarchy import Hierarchy
from spacy_gliner_biomed.training.prompt_variants import PROMPT_VARIANTS

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


def copy_hierarchy(source: Path, target: Path, words: Collection[str]) -> None:
    """Copy the ontologies of fine labels without the labels that have some words.

    source (Path): The folder of ontologies.
    target (Path): The folder to write to. What it holds already is kept.
    words (Collection[str]): Normalized words, see `label_words`.
    """
    if target.exists():
        return
    target.mkdir(parents=True)
    for path in source.glob("*.parents.jsonl.gz"):
        shutil.copyfile(path, target / path.name)
    labels = Hierarchy(source).labels
    kept = {name: label for name, label in labels.items() if normalize(label) not in words}
    with gzip.open(target / "labels.json.gz", "wt", encoding="utf8") as file:
        json.dump(kept, file)


def remove_wordings(words: Collection[str]) -> dict[str, list[str]]:
    """Return the other wordings of labels, without those that have some words.

    words (Collection[str]): Normalized words, see `label_words`.
    RETURNS (dict[str, list[str]]): The wordings by label, for `LabelSampler`'s `wordings`.
    """
    return {
        label: [variant for variant in variants if normalize(variant) not in words]
        for label, variants in PROMPT_VARIANTS.items()
    }

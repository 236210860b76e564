"""Tiny corpora under the names that benchmarks read, and tiny checkpoints."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.accuracy.everyday_labels import PROMPT_VARIANTS
from benchmarks.training.auxiliary import GENERAL
from benchmarks.training.recipe import EVERYDAY, recipe_weights
from tests.parity.encoders import random_encoder
from tests.tiny import tiny_checkpoint

NAMES = {"Disease": ["asthma", "gout", "lung cancer"], "Chemical": ["aspirin", "insulin"]}
IDS = {"asthma": "D1", "gout": "D2", "lung cancer": "D3", "aspirin": "D4", "insulin": "D5"}
SPLITS = {"train": 12, "dev": 4, "test": 4}


def make_document(rng: random.Random, number: int) -> dict[str, Any]:
    """Make three sentences; the first two have an entity, which the last has not."""
    text, entities, sentences = "", [], []
    for label in ("Disease", "Chemical", ""):
        start = len(text) + bool(text)
        text += " " if text else ""
        text += f"The {rng.choice(['patient', 'cell', 'gene'])} was {rng.choice(['in', 'of'])} "
        name = rng.choice(NAMES[label]) if label else "two"
        if label:
            end = len(text) + len(name)
            entity = {"start": len(text), "end": end, "label": label, "text": name}
            entities.append({**entity, "id": IDS[name]})
        text += f"{name} {rng.randrange(1000)}."
        sentences.append([start, len(text)])
    return {"id": str(number), "text": text, "entities": entities, "sents": sentences}


def write_corpus(folder: Path, labels: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"labels": labels}))
    rng = random.Random(folder.name)
    for split, size in SPLITS.items():
        with gzip.open(folder / f"{split}.jsonl.gz", "wt", encoding="utf8") as lines:
            for number in range(size):
                lines.write(json.dumps(make_document(rng, number)) + "\n")


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny corpora with diseases and chemicals."""
    folder = tmp_path_factory.mktemp("corpora")
    labels = {"Chemical": "chemical", "Disease": "disease"}
    own_data = {"everyday_synth", "everyday_more"}
    for name in {*recipe_weights(), *recipe_weights(EVERYDAY), *GENERAL, "bionlp09", "ex_ptm"}:
        if name not in own_data:
            write_corpus(folder / name, labels)
    for name in own_data:  # zero_shot.py removes the labels of the other corpora
        write_corpus(folder / name, {"Chemical": "substance", "Disease": "illness"})
    everyday = {label.capitalize(): label for label in PROMPT_VARIANTS}
    write_corpus(folder / "everyday_dev", {**everyday, "Chemical": "chemical"})
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny uni-encoder of the DeBERTa kind, which takes prompts of any length."""
    return tiny_checkpoint(tmp_path_factory.mktemp("deberta"), encoder="deberta")


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random BERT in Hugging Face's form."""
    return random_encoder("small_bert", tmp_path_factory.mktemp("encoder") / "bert")


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """Benchmarks set the number of threads."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def strings(*values: object) -> Sequence[str]:
    """A command line."""
    return [str(value) for value in values]

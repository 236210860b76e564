"""The systems that are compared; each is a function from texts to a number of entities."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.speed.texts import cut

Run = Callable[[Sequence[str]], int]
TORCH_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
OUR_TYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True)
class Setting:
    """A system, and how it is run.

    system (str): "ours", "gliner" or "gliner-spacy", which cuts and runs text by text.
    precision (str): "fp32" or "bf16"; for the GLiNER package also "int8".
    batch (int): Texts at once for the GLiNER package; subtokens at once for this package.
    packed (bool): Use the GLiNER package's packing of several texts into one row.
    """

    system: str
    precision: str
    batch: int
    packed: bool = False

    def __str__(self) -> str:
        return f"{self.system} {self.precision} {self.batch}{' packed' if self.packed else ''}"


def load(
    setting: Setting, checkpoint: Path, labels: Sequence[str], device: str, threshold: float
) -> Run:
    """Load a system.

    setting (Setting): The system, and how it is run.
    checkpoint (Path): The folder.
    labels (Sequence[str]): The labels.
    device (str): The device.
    threshold (float): The threshold.
    RETURNS (Run): Runs texts and counts their entities.
    """
    loaders = {"ours": _ours, "gliner": _gliner, "gliner-spacy": _gliner_spacy}
    loader = loaders[setting.system]
    return loader(setting, checkpoint, list(labels), device, threshold)


def _ours(
    setting: Setting, checkpoint: Path, labels: list[str], device: str, threshold: float
) -> Run:
    import spacy

    nlp = spacy.blank("en")
    config = {
        "labels": labels,
        "model": {"checkpoint": str(checkpoint)},
        "precision": OUR_TYPES[setting.precision],
        "device": device,
        "batch_subtokens": setting.batch,
        "threshold": threshold,
    }
    nlp.add_pipe("gliner_biomed", config=config)

    def run(texts: Sequence[str]) -> int:
        return sum(len(doc.ents) for doc in nlp.pipe(texts))

    return run


def _gliner_spacy(
    setting: Setting, checkpoint: Path, labels: list[str], device: str, threshold: float
) -> Run:
    import spacy

    nlp = spacy.blank("en")
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        # It loads the tokenizer by the name of the encoder, from the hub.
        copy = Path(shutil.copytree(checkpoint, folder, dirs_exist_ok=True))
        values = json.loads((copy / "gliner_config.json").read_text())
        (copy / "gliner_config.json").write_text(json.dumps({**values, "model_name": folder}))
        config = {"gliner_model": folder, "labels": labels, "map_location": device}
        nlp.add_pipe("gliner_spacy", config={**config, "threshold": threshold})

    def run(texts: Sequence[str]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sum(len(doc.ents) for doc in nlp.pipe(texts))

    return run


def _gliner(
    setting: Setting, checkpoint: Path, labels: list[str], device: str, threshold: float
) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import gliner
        from gliner.infer_packing import InferencePackingConfig

        model = gliner.GLiNER.from_pretrained(
            str(checkpoint), local_files_only=True, map_location=device
        )
        if setting.precision == "int8":
            model.quantize("int8")
        else:
            model.model.to(TORCH_TYPES[setting.precision])
    packing = InferencePackingConfig(max_length=model.config.max_len * 2)
    # It drops words beyond its window, so texts are cut into pieces that fit.
    fits = model.config.max_len * 3 // 4

    def run(texts: Sequence[str]) -> int:
        pieces = [piece for text in texts for piece in cut(text, fits)]
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            found = model.inference(
                pieces,
                labels,
                threshold=threshold,
                batch_size=setting.batch,
                packing_config=packing if setting.packed else None,
            )
        return sum(map(len, found))

    return run

"""Read checkpoints from folders, and write them so that the GLiNER package can read them, too."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from spacy_gliner_biomed.common.files import read_text
from spacy_gliner_biomed.common.json_files import read_json_object
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.calibration import UNCALIBRATED, Calibration
from spacy_gliner_biomed.models.catalogue import (
    NO_LABELS,
    Catalogue,
    read_catalogue,
    write_catalogue,
)
from spacy_gliner_biomed.models.checksums import check_digests, with_digests
from spacy_gliner_biomed.models.hub import (
    CONFIG_NAME,
    EXTRAS_NAME,
    LABEL_TOKENIZER_FOLDER,
    LABELS_NAME,
    TOKENIZER_CONFIG_NAME,
    TOKENIZER_NAME,
    find_checkpoint,
    hub_errors,
)
from spacy_gliner_biomed.models.tokenizers import (
    check_tokenizers,
    read_label_tokenizer,
    read_text_tokenizer,
    tokenizer_config,
)
from spacy_gliner_biomed.nn.checkpoint_tensors import (
    SAFETENSORS_NAME,
    load_network,
    published_tensors,
    read_tensors,
)
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.finite import cast_weight, check_weights
from spacy_gliner_biomed.nn.label_encoding import BiEncoder
from spacy_gliner_biomed.nn.network_base import Network
from spacy_gliner_biomed.nn.remote_code import NO_CODE
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer


@dataclass
class Checkpoint:
    """A network with everything that is needed to run it.

    config (NetworkConfig): The network's architecture.
    network (Network): The network with its weights, in evaluation mode.
    subtokens (Subtokenizer): The text tokenizer, including the markers.
    label_subtokens (Subtokenizer | None): The label tokenizer of a bi-encoder.
    source (str): The folder or the name of the checkpoint, with the hub's revision.
    calibration (Calibration): Turns logits into probabilities; the identity for published
        checkpoints.
    catalogue (Catalogue): The labels that the network was trained with; empty if not known.
    """

    config: NetworkConfig
    network: Network
    subtokens: Subtokenizer
    label_subtokens: Subtokenizer | None
    source: str
    calibration: Calibration = UNCALIBRATED
    catalogue: Catalogue = NO_LABELS

    @property
    def labels_in_words(self) -> bool:
        """Whether a label such as "MedicalDevice" or "medical devices" is read as "medical device".
        This holds for networks that read layout, which this package trained. Others read labels
        unchanged, as in the GLiNER package.
        """
        return bool(self.subtokens.layout)

    @property
    def name_encoder(self) -> tuple[nn.Module, Subtokenizer]:
        """The encoder and tokenizer for names: a bi-encoder's label encoder, or the text
        encoder.
        """
        network = self.network
        if isinstance(network, BiEncoder) and self.label_subtokens is not None:
            return network.labels_encoder, self.label_subtokens
        return network.encoder, self.subtokens


def load_checkpoint(checkpoint: str, revision: str | None = None) -> Checkpoint:
    """Find and read a checkpoint.

    checkpoint, revision: See `models.hub.find_checkpoint`.
    RETURNS (Checkpoint): The checkpoint.
    RAISES (ValueError): If it cannot be found or read.
    """
    folder = find_checkpoint(checkpoint, revision)
    loaded = read_checkpoint(folder)
    if folder.parent.name == "snapshots":  # the hub's cache names folders by commit
        loaded.source = f"{checkpoint}@{folder.name}"
    return loaded


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint folder that GLiNER or `write_checkpoint` wrote.

    folder (Path): The folder.
    RETURNS (Checkpoint): The checkpoint.
    RAISES (ValueError): If a file is missing or damaged, if it differs from its SHA-256 (GLiNER
        writes none), or if the files do not match each other.
    """
    config = NetworkConfig.from_dict(read_json_object(folder / CONFIG_NAME, Errors.E016))
    calibration = UNCALIBRATED
    if (folder / EXTRAS_NAME).exists():
        config, subtokens, label_subtokens, source, calibration = _read_own(folder, config)
    else:
        config = _with_encoder_configs(config)
        subtokens, config = read_text_tokenizer(folder, config)
        bi = config.bi_encoder
        label_subtokens = read_label_tokenizer(folder, config) if bi else None
        source = str(folder)
    check_tokenizers(config, subtokens, label_subtokens)
    network = load_network(config, read_tensors(folder))
    loaded = Checkpoint(network.config, network, subtokens, label_subtokens, source, calibration)
    loaded.catalogue = read_catalogue(folder / LABELS_NAME)
    return loaded


def write_checkpoint(checkpoint: Checkpoint, folder: Path, *, half: bool = False) -> None:
    """Write a folder that `read_checkpoint` and the GLiNER package can read offline.

    The folder includes the SHA-256 of its files, see `models.checksums`. The GLiNER package always
    splits words with its default splitter.

    checkpoint (Checkpoint): The checkpoint.
    folder (Path): Created if it does not exist.
    half (bool): Store the weights as float16, which halves the size and rounds them. A network that
        reads them computes in float32.
    RAISES (ValueError): If a weight is not finite, or too large for float16.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = checkpoint.config
    published = {**config.to_dict(), "words_splitter_type": "whitespace"}
    _write_json(folder / CONFIG_NAME, published)
    check_weights(checkpoint.network, "The model's weights")
    tensors = published_tensors(checkpoint.network)
    if half:
        tensors = {name: cast_weight(t, torch.float16, name) for name, t in tensors.items()}
    save_file(tensors, folder / SAFETENSORS_NAME)
    (folder / SAFETENSORS_NAME).chmod(0o644)  # safetensors makes it readable for the user only
    labels = checkpoint.label_subtokens
    _write_tokenizer(folder, checkpoint.subtokens)
    if labels is not None:
        _write_tokenizer(folder / LABEL_TOKENIZER_FOLDER, labels)
    if checkpoint.catalogue.labels:
        write_catalogue(checkpoint.catalogue.labels, folder / LABELS_NAME)
    extras = {
        "source": checkpoint.source,
        "words_splitter_type": config.words_splitter_type,
        "subtokens": _surroundings(checkpoint.subtokens),
        "label_subtokens": labels and _surroundings(labels),
        "calibration": checkpoint.calibration.to_dict(),
    }
    _write_json(folder / EXTRAS_NAME, with_digests(folder, extras))


def _read_own(
    folder: Path, config: NetworkConfig
) -> tuple[NetworkConfig, Subtokenizer, Subtokenizer | None, str, Calibration]:
    path = folder / EXTRAS_NAME
    extras = read_json_object(path, Errors.E016)
    check_digests(folder, extras)
    try:
        config = config.evolve(words_splitter_type=extras["words_splitter_type"])
        subtokens = _read_tokenizer(folder, extras["subtokens"])
        labels = extras["label_subtokens"]
        label_subtokens = labels and _read_tokenizer(folder / LABEL_TOKENIZER_FOLDER, labels)
        calibration = Calibration.from_dict(extras.get("calibration", {}))
        return config, subtokens, label_subtokens, extras["source"], calibration
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(Errors.E016.format(path=path, error=shorten(repr(error)))) from error


def _read_tokenizer(folder: Path, surroundings: dict[str, Any]) -> Subtokenizer:
    path = folder / TOKENIZER_NAME
    surroundings = {**surroundings}
    for key in ("prefix", "suffix", "layout"):
        surroundings[key] = tuple(surroundings.get(key, ()))
    try:
        definition = read_text(path)
    except OSError as error:
        raise ValueError(Errors.E071.format(path=path, error=shorten(error))) from error
    subtokens = Subtokenizer(definition=definition, **surroundings)
    try:
        subtokens.backend  # noqa: B018  parses the definition
    except Exception as error:  # tokenizers has no exception class of its own
        raise ValueError(Errors.E071.format(path=path, error=shorten(error))) from error
    return subtokens


def _write_tokenizer(folder: Path, subtokens: Subtokenizer) -> None:
    folder.mkdir(exist_ok=True)
    (folder / TOKENIZER_NAME).write_text(subtokens.definition, encoding="utf8")
    _write_json(folder / TOKENIZER_CONFIG_NAME, tokenizer_config(subtokens))


def _surroundings(subtokens: Subtokenizer) -> dict[str, Any]:
    values = asdict(subtokens)
    del values["definition"]
    return values


def _with_encoder_configs(config: NetworkConfig) -> NetworkConfig:
    """Fetch missing encoder configs by name; checkpoints up to GLiNER 2.1 have none."""
    changes = {}
    if not config.encoder_config:
        changes["encoder_config"] = _fetch_config(config.model_name)
    if config.bi_encoder and not config.labels_encoder_config:
        changes["labels_encoder_config"] = _fetch_config(config.labels_encoder)
    return config.evolve(**changes)


def _fetch_config(name: str) -> dict[str, Any]:
    from transformers import AutoConfig

    with hub_errors(name, f"The encoder's config {name!r}"):
        values: dict[str, Any] = AutoConfig.from_pretrained(name, **NO_CODE).to_dict()
    return values


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf8")

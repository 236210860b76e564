"""Tensors of a GLiNER checkpoint to and from our networks: exact, or it fails."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.adapters import plain_state_dict
from spacy_gliner_biomed.nn.allocator import reuse_large_blocks
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.networks import Network, build_network

SAFETENSORS_NAME = "model.safetensors"
PICKLE_NAME = "pytorch_model.bin"

# Published prefix -> ours.
PREFIXES = (
    ("token_rep_layer.bert_layer.model.", "encoder."),
    ("token_rep_layer.projection.", "projection."),
    ("token_rep_layer.labels_encoder.model.", "labels_encoder."),
    ("token_rep_layer.labels_projection.", "labels_projection."),
    ("rnn.lstm.", "lstm."),
    ("span_rep_layer.span_rep_layer.", "span_scorer."),
    ("prompt_rep_layer.", "prompt_projection."),
    ("scorer.", "token_scorer."),
)


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint folder, safetensors first, under their published names.

    RAISES (ValueError): If there is no weights file, or it cannot be read.
    """
    safe, pickled = folder / SAFETENSORS_NAME, folder / PICKLE_NAME
    path = safe if safe.exists() else pickled
    if not path.exists():
        found = sorted(entry.name for entry in folder.iterdir())
        raise ValueError(Errors.E011.format(folder=folder, found=", ".join(found) or "nothing"))
    try:
        if path == safe:
            from safetensors.torch import load_file

            return load_file(path)
        tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        if not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
            raise ValueError("it holds more than tensors by name")
        return tensors
    except UnpicklingError as error:  # torch's text advises to run what is in the file
        problem = "it holds more than tensors, or is broken"
        raise ValueError(Errors.E012.format(path=path, error=problem)) from error
    except Exception as error:  # a truncated file raises whatever its reader stumbles on
        raise ValueError(Errors.E012.format(path=path, error=error)) from error


def load_network(config: NetworkConfig, tensors: Mapping[str, Tensor]) -> Network:
    """Build a network and give it the weights of a checkpoint, as float32.

    config (NetworkConfig): Of the checkpoint.
    tensors (Mapping[str, Tensor]): Under their published names.
    RETURNS (Network): In evaluation mode.
    RAISES (ValueError): With every missing, unexpected and mis-shaped tensor.
    """
    given = {_rename(name.replace("_orig_mod.", "")): tensor for name, tensor in tensors.items()}
    if not any(name.startswith("lstm.") for name in given):
        config = config.evolve(num_rnn_layers=0)
    network = build_network(config)
    expected = network.state_dict()
    given = {name: t for name, t in given.items() if not _unused(name, config, expected)}
    for names in _tied_names(network):
        given = _with_aliases(given, names)
    _check_exact(given, expected)
    reuse_large_blocks()
    # Copied, not assigned: safetensors maps the file, which may change or go away later.
    network.load_state_dict(given)
    return network.eval()


def published_tensors(network: Network) -> dict[str, Tensor]:
    """The weights under their published names, for a checkpoint that GLiNER reads, too.

    Tied weights are there once, as in files of GLiNER and transformers.
    """
    aliases = {name for names in _tied_names(network) for name in names[1:]}
    return {
        published_name(name): tensor.detach().cpu().contiguous()
        for name, tensor in plain_state_dict(network).items()
        if name not in aliases
    }


def _tied_names(network: Network) -> list[list[str]]:
    """The names of each parameter that has several, such as the embeddings of T5."""
    names: dict[int, list[str]] = {}
    for name, parameter in network.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [several for several in names.values() if len(several) > 1]


def _with_aliases(given: dict[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
    """Add the names of a tied parameter that a file left out.

    RAISES (ValueError): If the file has several and they differ.
    """
    found = [name for name in names if name in given]
    if not found:
        return given
    first = given[found[0]]
    for name in found[1:]:
        if not torch.equal(given[name], first):
            both = " and ".join(published_name(each) for each in (found[0], name))
            raise ValueError(Errors.E070.format(names=both))
    return {**given, **dict.fromkeys(names, first)}


def published_name(name: str) -> str:
    """The name that GLiNER gives to one of our tensors."""
    return _rename(name, reverse=True)


def _rename(name: str, reverse: bool = False) -> str:
    for published, ours in PREFIXES:
        old, new = (ours, published) if reverse else (published, ours)
        if name.startswith(old):
            return new + name[len(old) :]
    return name


def _unused(name: str, config: NetworkConfig, expected: Iterable[str]) -> bool:
    """Whether a tensor is known to be in some checkpoints and read by no forward pass."""
    if name in expected:
        return False
    return (
        name.endswith("embeddings.position_ids")  # a buffer that old transformers saved
        or name.split(".")[1:2] == ["pooler"]
        or (config.kind == "bi_span" and name.startswith("lstm."))
        or (config.kind != "bi_span" and name.startswith("cross_fuser."))
        or name.startswith("span_scorer.project_first.")
    )


def _check_exact(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    missing = [name for name in expected if name not in given]
    unexpected = [name for name in given if name not in expected]
    shapes = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(expected[name].shape)}"
        for name in expected
        if name in given and given[name].shape != expected[name].shape
    ]
    if missing or unexpected or shapes:
        raise ValueError(
            Errors.E013.format(
                missing=_listing(published_name(name) for name in missing),
                unexpected=_listing(published_name(name) for name in unexpected),
                shapes=_listing(published_name(name) for name in shapes),
            )
        )


def _listing(names: Iterable[str]) -> str:
    return "".join(f"\n    {name}" for name in sorted(names)) or " none"

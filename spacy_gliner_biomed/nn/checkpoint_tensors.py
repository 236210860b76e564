"""Convert tensors between GLiNER checkpoints and our networks, exactly or with an error."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spacy_gliner_biomed.common.reporting import list_names, shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.adapters import plain_state_dict
from spacy_gliner_biomed.nn.allocator import tune_malloc_for_inference
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.finite import check_weights
from spacy_gliner_biomed.nn.initialization import SkipRandomInit
from spacy_gliner_biomed.nn.network_base import Network
from spacy_gliner_biomed.nn.networks import build_network
from spacy_gliner_biomed.nn.pickled import load_pickled

SAFETENSORS_NAME = "model.safetensors"
PICKLE_NAME = "pytorch_model.bin"

# Prefixes of tensor names: in published checkpoints, and here.
PREFIXES = (
    ("token_rep_layer.bert_layer.model.", "encoder."),
    ("token_rep_layer.projection.", "projection."),
    ("token_rep_layer.labels_encoder.model.", "labels_encoder."),
    ("token_rep_layer.labels_projection.", "labels_projection."),
    ("rnn.lstm.", "lstm."),
    ("span_rep_layer.span_rep_layer.", "span_scorer."),
    ("span_rep_layer.context_encoder.", "context_encoder."),
    ("prompt_rep_layer.", "prompt_projection."),
    ("scorer.", "token_scorer."),
    ("relations_rep_layer.relation_rep_layer.", "relation_scorer.adjacency."),
    ("pair_rep_layer.", "relation_scorer.pairs."),
    ("triples_score_layer.interaction.", "relation_scorer.triples."),
)


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint folder by published name; prefer safetensors.

    RAISES (ValueError): If there is no weights file, or it cannot be read.
    """
    safe, pickled = folder / SAFETENSORS_NAME, folder / PICKLE_NAME
    path = safe if safe.exists() else pickled
    if not path.exists():
        found = list_names(entry.name for entry in folder.iterdir())
        raise ValueError(Errors.E011.format(folder=folder, found=found))
    if path == safe:
        return _read_safetensors(path)
    tensors = load_pickled(path, Errors.E012)
    if not isinstance(tensors, dict) or not all(map(_is_named_tensor, tensors.items())):
        problem = "it contains objects other than named tensors"
        raise ValueError(Errors.E012.format(path=path, error=problem))
    return tensors


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except Exception as error:  # a truncated file can raise any exception
        raise ValueError(Errors.E012.format(path=path, error=shorten(error))) from error


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    name, tensor = item
    return isinstance(name, str) and isinstance(tensor, Tensor)


def load_network(config: NetworkConfig, tensors: Mapping[str, Tensor]) -> Network:
    """Build a network and load the weights of a checkpoint as float32.

    config (NetworkConfig): The checkpoint's config.
    tensors (Mapping[str, Tensor]): Its tensors by published name.
    RETURNS (Network): The network in evaluation mode.
    RAISES (ValueError): If tensors are missing, unexpected, of another shape or not finite.
    """
    given = {_rename(name.replace("_orig_mod.", "")): tensor for name, tensor in tensors.items()}
    if not any(name.startswith("lstm.") for name in given):
        config = config.evolve(num_rnn_layers=0)
    # GLiNER 0.2.17 built three layers, whatever its config said.
    fusions = {name.split(".")[2] for name in given if name.startswith("cross_fuser.layers.")}
    if config.post_fusion_schema and fusions:
        config = config.evolve(num_post_fusion_layers=len(fusions))
    # On the meta device, which allocates nothing: the config may not match the tensors.
    with torch.device("meta"), SkipRandomInit():
        skeleton = build_network(config)
    expected = skeleton.state_dict()
    given = {name: t for name, t in given.items() if not _unused(name, config, expected)}
    for names in _tied_names(skeleton):
        given = _with_aliases(given, names)
    _check_exact(given, expected)
    tune_malloc_for_inference()
    with SkipRandomInit():
        network = build_network(config)
    # Copied, not assigned: safetensors maps the file, which may later change or be deleted.
    network.load_state_dict(given)
    check_weights(network, "The checkpoint's weights")
    return network.eval()


def published_tensors(network: Network) -> dict[str, Tensor]:
    """Return the weights by published name, for a checkpoint that the GLiNER package can read.

    Tied weights occur once, as in the files of GLiNER and transformers.
    """
    aliases = {name for names in _tied_names(network) for name in names[1:]}
    return {
        published_name(name): tensor.detach().cpu().contiguous()
        for name, tensor in plain_state_dict(network).items()
        if name not in aliases
    }


def _tied_names(network: Network) -> list[list[str]]:
    """Return the names of each tied parameter, such as the embeddings of T5."""
    names: dict[int, list[str]] = {}
    for name, parameter in network.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [several for several in names.values() if len(several) > 1]


def _with_aliases(given: dict[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
    """Add the names of a tied parameter that a file left out.

    RAISES (ValueError): If the file has several of them with different values.
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
    """Return the published name of one of our tensors."""
    return _rename(name, reverse=True)


def _rename(name: str, reverse: bool = False) -> str:
    for published, ours in PREFIXES:
        old, new = (ours, published) if reverse else (published, ours)
        if name.startswith(old):
            return new + name[len(old) :]
    return name


def _unused(name: str, config: NetworkConfig, expected: Iterable[str]) -> bool:
    """Return whether a tensor is one that some checkpoints contain, but no forward pass reads."""
    if name in expected:
        return False
    return (
        name.endswith("embeddings.position_ids")  # a buffer that old transformers saved
        or name.split(".")[1:2] == ["pooler"]
        or (config.bi_encoder and name.startswith("lstm."))
        or (not config.bi_encoder and name.startswith("cross_fuser."))
        or name.startswith("span_scorer.project_first.")
    )


def _form(tensor: Tensor) -> str:
    """Return the shape; add type and layout unless it is a dense floating-point tensor."""
    shape = str(tuple(tensor.shape))
    plain = tensor.is_floating_point() and tensor.layout == torch.strided
    return shape if plain else f"{shape} {tensor.dtype} {tensor.layout}"


def _check_exact(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    missing = [name for name in expected if name not in given]
    unexpected = [name for name in given if name not in expected]
    shapes = [
        f"{name} {_form(given[name])} instead of {_form(expected[name])}"
        for name in expected
        if name in given and _form(given[name]) != _form(expected[name])
    ]
    if missing or unexpected or shapes:
        raise ValueError(
            Errors.E013.format(
                missing=list_names(published_name(name) for name in missing),
                unexpected=list_names(published_name(name) for name in unexpected),
                shapes=list_names(published_name(name) for name in shapes),
            )
        )

"""Add relations to a network that finds entities: new layers, and a marker of their prompts."""

import json
from collections.abc import Callable
from dataclasses import replace

import torch

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.models.fresh import copy_encoder, word_embeddings
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.network_base import Network
from spacy_gliner_biomed.nn.networks import build_network
from spacy_gliner_biomed.nn.relations import ALL_PAIRS, PAIR_LAYERS
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer

NOISE = 0.02  # standard deviation of the difference between new and old vectors of markers


def load_with_relations(
    load: Callable[[], Checkpoint], relations_layer: str, seed: int
) -> Checkpoint:
    """Load a checkpoint, and add relations if it has none. A partial of this can be pickled.

    load (Callable): Loads the checkpoint.
    relations_layer, seed: See `add_relations`.
    RETURNS (Checkpoint): A network with relations.
    RAISES (ValueError): As `add_relations`.
    """
    checkpoint = load()
    if checkpoint.config.relations_layer:
        return checkpoint
    return add_relations(checkpoint, relations_layer, seed)


def add_relations(checkpoint: Checkpoint, relations_layer: str, seed: int = 0) -> Checkpoint:
    """Add relations to a network, which must then be trained with them.

    The network keeps all weights that it has. The entities that it finds change a little, because
    one more marker follows in each prompt; those of a token network change entirely, because it
    also gets a projection of labels. The vector of the new marker before relations is nearly that
    of the marker before labels.

    checkpoint (Checkpoint): The checkpoint of a uni-encoder.
    relations_layer (str): See `nn.config.NetworkConfig`.
    seed (int): Seed of the new weights.
    RETURNS (Checkpoint): A new network.
    RAISES (ValueError): If the network is a bi-encoder or has precomputed prompts, or the layer is
        unknown.
    """
    if relations_layer != ALL_PAIRS and relations_layer not in PAIR_LAYERS:
        allowed = ", ".join([ALL_PAIRS, *PAIR_LAYERS])
        raise ValueError(Errors.E351.format(found=relations_layer, allowed=allowed))
    config = checkpoint.config
    if config.bi_encoder or config.precomputed_labels:
        found = "a bi-encoder" if config.bi_encoder else "one with precomputed prompts"
        raise ValueError(Errors.E350.format(source=checkpoint.source, found=found))
    subtokens, rel_id = _with_marker(checkpoint.subtokens, config.rel_token)
    config = _with_layer(config, relations_layer, rel_id)
    torch.manual_seed(seed)
    network = build_network(config)
    _copy_weights(checkpoint.network, network, rel_id, checkpoint.config.class_token_index)
    source = f"{checkpoint.source} with relations"
    return replace(
        checkpoint, config=config, network=network.eval(), subtokens=subtokens, source=source
    )


def _with_marker(subtokens: Subtokenizer, marker: str) -> tuple[Subtokenizer, int]:
    """Return the tokenizer with the marker, and the marker's id."""
    backend = replace(subtokens).backend  # a copy of its own
    backend.add_special_tokens([marker])
    definition = json.dumps(json.loads(backend.to_str()), ensure_ascii=False)
    changed = replace(subtokens, definition=definition)
    rel_id = changed.token_id(marker)
    assert rel_id is not None
    return changed, rel_id


def _with_layer(config: NetworkConfig, relations_layer: str, rel_id: int) -> NetworkConfig:
    n_rows = max(int(config.encoder_config["vocab_size"]), rel_id + 1)
    return config.evolve(
        relations_layer=relations_layer,
        rel_token_index=rel_id,
        vocab_size=n_rows,
        encoder_config={**config.encoder_config, "vocab_size": n_rows},
        represent_spans=False,  # networks with relations do not
    )


@torch.no_grad()
def _copy_weights(old: Network, new: Network, rel_id: int, ent_id: int) -> None:
    """Copy all weights that both networks have."""
    copy_encoder(old.encoder, new.encoder)
    others = {name: x for name, x in old.state_dict().items() if not name.startswith("encoder.")}
    known = new.state_dict().keys()
    new.load_state_dict({name: x for name, x in others.items() if name in known}, strict=False)
    table = word_embeddings(new)
    vector = table.weight[ent_id]
    table.weight[rel_id] = vector + NOISE * torch.randn_like(vector)

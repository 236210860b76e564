"""Select the weights to train: all, upper layers, the scorer, or low-rank adapters (LoRA)."""

import re
from dataclasses import dataclass

from torch import nn

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.adapters import ADAPTER

ENCODERS = ("encoder.", "labels_encoder.")


@dataclass(frozen=True)
class Tuning:
    """Selects the weights to train. The scorer is always trained.

    freeze_embeddings (bool): Freeze the encoders' embeddings.
    freeze_layers (int): Freeze the encoders' embeddings and this many of their lowest layers; -1
        freezes the encoders completely.
    lora_rank (int): Freeze the encoders, and train an adapter of this rank for each of their linear
        layers (LoRA, arXiv 2106.09685; needs peft). 0 for no adapters.
    lora_alpha (int): The adapters are scaled by lora_alpha / lora_rank.
    RAISES (ValueError): If a value is not allowed.
    """

    freeze_embeddings: bool = False
    freeze_layers: int = 0
    lora_rank: int = 0
    lora_alpha: int = 16

    def __post_init__(self) -> None:
        for name, minimum in (("freeze_layers", -1), ("lora_rank", 0)):
            if getattr(self, name) < minimum:
                allowed = f"a whole number of at least {minimum}"
                raise ValueError(
                    Errors.E030.format(name=name, allowed=allowed, found=getattr(self, name))
                )

    def apply(self, network: nn.Module) -> None:
        """Freeze weights, and add LoRA adapters if they are requested.

        network (nn.Module): The network, which is changed in place.
        RAISES (ImportError): If LoRA is requested and peft is not installed.
        """
        if self.lora_rank:
            self._add_adapters(network)
        for name, parameter in network.named_parameters():
            if name.startswith(ENCODERS) and "lora_" not in name:
                parameter.requires_grad_(not self._is_frozen(name))

    def _is_frozen(self, name: str) -> bool:
        if self.lora_rank or self.freeze_layers == -1:
            return True
        layer = re.search(r"\.(?:layer|layers|block|h)\.(\d+)\.", name)
        if layer:
            return int(layer[1]) < self.freeze_layers
        embedding = re.search(r"\.(?:embeddings|embed_tokens|shared)\.", name) is not None
        return embedding and (self.freeze_embeddings or self.freeze_layers > 0)

    def _add_adapters(self, network: nn.Module) -> None:
        peft = import_optional("peft", "Low-rank training (lora_rank)", extra="lora")
        targets = [
            name
            for name, module in network.named_modules()
            if name.startswith(ENCODERS) and isinstance(module, nn.Linear)
        ]
        config = peft.LoraConfig(
            r=self.lora_rank, lora_alpha=self.lora_alpha, target_modules=targets
        )
        peft.inject_adapter_in_model(config, network, adapter_name=ADAPTER)
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(not name.startswith(ENCODERS) or "lora_" in name)


def make_tuning(
    freeze_embeddings: bool = False,
    freeze_layers: int = 0,
    lora_rank: int = 0,
    lora_alpha: int = 16,
) -> Tuning:
    """Make a `Tuning`, which explains the arguments. Registered as
    `spacy-gliner-biomed.Tuning.v1`.
    """
    return Tuning(freeze_embeddings, freeze_layers, lora_rank, lora_alpha)

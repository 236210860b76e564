"""Text and label encoders: any model that transformers' `AutoModel` builds from a config."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

# Entries of a stored encoder config that say how it was run, not what it is.
RUN_TIME_KEYS = ("dtype", "torch_dtype", "_attn_implementation", "_name_or_path")


def build_encoder(config: Mapping[str, Any]) -> nn.Module:
    """Build an encoder of the architecture that a Hugging Face config dict describes.

    config (Mapping[str, Any]): As stored in a checkpoint; `model_type` names the architecture.
    RETURNS (nn.Module): With weights that are not set, and without a pooler, which no
        network here reads.
    RAISES (ValueError): By transformers, if it does not know the `model_type`.
    """
    from transformers import AutoModel, AutoModelForTextEncoding

    built = hf_config(config)
    auto = AutoModelForTextEncoding if built.is_encoder_decoder else AutoModel
    with _SkipRandomInit():
        encoder: nn.Module = auto.from_config(built)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # type: ignore[assignment]
    return encoder


def hf_config(config: Mapping[str, Any]) -> Any:
    """The transformers config object of a config dict."""
    from transformers import AutoConfig

    values = {key: value for key, value in config.items() if key not in RUN_TIME_KEYS}
    built = AutoConfig.for_model(values.pop("model_type"), **values)
    if hasattr(built, "reference_compile"):
        built.reference_compile = False  # ModernBERT: compiling is not ours to decide
    return built


def encoder_width(config: Mapping[str, Any]) -> int:
    """The width H of an encoder's output."""
    return int(hf_config(config).hidden_size)


def max_positions(config: Mapping[str, Any]) -> int | None:
    """Subtokens that an encoder takes at once, special tokens included; None is no limit.

    DeBERTa-v2/v3 without absolute positions takes any length, as does T5.
    """
    built = hf_config(config)
    limit: int | None = getattr(built, "max_position_embeddings", None)
    if built.model_type.startswith("deberta") and not built.position_biased_input:
        return None
    if limit is not None and built.model_type in ("roberta", "xlm-roberta", "camembert"):
        return limit - int(built.pad_token_id) - 1  # positions start after the padding index
    return limit


class _SkipRandomInit(TorchFunctionMode):
    """Leaves out the random initialisation: each weight is read from a checkpoint or the
    loading fails, and filling a vocabulary matrix with noise takes seconds.
    """

    skipped = frozenset(
        f"{scheme}_"
        for scheme in (
            "normal",
            "uniform",
            "trunc_normal",
            "kaiming_normal",
            "kaiming_uniform",
            "xavier_normal",
            "xavier_uniform",
        )
    )

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__name__", "") in self.skipped:
            return args[0] if args else (kwargs or {}).get("tensor")
        return func(*args, **(kwargs or {}))

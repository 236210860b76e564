"""Choose the precision to compute in. No other file decides it.

A CPU without instructions for 16-bit products converts each number separately, which takes six to
nine times as long as float32.
"""

import os
import platform
from typing import Any

import torch

from spacy_gliner_biomed.types import Precision

X86 = ("x86_64", "AMD64")
# Instruction sets with fast products, by torch's names; one of them suffices.
NEEDED = {
    torch.bfloat16: ("avx512_bf16", "amx_bf16"),
    torch.float16: ("avx512_fp16", "amx_fp16"),
}
# Environment variables that limit oneDNN to the instructions of an older CPU, and the limits under
# which a type has no fast products.
CAPS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
WITHOUT: dict[torch.dtype, tuple[str, ...]] = {
    torch.bfloat16: (
        "SSE41",
        "AVX",
        "AVX2",
        "AVX2_VNNI",
        "AVX2_VNNI_2",
        "AVX512_CORE",
        "AVX512_CORE_VNNI",
    ),
}
WITHOUT[torch.float16] = (*WITHOUT[torch.bfloat16], "AVX512_CORE_BF16")
# Compute capability of the first NVIDIA GPUs with tensor cores for the type.
FIRST_GPU = {torch.bfloat16: (8, 0), torch.float16: (7, 0)}


def effective_precision(asked: Precision, device: torch.device) -> Precision:
    """Return the precision to compute in: the requested one, or float32 where that is faster.

    asked (Precision): The requested precision. "auto" is bfloat16 where it is fast, and otherwise
        float32; it is never float16, which overflows in some encoders.
    device (torch.device): The network's device.
    RETURNS (Precision): The precision; never "auto".
    """
    wanted: Precision = "bfloat16" if asked == "auto" else asked
    if wanted == "float32" or has_fast_products(getattr(torch, wanted), device):
        return wanted
    return "float32"


def has_fast_products(dtype: torch.dtype, device: torch.device) -> bool:
    """Return whether a device multiplies matrices faster in a 16-bit type than in float32.

    dtype (torch.dtype): bfloat16 or float16.
    device (torch.device): The device.
    RETURNS (bool): Whether it does.
    """
    if device.type == "cpu":
        return _cpu_has(dtype)
    if device.type == "cuda" and torch.version.hip is None:
        return torch.cuda.get_device_capability(device) >= FIRST_GPU[dtype]
    return True  # all other accelerators have them


def _cpu_has(dtype: torch.dtype) -> bool:
    """Return whether the CPU has fast products and the environment allows them."""
    mkldnn: Any = torch.backends.mkldnn
    if not mkldnn.is_available() or not mkldnn.enabled:
        return False
    if platform.machine() not in X86:  # on ARM, torch checks for bfloat16 products
        return dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    cap = next((os.environ[name] for name in CAPS if os.environ.get(name)), "").upper()
    found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", _older_capabilities)()
    return cap not in WITHOUT[dtype] and any(found.get(name) for name in NEEDED[dtype])


def _older_capabilities() -> dict[str, bool]:
    return {"avx512_bf16": torch.cpu._is_avx512_bf16_supported()}

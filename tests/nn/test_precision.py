"""Products in 16 bits are used where the machine is made for them, and nowhere else."""

import os
import subprocess
import sys
from typing import Any

import pytest
import torch

from spacy_gliner_biomed.nn import precision
from spacy_gliner_biomed.nn.precision import CAPS, effective_precision, has_fast_products

CPU = torch.device("cpu")
ZEN_3 = {"avx2": True, "avx512_f": False}
ICE_LAKE = {"avx2": True, "avx512_f": True, "avx512_vnni": True}
ZEN_4 = {**ICE_LAKE, "avx512_bf16": True}
SAPPHIRE_RAPIDS = {**ZEN_4, "amx_bf16": True, "avx512_fp16": True}
SIERRA_FOREST = {"avx2": True, "avx_ne_convert": True}
HAS = """
import torch
from spacy_gliner_biomed.nn.precision import has_fast_products
print([has_fast_products(dtype, torch.device("cpu")) for dtype in (torch.bfloat16, torch.float16)])
"""


@pytest.fixture
def cpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretends that the CPU is an x86 with some instructions."""

    def pretend(found: dict[str, bool], cap: str = "") -> None:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
        monkeypatch.setattr(precision.platform, "machine", lambda: "x86_64")
        for name in CAPS:
            monkeypatch.delenv(name, raising=False)
        if cap:
            monkeypatch.setenv(CAPS[0], cap)

    return pretend


@pytest.mark.parametrize(
    ("found", "cap", "bfloat16", "float16"),
    [
        (ZEN_3, "", False, False),
        (ICE_LAKE, "", False, False),
        (SIERRA_FOREST, "", False, False),
        (ZEN_4, "", True, False),
        (SAPPHIRE_RAPIDS, "", True, True),
        (SAPPHIRE_RAPIDS, "ALL", True, True),
        (SAPPHIRE_RAPIDS, "AVX2", False, False),
        (SAPPHIRE_RAPIDS, "avx512_core_vnni", False, False),
        (SAPPHIRE_RAPIDS, "AVX512_CORE_BF16", True, False),
        (SAPPHIRE_RAPIDS, "AVX512_CORE_FP16", True, True),
    ],
)
def test_a_cpu_has_what_its_instructions_multiply(
    cpu: Any, found: dict[str, bool], cap: str, bfloat16: bool, float16: bool
) -> None:
    cpu(found, cap)
    assert has_fast_products(torch.bfloat16, CPU) == bfloat16
    assert has_fast_products(torch.float16, CPU) == float16
    assert effective_precision("bfloat16", CPU) == ("bfloat16" if bfloat16 else "float32")
    assert effective_precision("float16", CPU) == ("float16" if float16 else "float32")
    assert effective_precision("auto", CPU) == ("bfloat16" if bfloat16 else "float32")
    assert effective_precision("float32", CPU) == "float32"


def test_without_onednn_nothing_is_fast(cpu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu(SAPPHIRE_RAPIDS)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not has_fast_products(torch.bfloat16, CPU)


@pytest.mark.parametrize(
    ("capability", "bfloat16", "float16"),
    [((6, 1), False, False), ((7, 5), False, True), ((8, 0), True, True), ((9, 0), True, True)],
)
def test_a_gpu_has_what_its_tensor_cores_multiply(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], bfloat16: bool, float16: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.version, "hip", None)
    assert has_fast_products(torch.bfloat16, torch.device("cuda")) == bfloat16
    assert has_fast_products(torch.float16, torch.device("cuda", 1)) == float16


def test_the_emulation_of_an_older_cpu_counts() -> None:
    environment = {**os.environ, CAPS[0]: "AVX2"}
    command = [sys.executable, "-c", HAS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[False, False]"

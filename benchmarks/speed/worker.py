"""One system in a process of its own, started by throughput.py.

Reads a task from standard input, and then a line for each turn. Writes one JSON object a line:
after the first document, after each turn, and when standard input is closed.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.common import peak_mib
from benchmarks.speed.systems import Run, Setting, load


def main() -> None:
    """Read the task, and then the turns, from standard input."""
    task = json.loads(sys.stdin.readline())
    import torch

    if task["threads"]:
        torch.set_num_threads(task["threads"])
    setting = Setting(**task["setting"])
    checkpoint = Path(task["checkpoint"])
    run = load(setting, checkpoint, task["labels"], task["device"], task["threshold"])
    run(task["turns"][0][:1])
    tell(first_document=True)
    for _, texts in zip(sys.stdin, task["turns"], strict=False):
        started = time.perf_counter()
        entities = run(texts)
        tell(seconds=time.perf_counter() - started, entities=entities)
    result = {"peak_mib": peak_mib()}
    if setting.system == "ours" and task["device"] == "cpu":
        result |= floor(run, task["turns"][-1], setting.precision)
    tell(**result)


def floor(run: Run, texts: Sequence[str], precision: str) -> dict[str, Any]:
    """Compute the time of the bare encoder's matrix products.

    run (Run): Runs the system.
    texts (Sequence[str]): The texts.
    precision (str): "fp32" or "bf16".
    RETURNS (dict[str, Any]): Seconds at the best rate and at that of torch's own products, both
        rates in GFLOPS, and the number of subtokens.
    """
    import torch

    from benchmarks.speed.floor import encoder_madds, gemm_rates
    from spacy_gliner_biomed.models.shim import NetworkShim

    lengths: list[int] = []
    configs: list[dict[str, Any]] = []

    def recorded(compute: Callable[..., Any]) -> Callable[..., Any]:
        def record(self: NetworkShim, rows: Any, *arguments: Any) -> Any:
            lengths.extend(len(row) for row in rows)
            configs.append(self.checkpoint.config.encoder_config)
            return compute(self, rows, *arguments)

        return record

    ways = {name: recorded(getattr(NetworkShim, name)) for name in ("logits", "span_logits")}
    with patch.multiple(NetworkShim, **ways):
        run(texts)
    rates = gemm_rates({"fp32": torch.float32, "bf16": torch.bfloat16}[precision])
    madds = encoder_madds(configs[0], lengths)
    return {
        "floor_seconds": madds / max(rates),
        "torch_floor_seconds": madds / rates[1],
        "gflops": 2e-9 * max(rates),
        "torch_gflops": 2e-9 * rates[1],
        "subtokens": sum(lengths),
    }


def tell(**values: Any) -> None:
    """Write an answer to throughput.py."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()

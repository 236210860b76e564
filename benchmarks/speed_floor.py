"""The least time that a text can take: counted multiply-adds over the machine's measured rate."""

import time
from typing import Any

import torch

SIZE = 1024


def gemm_rate(dtype: torch.dtype, seconds: float = 1.0) -> float:
    """Multiply-adds a second of torch's fastest product of large matrices, with all threads.

    The best of all tries within the time, of oneDNN's and of torch's own product.
    """
    from spacy_gliner_biomed.nn.linear import prepare, product

    x, weight = torch.randn(SIZE, SIZE).to(dtype), torch.randn(SIZE, SIZE).to(dtype)
    best = float("inf")
    with torch.inference_mode():
        prepared, _ = prepare(weight, None, dtype)
        for multiply in (lambda: product(x, prepared, None), lambda: x @ weight):
            multiply()
            stop = time.perf_counter() + seconds / 2
            while time.perf_counter() < stop:
                started = time.perf_counter()
                multiply()
                best = min(best, time.perf_counter() - started)
    return SIZE**3 / best


def encoder_madds(config: dict[str, Any], lengths: list[int]) -> float:
    """Multiply-adds of the bare encoder's matrix products, for rows without padding.

    Attention counts both products of contents, and for DeBERTa two more with as many relative
    positions as a row has distances or buckets.
    """
    width, depth = config["hidden_size"], config["num_hidden_layers"]
    dense = 4 * width**2 + 2 * width * config["intermediate_size"]
    total = 0.0
    for length in lengths:
        attention = 2 * length * width
        if config["model_type"] == "deberta-v2":
            attention += 2 * min(2 * length, 2 * config["position_buckets"]) * width
        total += depth * length * (dense + attention)
    return total

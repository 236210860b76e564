"""A lower bound of the time of a text: its multiply-adds over the machine's measured rate."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

SIZE = 1024


def gemm_rates(dtype: torch.dtype, seconds: float = 1.0) -> tuple[float, float]:
    """Measure the rate of a product of large matrices with all threads.

    dtype (torch.dtype): The type of the numbers.
    seconds (float): Time to measure; the best try counts.
    RETURNS (tuple[float, float]): Multiply-adds a second of oneDNN's product, and of torch's own.
    """
    from spacy_gliner_biomed.nn.linear import prepare, product

    x, weight = torch.randn(SIZE, SIZE).to(dtype), torch.randn(SIZE, SIZE).to(dtype)
    with torch.inference_mode():
        prepared, _ = prepare(weight, None, dtype)
        times = [
            min(_times(multiply, seconds / 2))
            for multiply in (lambda: product(x, prepared, None), lambda: x @ weight)
        ]
    return SIZE**3 / times[0], SIZE**3 / times[1]


def _times(multiply: Callable[[], Any], seconds: float) -> Iterator[float]:
    multiply()
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        started = time.perf_counter()
        multiply()
        yield time.perf_counter() - started


def encoder_madds(config: dict[str, Any], lengths: list[int]) -> float:
    """Count the multiply-adds of the bare encoder's matrix products, for rows without padding.

    Attention has two products of contents; DeBERTa has two more with as many relative positions
    as a row has distances or buckets.

    config (dict[str, Any]): The encoder's configuration.
    lengths (list[int]): Subtokens of each row.
    RETURNS (float): Multiply-adds.
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

"""Why the package has no int8: its speed and its entities beside bfloat16, in one run.

    python -m benchmarks.speed.int8 --corpora FOLDER --checkpoint packaged random-small-512

Weights have one scale for each output channel, activations one for each tensor, and oneDNN
multiplies: the fastest int8 of torch on a CPU. A patch puts it into the linear layers; the rest
stays bfloat16. All settings take turns on the same abstracts; times are medians of the rounds.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import spacy
import torch
from torch import Tensor

from benchmarks.common import make_parser, write_results
from benchmarks.speed.checkpoints import checkpoint_folder
from benchmarks.speed.texts import count_words, make_labels, read_texts
from spacy_gliner_biomed.nn import linear

MIN_WIDTH = 128  # narrower products stay in bfloat16
SETTINGS = (("fp32", "float32"), ("bf16", "bfloat16"), ("int8", "bfloat16"))
Found = set[tuple[int, int, int, str]]

forward = linear.Linear.forward


class Quantized:
    """Linear layers in 8 bits; each weight and each input is quantized once."""

    def __init__(self) -> None:
        self.weights: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
        self.last: tuple[Tensor, Tensor, float] | None = None

    def forward(self, layer: linear.Linear, x: Tensor, activation: Any = "none") -> Tensor:
        """Apply a layer; takes the place of `Linear.forward`."""
        if not linear.in_inference(x) or len(layer.weight) < MIN_WIDTH or x.dim() != 2:
            return forward(layer, x, activation)
        if id(layer) not in self.weights:
            self.weights[id(layer)] = quantize_weight(layer.weight)
        if self.last is None or self.last[0] is not x:  # query, key and value read the same
            self.last = (x, *quantize(x))
        _, values, scale = self.last
        bias = None if layer.bias is None else layer.bias.float()
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            values, scale, 128, *self.weights[id(layer)], bias, 1.0, 0, torch.bfloat16,
            activation, [], "none",
        )  # fmt: skip
        return out


def quantize_weight(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the packed weight, and a scale and a zero point for each output channel."""
    scales = weight.abs().amax(dim=1).clamp_min(1e-8) / 127
    rounded = (weight / scales[:, None]).round().clamp(-127, 127).to(torch.int8)
    packed = torch.ops.onednn.qlinear_prepack(rounded, None)
    return packed, scales, torch.zeros(len(scales), dtype=torch.int32)


def quantize(x: Tensor) -> tuple[Tensor, float]:
    """Return whole numbers around 128, and their scale."""
    x = x.float()
    low, high = torch.aminmax(x)
    scale = max(-low.item(), high.item(), 1e-8) / 127
    return torch.quantize_per_tensor(x, scale, 128, torch.quint8).int_repr(), scale


def measure(checkpoint: str, texts: list[str], rounds: int) -> list[dict[str, Any]]:
    """Measure all settings in turns.

    checkpoint (str): A folder or name.
    texts (list[str]): The texts.
    rounds (int): How often; one more run of each is not counted.
    RETURNS (list[dict[str, Any]]): A row for each setting.
    """
    pipes, quantized = {}, Quantized()
    for name, precision in SETTINGS:
        nlp = spacy.blank("en")
        settings = {"labels": make_labels(10), "precision": precision}
        pipes[name] = nlp.add_pipe(
            "gliner_biomed", config={**settings, "model": {"checkpoint": checkpoint}}
        )
    seconds: dict[str, list[float]] = {name: [] for name in pipes}
    found: dict[str, Found] = {}
    for turn in range(rounds + 1):
        for name, component in pipes.items():
            docs = [nlp.make_doc(text) for text in texts]
            ours = patch.object(
                linear.Linear, "forward", lambda *a, **k: quantized.forward(*a, **k)
            )
            with ours if name == "int8" else nullcontext():
                started = time.perf_counter()
                predictions = component.predict(docs)
                seconds[name] += [time.perf_counter() - started] if turn else []
            found[name] = {
                (i, span.start, span.end, span.label)
                for i, prediction in enumerate(predictions)
                for span in prediction.spans
            }
    n_words = sum(map(count_words, texts))
    rates = {name: n_words / statistics.median(times) for name, times in seconds.items()}
    return [
        {
            "checkpoint": checkpoint,
            "setting": name,
            "words_s": round(rates[name]),
            "of_bf16": round(rates[name] / rates["bf16"], 2),
            "same_entities_as_fp32": round(
                len(found[name] & found["fp32"]) / max(1, len(found[name] | found["fp32"])), 3
            ),
        }
        for name in pipes
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--checkpoint", nargs="+", default=["packaged"])
    parser.add_argument("--words", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args(argv)
    texts, rows = read_texts(arguments.corpora, "abstracts", arguments.words), []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.checkpoint:
            for row in measure(str(checkpoint_folder(name, Path(folder))), texts, arguments.rounds):
                row["checkpoint"] = name
                rows.append(row)
                print(json.dumps(row), flush=True)
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()

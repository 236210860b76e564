"""What each speed-up is worth: the time without it over the time with it, in one run.

    python -m benchmarks.speed.levers --corpora FOLDER --checkpoint packaged random-small-512

Each is switched off by a patch here, never by a switch in the library. All take turns on the same
texts; medians of the rounds. Without a speed-up the entities have to be nearly the same, too.
"""

import argparse
import ctypes
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import spacy
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.speed.texts import SOURCES, make_labels, read_texts
from benchmarks.speed.throughput import checkpoint_folder
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.runner import NetworkRunner
from spacy_gliner_biomed.nn import linear, marker_v0, span_sums
from spacy_gliner_biomed.nn.derived import DerivedWeights, forget
from spacy_gliner_biomed.nn.encoders import (
    attention,
    bert,
    deberta,
    disentangled,
    packing,
    positions,
)
from spacy_gliner_biomed.nn.encoders.blocks import PackedEncoder
from spacy_gliner_biomed.pipeline import prediction
from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer

Patch = AbstractContextManager[Any]
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h

product, read_table = linear.product, deberta.Deberta.relative_positions
score_spans, cached_labels, kept, encode = (
    marker_v0.MarkerV0.forward,
    NetworkRunner._cached_labels,
    DerivedWeights.get,
    Subtokenizer.encode,
)


def padded(mask: Tensor, step: int = 1) -> packing.Packing:
    """Rows with their padding, as on a GPU."""
    n_rows, size = mask.shape
    index = torch.arange(n_rows * size)
    run = packing.Run(n_rows, size, mask.bool()[:, None, None])
    return packing.Packing((n_rows, size), [run], index, index[::size], len(index))


def separate_activation(x: Tensor, weight: Tensor, bias: Any, activation: Any = "none") -> Tensor:
    """An activation as an operation of its own."""
    return linear.ACTIVATIONS[activation](product(x, weight, bias))


def read_all(self: PackedEncoder, ids: Tensor, mask: Tensor, wanted: Tensor) -> Tensor:
    """The last layer at all subtokens."""
    states = self(ids, mask).last_hidden_state
    return states[torch.arange(len(states))[:, None], wanted.clamp(min=0)]


def project_again(self: deberta.Deberta, *arguments: Any) -> Any:
    """Relative positions projected for each batch."""
    self.derived.last = None
    return read_table(self, *arguments)


def gather(scores: Tensor) -> Tensor:
    """`positions.shear` by an index."""
    n_lines, size = scores.shape[-2:]
    places = torch.arange(size - n_lines) - torch.arange(n_lines)[:, None] + n_lines - 1
    return scores.gather(-1, places.expand(*scores.shape[:-2], -1, -1))


def cast_again(self: DerivedWeights, weights: Sequence[Tensor], what: Any, make: Callable[[], Any]) -> Any:
    """Weights of 16 bits cast for each batch; relative positions follow from more weights."""
    return make() if len(weights) <= 2 else kept(self, weights, what, make)


def fused_attention(
    query: Tensor, key: Tensor, value: Tensor, *, bias: Tensor | None, scale: float, dropout: float
) -> Tensor:
    """Torch's fused kernel in all precisions."""
    return F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=scale)


def fused_runs(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    runs: Sequence[packing.Run],
    *,
    n_heads: int,
    scale: float,
) -> Tensor:
    """The same for all runs, as in 32 bits."""
    sizes = [run.size for run in runs]
    parts = zip(runs, *(part.split(sizes) for part in (query, key, value)), strict=True)
    contexts = [
        fused_attention(
            *(attention.split_heads(part, run.rows, n_heads) for part in of_run),
            bias=None,
            scale=scale,
            dropout=0.0,
        )
        for run, *of_run in parts
    ]
    return torch.cat([attention.join_heads(context) for context in contexts]).flatten(1)


def shifted_softmax(scores: Tensor, *, base_2: bool = False) -> tuple[Tensor, Tensor]:
    """`attention.softmax_parts` by torch's softmax, which looks for the largest scores."""
    scores = scores / attention.LOG2_OF_E if base_2 else scores
    return scores.softmax(dim=-1), torch.ones_like(scores[..., :1])


def score_by_width(*arguments: Any) -> Tensor:
    """Spans scored width by width, over all words at once, as in training."""
    with patch.object(marker_v0, "in_inference", lambda x: False):
        return score_spans(*arguments)


def encode_again(self: NetworkRunner, prompts: Sequence[str]) -> Tensor:
    """Label vectors of a bi-encoder for each batch."""
    self.label_vectors.clear()
    return cached_labels(self, prompts)


def tokenize_again(self: Subtokenizer, words: Sequence[str]) -> Any:
    """The ids of each word of each text looked for in the tokenizer."""
    self._known.clear()
    return encode(self, words)


def in_order(lengths: Sequence[int], max_subtokens: int) -> list[list[int]]:
    """Batches of rows as they come."""
    batches: list[list[int]] = []
    for i, length in enumerate(lengths):
        batch = batches[-1] if batches else []
        longest = max([length, *(lengths[j] for j in batch)])
        if batch and (len(batch) + 1) * longest <= max_subtokens:
            batch.append(i)
        else:
            batches.append([i])
    return batches


@contextmanager
def fresh_blocks() -> Iterator[None]:
    """Large blocks of memory from the kernel each time, as glibc begins."""
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    mallopt(M_MMAP_THRESHOLD, 2**17)
    mallopt(M_TRIM_THRESHOLD, 2**17)
    try:
        yield
    finally:
        mallopt(M_MMAP_THRESHOLD, 2**25)
        mallopt(M_TRIM_THRESHOLD, 2**26)


def on(target: Any, name: str, value: Any) -> Callable[[], Patch]:
    """A patch to be made."""
    return lambda: patch.object(target, name, value)


ALL: list[Callable[[], Patch]] = []
GATHERS = [on(positions, "shear", gather), on(disentangled, "shear", gather)]
SIZES = [
    on(packing, "round_up_rows", int),
    on(span_sums, "round_up_rows", int),
    on(span_sums, "WORD_MULTIPLE", 1),
]
FUSED = [on(bert, "attend_in_16_bits", fused_runs), on(disentangled, "weigh", fused_attention)]
SHIFTED = [on(module, "softmax_parts", shifted_softmax) for module in (attention, disentangled)]
LEVERS = {
    "all of them": ALL,
    "no padding": [on(packing.Packing, "of", padded)],
    "words tokenized once": [on(Subtokenizer, "encode", tokenize_again)],
    "rows sorted by length": [on(prediction, "length_batches", in_order)],
    "oneDNN's products": [on(linear, "onednn", lambda dtype: None)],
    "activations inside products": [on(linear, "product", separate_activation)],
    "few numbers of rows": SIZES,
    "large blocks reused": [fresh_blocks],
    "last layer where it is read": [on(PackedEncoder, "read", read_all)],
    "weights of 16 bits kept": [on(DerivedWeights, "get", cast_again)],
    "plain attention in 16 bits": FUSED,
    "softmax without the largest score": SHIFTED,
    "relative positions projected once": [on(deberta.Deberta, "relative_positions", project_again)],
    "sheared view": GATHERS,
    "attention head by head": [on(disentangled, "BY_HEAD", 10**9)],
    "ReLU of whole numbers": [on(span_sums, "relu_", Tensor.relu_)],
    "spans in blocks": [on(marker_v0.MarkerV0, "forward", score_by_width)],
    "last span layer folded into labels": [on(marker_v0, "_folding_pays", lambda *sizes: False)],
    "many labels screened": [on(marker_v0, "screening_pays", lambda *sizes: False)],
    "label vectors cached": [on(NetworkRunner, "_cached_labels", encode_again)],
}
IN_16_BITS = (
    "weights of 16 bits kept",
    "plain attention in 16 bits",
    "softmax without the largest score",
    "ReLU of whole numbers",
)
OF_DEBERTA = ("relative positions projected once", "sheared view", "attention head by head")
OF_BI_ENCODERS = ("label vectors cached", "many labels screened")


def levers_of(config: Any, precision: str) -> list[str]:
    """Those that a network has."""
    idle = ["many labels screened"] if precision == "bfloat16" else [*IN_16_BITS]
    idle += [] if config.encoder_config["model_type"] == "deberta-v2" else OF_DEBERTA
    idle += [] if config.kind == "bi_span" else OF_BI_ENCODERS
    return [name for name in LEVERS if name not in idle]


def measure(component: Any, docs: Sequence[Any], names: Sequence[str], rounds: int) -> list[Any]:
    """Run without each in turns. RETURNS (list): A row each."""
    network = network_shim(component.model).checkpoint.network
    seconds: dict[str, list[float]] = {name: [] for name in names}
    found: dict[str, set[Any]] = {}
    for turn in range(rounds + 1):
        for name in names:
            with ExitStack() as stack:
                for make in LEVERS[name]:
                    stack.enter_context(make())
                forget(network)  # what is kept may be of a form that this way cannot use
                component.predict(docs[:2])
                started = time.perf_counter()
                predictions = component.predict(docs)
                if turn:
                    seconds[name].append(time.perf_counter() - started)
            spans = ((i, s) for i, p in enumerate(predictions) for s in p.spans)
            found[name] = {(i, s.start, s.end, s.label) for i, s in spans}
    base = statistics.median(seconds["all of them"])
    same = found["all of them"]
    return [
        {
            "without": name,
            "times_slower": round(statistics.median(times) / base, 3),
            "seconds": times,
            "other_entities": len(found[name] ^ same),
        }
        for name, times in seconds.items()
    ]


def main() -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--corpora", type=Path, required=True)
    add("--checkpoint", nargs="+", default=["packaged"], help="a folder, or of speed_checkpoints")
    add("--mix", choices=list(SOURCES), default="abstracts")
    add("--labels", type=int, default=10)
    add("--precisions", nargs="+", default=["float32", "bfloat16"])
    add("--words", type=int, default=4000)
    add("--rounds", type=int, default=3)
    add("--only", nargs="+", choices=list(LEVERS), default=list(LEVERS), help="these levers")
    add("--output", type=Path)
    arguments = parser.parse_args()
    texts = read_texts(arguments.corpora, arguments.mix, arguments.words)
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.checkpoint:
            folder = checkpoint_folder(name, Path(work))
            for precision in arguments.precisions:
                nlp = spacy.blank("en")
                model = {"checkpoint": str(folder)}
                labels = make_labels(arguments.labels)
                config = {"labels": labels, "model": model, "precision": precision}
                component: Any = nlp.add_pipe("gliner_biomed", config=config)
                docs = [nlp.make_doc(text) for text in texts]
                component.predict(docs[:1])
                names = levers_of(network_shim(component.model).checkpoint.config, precision)
                names = [name for name in names if name in ["all of them", *arguments.only]]
                for row in measure(component, docs, names, arguments.rounds):
                    rows.append({"checkpoint": name, "precision": precision, **row})
                    shown = f"{row['times_slower']:.2f}x {row['without']}"
                    print(f"{name} {precision} {shown} ({row['other_entities']} entities)")
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()

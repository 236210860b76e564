"""Speed of models with relations beside the GLiNER package, on the same weights and texts.

    python -m benchmarks.speed.relations --corpora FOLDER --output FILE

Checkpoints of spans and of tokens are made with the package. The one of spans has the packaged
model's weights, so that it finds entities; its relations are random, scaled so that some are found.
That of tokens is all random and of the same size: it finds hardly any entity, so that its figures
are those of the encoder and of the tokens' scores.

Both systems run in one process with one thread and take turns, each round with other texts. Seconds
are CPU time of the process, so that other load counts little; a ratio is the median over the
rounds.
"""

import json
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from benchmarks.common import make_parser, markdown, write_results
from benchmarks.speed.checkpoints import MINILM
from benchmarks.speed.texts import count_words, cut, make_labels, read_texts
from spacy_gliner_biomed.models.hub import PACKAGED_FOLDER

CLASSES = {"span": "UniEncoderSpanRelexGLiNER", "token": "UniEncoderTokenRelexGLiNER"}
RELATIONS = ["treats", "causes", "is associated with", "inhibits", "is located in"]
MAX_LEN = 384  # words; the package drops what is beyond
N_LABELS, THRESHOLD, RELATION_THRESHOLD = 10, 0.5, 0.5
RELATED = 0.01  # of the pairs of entities, for each relation

# From texts to the numbers of entities and relations.
Run = Callable[[Sequence[str]], tuple[int, int]]


def make_encoder(folder: Path) -> Path:
    """Write the config of the encoder and the packaged tokenizer, in Hugging Face's form."""
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(PACKAGED_FOLDER / name, folder / name)
    size = json.loads((PACKAGED_FOLDER / "gliner_config.json").read_text())["vocab_size"]
    config = {**MINILM, "vocab_size": size, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf8")
    return folder


def make_related(kind: str, layer: str, encoder: Path, texts: Sequence[str], folder: Path) -> Path:
    """Make a random checkpoint with the GLiNER package.

    kind (str): "span" or "token".
    layer (str): The `relations_layer`.
    encoder (Path): A folder with a config and a tokenizer.
    texts (Sequence[str]): What its scores are scaled with.
    folder (Path): Made.
    RETURNS (Path): The folder.
    """
    from gliner import model as module

    of_encoder = json.loads((encoder / "config.json").read_text(encoding="utf8"))
    config = {
        "model_name": str(encoder),
        "encoder_config": of_encoder,
        "hidden_size": of_encoder["hidden_size"],
        "max_len": MAX_LEN,
        "num_rnn_layers": 0,  # as the packaged model
        "relations_layer": layer,
        "span_mode": "token_level" if kind == "token" else "markerV0",
    }
    torch.manual_seed(0)
    made = getattr(module, CLASSES[kind])
    model = made.load_from_config(config, backbone_from_pretrained=False).eval()
    with torch.no_grad():
        _copy_packaged(model) if kind == "span" else _scale_tokens(model, texts)
        _scale_relations(model, texts)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def _copy_packaged(model: Any) -> None:
    """Copy the packaged model's weights, where they have the names and shapes of the model's."""
    packaged = load_file(PACKAGED_FOLDER / "model.safetensors")
    for name, weight in model.model.state_dict().items():
        ours = packaged.get(name)
        # The embedding has a few more rows, for the tokens of relations.
        if ours is not None and ours.shape[1:] == weight.shape[1:] and len(ours) <= len(weight):
            weight[: len(ours)] = ours


def _scale_tokens(model: Any, texts: Sequence[str]) -> None:
    """One word in a hundred begins an entity of a label, or ends one; nearly all are inside."""
    logits = _output(model, texts, 0.999).logits
    last = model.model.scorer.out_mlp[3]
    low, high = torch.quantile(logits.flatten(0, -2), torch.tensor([0.5, 0.99]), dim=0)
    scale = 3 / (high - low)
    shift = -3 - low * scale + torch.tensor([0.0, 0.0, 6.0])
    last.weight[: len(scale)] *= scale[:, None]
    last.bias[: len(scale)] = last.bias[: len(scale)] * scale + shift


def _scale_relations(model: Any, texts: Sequence[str]) -> None:
    """Let a share of the pairs be above the threshold for each relation."""
    output = _output(model, texts, THRESHOLD)
    logits = output.rel_logits[output.rel_mask.bool()]
    if logits.numel() < 2:
        return
    last, scale = model.model.pair_rep_layer[3], 1 / logits.std().clamp(min=1e-3)
    last.weight *= scale
    last.bias *= scale
    # A step along the prompts' mean adds about the same to all logits.
    mean = output.rel_prompts_embedding.mean((0, 1))
    last.bias -= scale * torch.quantile(logits, 1 - RELATED) * mean / mean.square().sum()


def _output(model: Any, texts: Sequence[str], threshold: float) -> Any:
    prepared = model.prepare_batch(list(texts), make_labels(N_LABELS), relations=RELATIONS)
    batch = model.collate_batch(
        prepared["input_x"],
        prepared["entity_types"],
        relation_types=prepared["relation_types"],
        label_names=prepared["label_names"],
    )
    return model.run_batch(batch, threshold=threshold, adjacency_threshold=0.0)


def load_ours(checkpoint: Path) -> Run:
    """Load the component of this package."""
    import spacy

    nlp = spacy.blank("en")
    relations = [{"relation": name, "threshold": RELATION_THRESHOLD} for name in RELATIONS]
    config = {
        "labels": make_labels(N_LABELS),
        "relations": relations,
        "threshold": THRESHOLD,
        "model": {"checkpoint": str(checkpoint)},
        "alignment": "split",  # leaves out nothing
        "device": "cpu",
    }
    nlp.add_pipe("gliner_biomed", config=config)

    def run(texts: Sequence[str]) -> tuple[int, int]:
        docs = list(nlp.pipe(texts))
        return sum(len(doc.spans["sc"]) for doc in docs), sum(len(d._.relations) for d in docs)

    return run


def load_package(checkpoint: Path, batch_size: int) -> Run:
    """Load the GLiNER package; relations that it repeats are counted once."""
    from gliner import GLiNER

    model = GLiNER.from_pretrained(str(checkpoint), local_files_only=True)
    options = {"threshold": THRESHOLD, "relation_threshold": RELATION_THRESHOLD}

    def run(texts: Sequence[str]) -> tuple[int, int]:
        entities, relations = model.inference(
            list(texts), make_labels(N_LABELS), RELATIONS, batch_size=batch_size, **options
        )
        return sum(map(len, entities)), sum(map(_count_once, relations))

    return run


def _count_once(relations: Sequence[dict[str, Any]]) -> int:
    ends = ([(r[x]["start"], r[x]["end"]) for x in ("head", "tail")] for r in relations)
    pairs = zip(ends, relations, strict=True)
    return len({(head, tail, r["relation"]) for (head, tail), r in pairs if head != tail})


def measure(systems: dict[str, Run], turns: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Run the systems in turns; the first turn is not counted.

    systems (dict[str, Run]): "ours" and "gliner".
    turns (Sequence[Sequence[str]]): The texts of each.
    RETURNS (dict[str, Any]): CPU seconds, words a second, ratios, entities and relations.
    """
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    counts = {name: [0, 0] for name in systems}
    for texts in turns:
        for name, run in systems.items():
            started = time.process_time()
            found = run(texts)
            seconds[name].append(time.process_time() - started)
            counts[name] = [a + b for a, b in zip(counts[name], found, strict=True)]
    n_words = [sum(map(count_words, texts)) for texts in turns[1:]]
    row: dict[str, Any] = {"words": sum(n_words)}
    for name in systems:
        rates = [n / s for n, s in zip(n_words, seconds[name][1:], strict=True)]
        row[f"{name}_words_s"] = round(statistics.median(rates), 1)
        row[f"{name}_entities"], row[f"{name}_relations"] = counts[name]
        row[f"{name}_seconds"] = [round(s, 3) for s in seconds[name][1:]]
    pairs = zip(seconds["gliner"][1:], seconds["ours"][1:], strict=True)
    row["ratios"] = [round(theirs / ours, 3) for theirs, ours in pairs]
    return {**row, "ratio": statistics.median(row["ratios"])}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the checkpoints, measure, and print a table."""
    parser = make_parser(__doc__)
    parser.add_argument("--kinds", nargs="+", choices=CLASSES, default=list(CLASSES))
    parser.add_argument("--relations-layer", default="dot")
    parser.add_argument("--encoder", type=Path, help="folder of a config and a tokenizer")
    parser.add_argument("--words", type=int, default=1000, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=8, help="texts, for the GLiNER package")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    n_turns = given.rounds + 1
    texts = read_texts(given.corpora, "abstracts", n_turns * given.words)
    pieces = [piece for text in texts for piece in cut(text, MAX_LEN // 2)]
    turns = [pieces[turn::n_turns] for turn in range(n_turns)]
    rows = []
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as work:
        warnings.simplefilter("ignore")
        encoder = given.encoder or make_encoder(Path(work) / "encoder")
        for kind in given.kinds:
            folder = Path(work) / kind
            make_related(kind, given.relations_layer, encoder, turns[0][:4], folder)
            systems = {
                "ours": load_ours(folder),
                "gliner": load_package(folder, given.batch_size),
            }
            row = {"kind": kind, "relations_layer": given.relations_layer}
            rows.append({**row, **measure(systems, turns)})
    columns = ["kind", "words", "ours_words_s", "gliner_words_s", "ratio"]
    columns += ["ours_entities", "gliner_entities", "ours_relations", "gliner_relations"]
    print(markdown(columns, [[str(row[name]) for name in columns] for row in rows]))
    write_results(given.output, rows, given)


if __name__ == "__main__":
    main()

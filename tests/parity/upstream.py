"""Random checkpoints made by the GLiNER package, and what it finds with them.

`import_gliner` is called by each test file before all else: importing the package warns.
"""

import json
import random
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from spacy_gliner_biomed.nn.checkpoint_tensors import read_tensors
from tests.parity.encoders import encoder_config, encoder_folder, sentences
from tests.parity.recipes import Recipe

LABELS = ["disease", "drug dosage", "Gene/protein", "cell line"]
KEYS_OF_LATER_VERSIONS = ("class_token_index", "vocab_size", "encoder_config", "num_rnn_layers")


def import_gliner() -> Any:
    """The GLiNER package, or the test file is skipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("gliner", reason="needs the extra 'parity'")


def make_checkpoint(recipe: Recipe, folder: Path) -> Path:
    """Make a checkpoint with the GLiNER package.

    RETURNS (Path): The folder `checkpoint` in `folder`.
    """
    encoder = encoder_folder(recipe.encoder, folder / "encoder")
    of_encoder = encoder_config(recipe.encoder)
    if recipe.exact:
        of_encoder["vocab_size"] = len(transformers.AutoTokenizer.from_pretrained(str(encoder)))
    config = {
        "model_name": str(encoder),
        "encoder_config": of_encoder,
        "hidden_size": 32,
        "max_width": 4,
        "max_len": 400,
        **recipe.values,
    }
    if recipe.labels_encoder:
        labels = encoder_folder(recipe.labels_encoder, folder / "labels_encoder")
        config |= {
            "labels_encoder": str(labels),
            "labels_encoder_config": encoder_config(recipe.labels_encoder),
        }
    torch.manual_seed(recipe.seed)
    model = _class(config).load_from_config(config, backbone_from_pretrained=False)
    _scale_up(model)
    if recipe.precomputed:
        model.compress_prompt_embeddings(sentences(8, 10), LABELS)
    _spread_scores(model)
    checkpoint = folder / "checkpoint"
    model.save_pretrained(checkpoint, safe_serialization=recipe.safe)
    if recipe.legacy:
        _age(checkpoint)
    return checkpoint


@cache
def texts(seed: int = 0) -> tuple[str, ...]:
    """50 texts of 1 to 400 words, as GLiNER counts words."""
    gliner = import_gliner()
    split = gliner.data_processing.WordsSplitter("whitespace")
    choose = random.Random(seed)
    lengths = [1, 2, 400, *(round(400 ** choose.random() ** 1.8) for _ in range(47))]
    made = []
    for i, length in enumerate(lengths):
        text = "  ".join(sentences(seed + i, 1 + length // 8)) + "\n"
        ends = [end for _, _, end in split(text)]
        made.append(text[: ends[length - 1]])
    return tuple(made)


class Reference:
    """The GLiNER package on a checkpoint, one text at a time.

    folder (Path): Of the checkpoint.
    dtype (torch.dtype): That everything is computed in.
    """

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float32) -> None:
        gliner = import_gliner()
        self.model = gliner.GLiNER.from_pretrained(str(folder), local_files_only=True)
        self.model.model.to(dtype)
        self.is_token = self.model.config.span_mode == "token_level"
        self.represents_spans = self.is_token and self.model.config.represent_spans
        if self.model.config.precomputed_prompts_mode:
            self._restore_prompts(read_tensors(folder)["precomputed_prompts"].to(dtype))

    def _restore_prompts(self, prompts: torch.Tensor) -> None:
        """The package writes its stored labels, but does not read them again."""
        self.model.model.set_precomputed_prompts(LABELS, prompts)
        self.model.config.id_to_classes = dict(enumerate(LABELS, start=1))

    @cache  # noqa: B019
    def forward(
        self, text: str, threshold: float = 0.5
    ) -> tuple[dict[str, Any], Any, dict[str, Any]]:
        """The package's batch of this text alone, its output, and its word offsets."""
        prepared = self.model.prepare_batch([text], LABELS)
        batch = self.model.collate_batch(
            prepared["input_x"], prepared["entity_types"], label_names=prepared["label_names"]
        )
        return batch, self.model.run_batch(batch, threshold=threshold), prepared

    def input_ids(self, text: str) -> list[int]:
        ids: list[int] = self.forward(text)[0]["input_ids"][0].tolist()
        return ids

    def logits(self, text: str) -> np.ndarray:
        """Of spans (W, K, C), or of tokens (W, C, 3), with spans after them (W, C, 3 + K)."""
        logits: np.ndarray = self.forward(text)[1].logits[0].numpy()
        return (
            np.concatenate([logits, self._of_spans(text)], -1) if self.represents_spans else logits
        )

    def _of_spans(self, text: str) -> np.ndarray:
        """Of spans that a token model scores again; minus infinity beyond the text. # (W, C, K)"""
        batch, output, _ = self.forward(text)
        n_words, n_widths = output.logits.size(1), self.model.config.max_width
        starts = torch.arange(n_words).repeat_interleave(n_widths)
        ends = starts + torch.arange(n_widths).repeat(n_words)
        spans = torch.stack([starts, ends.clamp(max=n_words - 1)], dim=1)[None]
        mask = torch.ones(spans.shape[:2], dtype=torch.bool)
        with torch.inference_mode():
            found = self.model.model(**batch, span_idx=spans, span_mask=mask).span_logits
        found = found.masked_fill((ends >= n_words)[None, :, None], float("-inf"))
        logits: np.ndarray = found.view(n_words, n_widths, -1).transpose(1, 2).numpy()
        return logits

    @cache  # noqa: B019  it lives as long as its checkpoint
    def entities(self, text: str, **options: Any) -> list[tuple[int, int, str, float]]:
        """Start, end, label and score of each entity."""
        threshold = options.get("threshold", 0.5) if self.represents_spans else 0.5
        batch, output, prepared = self.forward(text, threshold)
        decoded = self.model.decode_batch(output, batch, **options)
        keys = ("valid_texts", "valid_to_orig_idx", "start_token_map", "end_token_map")
        (found,) = self.model.map_entities_to_text(
            decoded, *(prepared[key] for key in keys), prepared["num_original"]
        )
        entities = [(e["start"], e["end"], e["label"], e["score"]) for e in found]
        # With `multi_label`, a span that several labels show is given once for each of them.
        return list(dict.fromkeys(entities)) if self.represents_spans else entities


def _class(config: dict[str, Any]) -> Any:
    from gliner import model

    token = config.get("span_mode") == "token_level"
    if "labels_encoder" in config:
        return model.BiEncoderTokenGLiNER if token else model.BiEncoderSpanGLiNER
    return model.UniEncoderTokenGLiNER if token else model.UniEncoderSpanGLiNER


def _scale_up(model: Any) -> None:
    """Random weights of their usual size give logits near 0, which hide errors: encoders times
    8, the rest times 3.
    """
    with torch.no_grad():
        for name, parameter in model.model.named_parameters():
            if parameter.dim() > 1:
                parameter *= 8 if "token_rep_layer" in name else 3
    model.eval()


def _spread_scores(model: Any) -> None:
    """Scale the last layer so that scores spread over 0..1, with few entities (the package takes
    long to decode many) and few scores so near 1 that they tie.
    """
    with torch.no_grad():
        prepared = model.prepare_batch(sentences(9, 40), LABELS)
        batch = model.collate_batch(prepared["input_x"], prepared["entity_types"])
        if model.config.span_mode == "token_level":
            last = model.model.scorer.out_mlp[3]
            _spread_out(last, model.run_batch(batch).logits, middle=-2.5, top=2, at=0.9)
            if model.config.represent_spans:
                of_spans = model.run_batch(batch, threshold=0.1).span_logits
                last = model.model.span_rep_layer.span_rep_layer.out_project[3]
                last.weight *= 3 / of_spans.std()
                last.bias *= 3 / of_spans.std()
        else:
            last = model.model.prompt_rep_layer[3]
            _add_constant(model.model.span_rep_layer.span_rep_layer.out_project)
            last.weight[0] = last.bias[0] = 0
            logits = model.run_batch(batch).logits[..., None]
            _spread_out(last, logits, middle=-4, top=2, at=0.98)


def _spread_out(last: Any, logits: torch.Tensor, *, middle: float, top: float, at: float) -> None:
    """Scale the last layer and shift its first outputs, one for each of the logits' last axis,
    so that the median of these becomes `middle`, and their quantile `at` becomes `top`.
    """
    low, high = torch.quantile(logits.flatten(0, -2), torch.tensor([0.5, at]), dim=0)  # (1 or 3,)
    factors = (top - middle) / (high - low)
    last.weight *= factors[:, None]
    last.bias *= factors
    last.bias[: len(factors)] += middle - low * factors


def _add_constant(out_project: Any) -> None:
    """Make the first feature of each span 1, so that a label's first feature is its bias."""
    last = out_project[3] if isinstance(out_project, torch.nn.Sequential) else out_project
    last.weight[0] = 0
    last.bias[0] = 1


def _age(checkpoint: Path) -> None:
    for path in checkpoint.iterdir():
        if path.name not in ("gliner_config.json", "pytorch_model.bin"):
            path.unlink()
    edit_config(checkpoint, dict.fromkeys(KEYS_OF_LATER_VERSIONS))


def edit_config(checkpoint: Path, changes: dict[str, Any]) -> None:
    """Change keys of `gliner_config.json`; None removes one."""
    path = checkpoint / "gliner_config.json"
    config = {**json.loads(path.read_text(encoding="utf8")), **changes}
    config = {key: value for key, value in config.items() if value is not None}
    path.write_text(json.dumps(config), encoding="utf8")


def probabilities(logits: np.ndarray) -> np.ndarray:
    scores: np.ndarray = 1 / (1 + np.exp(-logits))
    return scores

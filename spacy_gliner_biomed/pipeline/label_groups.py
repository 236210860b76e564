"""Groups of labels that a row asks for together: their prompt and their columns."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.calibration import Calibration
from spacy_gliner_biomed.models.catalogue import NO_LABELS, Catalogue
from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.pipeline.decoding import threshold_logits
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.tokenization.prompts import (
    Prompt,
    bare_prompt,
    encode_prompts,
    stored_prompt,
)
from spacy_gliner_biomed.training.prompt_forms import in_words
from spacy_gliner_biomed.types import FloatArray, IntArray


@dataclass(frozen=True)
class LabelGroup:
    """Labels that are asked for together.

    prompt (Prompt): Their prompt; labels with the same text share a column of the logits.
    labels (IntArray): Their indices among the settings' labels. # (C,)
    columns (list[int] | None): The column of each; None if they are the columns in order.
    thresholds (FloatArray): Of calibrated scores. # (C,)
    shifts (FloatArray): What the calibration adds to their scaled logits. # (C,)
    min_logits (FloatArray): Raw logits that a span has to exceed for one of a column's labels.
        # (columns,)
    """

    prompt: Prompt
    labels: IntArray
    columns: list[int] | None
    thresholds: FloatArray
    shifts: FloatArray
    min_logits: FloatArray

    @classmethod
    def of(
        cls,
        prompt: Prompt,
        settings: Settings,
        calibration: Calibration,
        catalogue: Catalogue = NO_LABELS,
    ) -> "LabelGroup":
        """Make the group of a prompt's labels.

        prompt (Prompt): The prompt.
        settings (Settings): All labels with their thresholds.
        calibration (Calibration): The checkpoint's.
        catalogue (Catalogue): Its labels.
        RETURNS (LabelGroup): The group.
        """
        column_of = {text: column for column, text in enumerate(prompt.texts)}
        asked = [i for i, spec in enumerate(settings.labels) if spec.prompt in column_of]
        specs = [settings.labels[i] for i in asked]
        columns = [column_of[spec.prompt] for spec in specs]
        in_order = columns == list(range(len(prompt.texts)))
        labels = np.array(asked, dtype=np.int32)
        thresholds = settings.thresholds(specs)
        shifts = calibration.shifts([spec.prompt for spec in specs], catalogue)
        raw = calibration.uncalibrated(threshold_logits(thresholds), shifts)
        min_logits = np.full(len(prompt.texts), np.inf, dtype=np.float32)
        np.minimum.at(min_logits, columns, raw)
        return cls(prompt, labels, None if in_order else columns, thresholds, shifts, min_logits)

    def of_labels(self, logits: FloatArray) -> FloatArray:
        """Select the labels' columns of logits. # (N, columns, ..) -> (N, C, ..)"""
        return logits if self.columns is None else logits[:, self.columns]  # nothing is copied


def encode_labels(
    texts: Sequence[str], checkpoint: Checkpoint, budget: int, relations: Sequence[str] = ()
) -> list[Prompt]:
    """Encode labels as the prompts of a checkpoint's kind.

    texts (Sequence[str]): The labels' prompts. If the checkpoint reads `labels_in_words`, those in
        CamelCase or snake_case are encoded as words, and other forms of a prompt of training, such
        as its plural, as that prompt.
    checkpoint (Checkpoint): The checkpoint.
    budget (int): Maximum number of subtokens in a prompt.
    relations (Sequence[str]): The prompts of relations, which follow each group of labels; only
        for a checkpoint with relations.
    RETURNS (list[Prompt]): See `tokenization.prompts.encode_prompts`.
    RAISES (ValueError): If a label or the relations do not fit.
    """
    config, subtokens = checkpoint.config, checkpoint.subtokens
    if config.bi_encoder or not texts:
        return [bare_prompt(texts)] if texts else []
    sep_id = subtokens.token_id(config.sep_token)
    assert sep_id is not None  # checked when the checkpoint was read
    if config.precomputed_labels:
        return [stored_prompt(texts, config.precomputed_labels, sep_id)]
    related = _encode_relations(relations, checkpoint, sep_id) if config.relations_layer else None
    n_related = 0 if related is None else len(related.input_ids)
    if n_related > budget // 2:
        raise ValueError(Errors.E281.format(n=n_related, limit=budget // 2))
    prompts = encode_prompts(
        _as_read(texts, checkpoint),
        subtokens,
        ent_id=config.class_token_index,
        sep_id=sep_id,
        ent_token=config.ent_token,
        after_marker=not config.embed_ent_token,
        budget=budget - n_related,
    )
    prompts = _with_texts(prompts, texts)
    return prompts if related is None else [each.followed_by(related) for each in prompts]


def prompt_keys(texts: Sequence[str], checkpoint: Checkpoint) -> list[bytes]:
    """Return what the network reads of each prompt. It cannot tell equal ones apart, such as "drug"
    and "DRUG" with a tokenizer that ignores case.

    texts (Sequence[str]): The prompts.
    checkpoint (Checkpoint): The checkpoint.
    RETURNS (list[bytes]): A key of each.
    RAISES (ValueError): If a prompt of a bi-encoder has no subtoken, or too many.
    """
    if not texts or checkpoint.config.precomputed_labels:
        return [text.encode("utf8") for text in texts]
    if checkpoint.label_subtokens is not None:
        return [checkpoint.label_subtokens.encode_sequence(text).tobytes() for text in texts]
    ids, counts = checkpoint.subtokens.encode(_as_read(texts, checkpoint))
    return [piece.tobytes() for piece in np.split(ids, np.cumsum(counts)[:-1])]


def with_shared_prompts(settings: Settings, checkpoint: Checkpoint) -> Settings:
    """Return settings in which prompts that the network cannot tell apart are the first of them.

    settings (Settings): The settings.
    checkpoint (Checkpoint): The checkpoint.
    RETURNS (Settings): The same settings if there are none.
    """
    prompts = list(dict.fromkeys(spec.prompt for spec in settings.labels))
    keys = prompt_keys(prompts, checkpoint)
    first: dict[bytes, str] = {}
    shared = {p: first.setdefault(key, p) for p, key in zip(prompts, keys, strict=True)}
    if len(first) == len(prompts):
        return settings
    labels = [replace(spec, prompt=shared[spec.prompt]) for spec in settings.labels]
    return replace(settings, labels=list(dict.fromkeys(labels)))


def _as_read(texts: Sequence[str], checkpoint: Checkpoint) -> list[str]:
    """Return prompts as the checkpoint's network reads them."""
    if not checkpoint.labels_in_words:
        return list(texts)
    return [checkpoint.catalogue.as_trained(text) or in_words(text) for text in texts]


def _with_texts(prompts: Sequence[Prompt], texts: Sequence[str]) -> list[Prompt]:
    """Name the labels of prompts as they were asked, in the same order."""
    left = iter(texts)
    return [replace(p, texts=tuple(itertools.islice(left, len(p.texts)))) for p in prompts]


def _encode_relations(texts: Sequence[str], checkpoint: Checkpoint, sep_id: int) -> Prompt:
    """Encode relations, of which there may be none: the last marker is always there."""
    config, subtokens = checkpoint.config, checkpoint.subtokens
    rel_id = subtokens.token_id(config.rel_token)
    assert rel_id is not None  # checked when the checkpoint was read
    found = encode_prompts(
        _as_read(texts, checkpoint),
        subtokens,
        ent_id=rel_id,
        sep_id=sep_id,
        ent_token=config.rel_token,
        after_marker=not config.embed_rel_token,
    )
    return found[0] if found else stored_prompt((), (), sep_id)

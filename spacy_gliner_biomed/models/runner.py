"""Run a network on rows or names, forward and backward."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor

from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.models.collate import (
    LABEL_STEP,
    collate_rows,
    collate_spans,
    distinct_prompts,
    logits_by_row,
    pad_arrays,
    pad_gradients,
    share_prompts,
    spans_by_row,
    to_pair_logits,
    to_related_logits,
)
from spacy_gliner_biomed.models.label_vectors import LabelVectors
from spacy_gliner_biomed.models.trainer import set_dropout
from spacy_gliner_biomed.nn.computing import backward_precision, forward_precision
from spacy_gliner_biomed.nn.label_encoding import BiEncoder, mean_state
from spacy_gliner_biomed.nn.layers import inside_rows
from spacy_gliner_biomed.nn.network_base import RowBatch
from spacy_gliner_biomed.nn.networks import SpanNetwork, TokenNetwork
from spacy_gliner_biomed.nn.precision import effective_precision
from spacy_gliner_biomed.nn.relation_networks import RelationNetwork
from spacy_gliner_biomed.nn.relation_scoring import PairMinimum
from spacy_gliner_biomed.nn.selection import SelectedSpans
from spacy_gliner_biomed.tokenization.rows import length_batches
from spacy_gliner_biomed.types import (
    FloatArray,
    IntArray,
    PairLogits,
    Precision,
    RelatedLogits,
    Row,
    SpanLogits,
    SpanPairs,
)

NAME_SUBTOKENS, NAME_BATCH = 64, 2048  # maximum subtokens of a name, and of a batch of names


class NetworkRunner:
    """Runs the network of a checkpoint.

    checkpoint (Checkpoint): A checkpoint whose network is on the device.
    device (torch.device): The device.
    precision (Precision): "float32" is exact. The others compute matrix products in 16 bits if this
        is faster on the device, see `nn.precision`.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device, precision: Precision) -> None:
        self.checkpoint, self.device = checkpoint, device
        self.precision = effective_precision(precision, device)
        self._forward = partial(forward_precision, self.precision, device)
        self._backward = partial(backward_precision, self.precision, device)
        self.label_vectors = LabelVectors()

    def logits(self, rows: Sequence[Row]) -> list[FloatArray]:
        """Compute all logits of each row.

        rows (Sequence[Row]): At least one row.
        RETURNS (list[FloatArray]): Logits of spans (W, K, C) or of tokens (W, C, 3).
        """
        with torch.inference_mode(), self._forward():
            logits = self._score(rows, self._cached_labels)
        return self._per_row(logits.float().cpu().numpy(), rows)

    def span_logits(
        self, rows: Sequence[Row], min_logits: Sequence[FloatArray]
    ) -> list[SpanLogits]:
        """Select the spans with a logit above its label's minimum, and return their logits.

        Spans are selected on the device; the logits of others are not copied to the CPU.

        rows (Sequence[Row]): At least one row, for a span network.
        min_logits (Sequence[FloatArray]): The labels' minimum logits for each row; rows may share
            one array. # (C,) each
        RETURNS (list[SpanLogits]): The selected spans of each row.
        """
        with torch.inference_mode(), self._forward():
            spans = self._select(rows, self._pad_min_logits(min_logits))
        return spans_by_row(spans, rows)

    def related_spans(
        self,
        rows: Sequence[Row],
        min_logits: Sequence[FloatArray],
        min_relations: FloatArray,
        min_adjacency: float,
    ) -> list[tuple[SpanLogits, PairLogits]]:
        """Select spans as `span_logits` does, and pairs of them, in one forward pass.

        rows (Sequence[Row]): At least one row, with relations, for a network that has some.
        min_logits (Sequence[FloatArray]): As for `span_logits`.
        min_relations (FloatArray): The relations' minimum logits. # (R,)
        min_adjacency (float): The probability of related entities that a pair has to exceed.
        RETURNS (list[tuple[SpanLogits, PairLogits]]): The spans and the pairs of each row.
        """
        network = self.checkpoint.network
        assert isinstance(network, RelationNetwork)
        minimum = PairMinimum(torch.from_numpy(min_relations).to(self.device), min_adjacency)
        with torch.inference_mode(), self._forward():
            spans, pairs = network.select_related(
                self._collate(rows), self._pad_min_logits(min_logits), minimum
            )
        return list(zip(spans_by_row(spans, rows), map(to_pair_logits, pairs), strict=True))

    def embed(self, rows: Sequence[Row]) -> FloatArray:
        """Return the mean vector of each row's words.

        rows (Sequence[Row]): At least one row.
        RETURNS (FloatArray): # (B, D)
        """
        batch = self._collate(rows)
        with torch.inference_mode(), self._forward():
            _, words = self.checkpoint.network.vectors(batch)
        total = (words.float() * inside_rows(batch.n_words, words)[..., None]).sum(dim=1)
        n_words = batch.n_words.to(words.device)[:, None]
        mean: FloatArray = (total / n_words.clamp(min=1)).cpu().numpy()
        return mean

    def embed_names(self, names: Sequence[str]) -> FloatArray:
        """Return unit vectors of names: the mean state of a bi-encoder's label encoder, or of the
        text encoder of any other network.

        names (Sequence[str]): Any strings.
        RETURNS (FloatArray): # (N, H)
        """
        encoder, subtokens = self.checkpoint.name_encoder
        encoded = subtokens.encode_names(names, NAME_SUBTOKENS)
        vectors = np.zeros((len(names), 0), dtype=np.float32)
        for batch in length_batches(list(map(len, encoded)), NAME_BATCH):
            ids, mask = self._pad_ids([encoded[i] for i in batch], subtokens.pad_id)
            with torch.inference_mode(), self._forward():
                mean = mean_state(encoder, ids, mask)
            unit = torch.nn.functional.normalize(mean.float(), dim=-1).cpu().numpy()
            if not vectors.size:
                vectors = np.zeros((len(names), unit.shape[1]), dtype=np.float32)
            vectors[batch] = unit
        return vectors

    def begin_update(
        self, rows: Sequence[Row], dropout: float
    ) -> tuple[list[FloatArray], Callable[[Sequence[FloatArray]], None]]:
        """Compute all logits with dropout.

        rows (Sequence[Row]): At least one row.
        dropout (float): The rate of all dropout layers, from 0 to 1.
        RETURNS (tuple): The logits of each row, see `logits`; and a function that gets their
            gradients and accumulates the gradients of the weights.
        """
        with self._training(dropout):
            logits = self._score(rows, self._new_labels, training=True).float()

        def backprop(gradients: Sequence[FloatArray]) -> None:
            with self._backward():
                logits.backward(self._pad(gradients, logits, rows))  # type: ignore[no-untyped-call]

        return self._per_row(logits.detach().cpu().numpy(), rows), backprop

    def begin_related(
        self, rows: Sequence[Row], spans: Sequence[SpanPairs], dropout: float
    ) -> tuple[list[RelatedLogits], Callable[[Sequence[RelatedLogits]], None]]:
        """Compute the logits of entities and of the relations between given ones, with dropout.

        rows (Sequence[Row]): At least one row, with relations, for a network that has some.
        spans (Sequence[SpanPairs]): The spans and pairs of each row.
        dropout (float): As for `begin_update`.
        RETURNS (tuple): The logits of each row; and a function that gets their gradients, in the
            same form, and accumulates the gradients of the weights.
        """
        network = self.checkpoint.network
        assert isinstance(network, RelationNetwork)
        batch = self._collate(rows, training=True)
        with self._training(dropout):
            logits, scored = network.score_related(batch, *collate_spans(spans, self.device))
            logits = logits.float()

        def backprop(gradients: Sequence[RelatedLogits]) -> None:
            of_entities = [each.entities for each in gradients]
            outputs, given = [logits], [self._pad(of_entities, logits, rows)]
            for (related, pairs), gradient in zip(scored, gradients, strict=True):
                for output, each in ((related, gradient.related), (pairs, gradient.pairs)):
                    if output is not None and each is not None and output.requires_grad:
                        outputs.append(output)
                        given.append(torch.from_numpy(each).to(output.device, output.dtype))
            with self._backward():
                torch.autograd.backward(outputs, given)

        entities = self._per_row(logits.detach().cpu().numpy(), rows)
        return list(map(to_related_logits, entities, scored)), backprop

    @contextmanager
    def _training(self, dropout: float) -> Iterator[None]:
        """Compute with gradients and dropout."""
        network = self.checkpoint.network.train()
        set_dropout(network, dropout)
        try:
            with torch.enable_grad(), self._forward():
                yield
        finally:
            network.eval()

    def _score(
        self,
        rows: Sequence[Row],
        encode_labels: Callable[[Sequence[str]], Tensor],
        *,
        training: bool = False,
    ) -> Tensor:
        """Compute the logits of all rows, padded. # (B, W, K, C) or (B, W, C, 3 or 3 + K)"""
        network, batch = self.checkpoint.network, self._collate(rows, training=training)
        queries = self._queries(rows, encode_labels, LABEL_STEP if training else 1)
        logits: Tensor = network(batch, queries)
        return logits

    def _select(self, rows: Sequence[Row], min_logits: Tensor) -> SelectedSpans:
        """Select the spans above the minimum logits. # min_logits: (B, C) or (1, C)"""
        network = self.checkpoint.network
        assert isinstance(network, SpanNetwork | TokenNetwork)
        queries = self._queries(rows, self._cached_labels)
        return network.select(self._collate(rows), min_logits, queries)

    def _queries(
        self, rows: Sequence[Row], encode: Callable[[Sequence[str]], Tensor], step: int = 1
    ) -> Tensor | None:
        """Return the labels of rows that are not in the rows themselves, if there are any.

        rows (Sequence[Row]): The rows.
        encode (Callable): Encodes the labels of a bi-encoder.
        step (int): The padded number of labels is a multiple of this.
        RETURNS (Tensor | None): For each row, or shared. # (B, C, D) or (C, D)
        """
        network = self.checkpoint.network
        if network.precomputed_prompts is not None:
            encode = self._stored_labels
        elif not isinstance(network, BiEncoder):
            return None
        prompts = distinct_prompts(rows)
        queries = encode(prompts)
        if share_prompts(rows, prompts):
            return queries
        column_of = {prompt: column for column, prompt in enumerate(prompts)}
        columns = [np.array([column_of[prompt] for prompt in row.prompts]) for row in rows]
        return queries[torch.from_numpy(pad_arrays(columns, 0, step)).to(queries.device)]

    def _collate(self, rows: Sequence[Row], *, training: bool = False) -> RowBatch:
        pad_id = self.checkpoint.subtokens.pad_id
        return collate_rows(rows, pad_id=pad_id, device=self.device, training=training)

    def _pad_min_logits(self, min_logits: Sequence[FloatArray]) -> Tensor:
        """Pad with infinity, which no logit exceeds. # (B, C), or (1, C) if rows share one array"""
        shared = all(each is min_logits[0] for each in min_logits)
        padded = pad_arrays(min_logits[:1] if shared else min_logits, np.inf)
        return torch.from_numpy(padded).to(self.device)

    def _per_row(self, logits: FloatArray, rows: Sequence[Row]) -> list[FloatArray]:
        return logits_by_row(logits, rows, tokens=self.checkpoint.config.token_level)

    def _pad(self, gradients: Sequence[FloatArray], logits: Tensor, rows: Sequence[Row]) -> Tensor:
        tokens = self.checkpoint.config.token_level
        return pad_gradients(gradients, logits.shape, rows, tokens=tokens).to(logits.device)

    def _new_labels(self, prompts: Sequence[str]) -> Tensor:  # (C, D)
        """Encode labels without the cache, so that gradients reach the label encoder."""
        subtokens = self.checkpoint.label_subtokens
        assert subtokens is not None
        return self._encode_labels([subtokens.encode_sequence(prompt) for prompt in prompts])

    def _stored_labels(self, prompts: Sequence[str]) -> Tensor:  # (C, D)
        """Return labels of which the checkpoint stores the vectors."""
        labels = self.checkpoint.config.precomputed_labels
        columns = torch.tensor([labels.index(prompt) for prompt in prompts], device=self.device)
        return self.checkpoint.network.stored_queries(columns)

    def _pad_ids(self, encoded: Sequence[IntArray], pad_id: int) -> tuple[Tensor, Tensor]:
        """Return ids and mask of sequences."""
        ids = torch.from_numpy(pad_arrays(encoded, -1)).long().to(self.device)
        return ids.where(ids >= 0, pad_id), (ids >= 0).long()

    def _cached_labels(self, prompts: Sequence[str]) -> Tensor:  # (C, D)
        """Return label vectors, from the cache where possible."""
        subtokens = self.checkpoint.label_subtokens
        assert subtokens is not None
        return self.label_vectors.get(prompts, subtokens, self._encode_labels)

    def _encode_labels(self, encoded: Sequence[IntArray]) -> Tensor:  # (C, D)
        network, subtokens = self.checkpoint.network, self.checkpoint.label_subtokens
        assert isinstance(network, BiEncoder)
        assert subtokens is not None
        return network.encode_labels(*self._pad_ids(encoded, subtokens.pad_id))

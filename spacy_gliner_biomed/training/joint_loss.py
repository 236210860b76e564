"""The loss of a row with several parts, weighted as a checkpoint's config says."""

from dataclasses import dataclass

import numpy as np

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.training.loss import FocalLoss
from spacy_gliner_biomed.training.relation_targets import RelationTargets
from spacy_gliner_biomed.training.training_rows import TrainingRow
from spacy_gliner_biomed.types import FloatArray, RelatedLogits

N_TOKEN_LOGITS = 3  # start, end and inside


@dataclass(frozen=True)
class JointLoss:
    """The losses of a component.

    entities (FocalLoss): The loss of spans or tokens.
    relations (FocalLoss): The loss of relations, and of whether entities are related at all.
    config (NetworkConfig): The checkpoint's, with the weights of the parts.

    Upstream `UniEncoderSpanRelexModel.forward` and `UniEncoderTokenModel.forward`
    (gliner/modeling/base.py).
    """

    entities: FocalLoss
    relations: FocalLoss
    config: NetworkConfig

    def __call__(
        self, output: FloatArray | RelatedLogits, row: TrainingRow
    ) -> tuple[float, FloatArray | RelatedLogits]:
        """Compute the loss of a row, and its gradient.

        output (FloatArray | RelatedLogits): What the network computed.
        row (TrainingRow): The row, with its targets.
        RETURNS (tuple[float, FloatArray | RelatedLogits]): The loss, and its gradient.
        """
        if isinstance(output, RelatedLogits):
            assert row.relations is not None
            return self.of_related(output, row.targets, row.relations)
        return self.of_entities(output, row.targets)

    def of_entities(self, logits: FloatArray, targets: FloatArray) -> tuple[float, FloatArray]:
        """Compute the loss of a row's spans or tokens, and its gradient.

        logits, targets (FloatArray): See `FocalLoss`.
        RETURNS (tuple[float, FloatArray]): The loss, and its gradient.
        """
        config = self.config
        if not config.represent_spans:
            return self.entities(logits, targets)
        parts = [slice(N_TOKEN_LOGITS), slice(N_TOKEN_LOGITS, None)]
        found = [self.entities(logits[..., part], targets[..., part]) for part in parts]
        weights = (config.token_loss_coef, config.span_loss_coef)
        loss = sum(weight * loss for weight, (loss, _) in zip(weights, found, strict=True))
        gradients = [weight * each for weight, (_, each) in zip(weights, found, strict=True)]
        return loss, np.concatenate(gradients, axis=-1)

    def of_related(
        self, output: RelatedLogits, entities: FloatArray, relations: RelationTargets
    ) -> tuple[float, RelatedLogits]:
        """Compute the loss of a row with relations, and its gradient.

        output (RelatedLogits): What the network computed.
        entities (FloatArray): Targets of entities. # (W, K, C) or (W, C, 3)
        relations (RelationTargets): Targets of relations.
        RETURNS (tuple[float, RelatedLogits]): The loss, and its gradient.
        """
        config = self.config
        loss, d_entities = self.of_entities(output.entities, entities)
        loss, d_entities = loss * config.span_loss_coef, d_entities * config.span_loss_coef
        # GLiNER's mean is over pairs times relations; `FocalLoss` averages over rows, so that one
        # column gives the same.
        pairs, targets = output.pairs.reshape(-1, 1), relations.targets.reshape(-1, 1)
        of_pairs, d_pairs = self.relations(pairs, targets)
        loss += of_pairs * config.relation_loss_coef
        d_pairs = d_pairs.reshape(output.pairs.shape) * np.float32(config.relation_loss_coef)
        d_related = None
        if output.related is not None:
            targets = relations.related.reshape(-1, 1)
            found, d_related = self.relations.of_probabilities(
                output.related.reshape(-1, 1), targets
            )
            loss += found * config.adjacency_loss_coef
            d_related = d_related.reshape(output.related.shape)
            d_related = d_related * np.float32(config.adjacency_loss_coef)
        return loss, RelatedLogits(d_entities, d_related, d_pairs)

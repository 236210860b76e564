"""Label vectors of bi-encoders, from an encoder of their own."""

from torch import Tensor, nn

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.cross_fusion import CrossFuser
from spacy_gliner_biomed.nn.encoder import build_encoder, encoder_heads, encoder_width
from spacy_gliner_biomed.nn.finite import check_vectors
from spacy_gliner_biomed.nn.network_base import Network, projection


class BiEncoder(Network):
    """Encodes labels with a separate encoder: their vectors do not depend on the text, unless a
    fuser follows.

    GLiNER's class is `BaseBiEncoderModel` (gliner/modeling/base.py). It builds an LSTM, but never
    runs it, so the LSTM's weights are not read here.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        width = config.hidden_size
        self.labels_encoder = build_encoder(config.labels_encoder_config)
        self.labels_projection = projection(encoder_width(config.labels_encoder_config), width)
        if config.post_fusion_schema:
            self.cross_fuser = CrossFuser(
                width,
                encoder_heads(config.encoder_config),
                schema=config.post_fusion_schema,
                n_layers=config.num_post_fusion_layers,
                dropout=config.dropout,
            )

    def encode_labels(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Compute the queries of labels, or their vectors if a fuser follows: the mean over all
        subtokens, CLS and SEP included, in the scorer's width.

        input_ids, attention_mask (Tensor): # (C, S)
        RETURNS (Tensor): # (C, D)
        RAISES (ValueError): If a vector is not finite.
        """
        mean = mean_state(self.labels_encoder, input_ids, attention_mask)
        # Projecting the mean equals the mean of the projections, with C rows instead of C * S.
        labels: Tensor = self.labels_projection(mean)
        return labels if self.cross_fuser is not None else self.queries(labels)


def mean_state(encoder: nn.Module, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """Return the mean state over all subtokens, CLS and SEP included.

    encoder (nn.Module): A text or label encoder.
    input_ids, attention_mask (Tensor): # (B, S)
    RETURNS (Tensor): # (B, H)
    RAISES (ValueError): If it is not finite.
    """
    states = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    weights = attention_mask.unsqueeze(-1).to(states.dtype)
    mean: Tensor = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    return check_vectors(mean, "names")

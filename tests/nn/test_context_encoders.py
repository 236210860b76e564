"""Encoders before the span layer: GLiNER's defaults, sizes and masks (numbers are in
`tests/parity`).
"""

from typing import Any

import pytest
import torch

from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.nn.context_encoders import ContextEncoder, complete_config

TWO_LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 2}
CONFIGS = {
    "deberta": {"model_type": "deberta-v2", **TWO_LAYERS, "hidden_size": 6},
    "modernbert": {"model_type": "modernbert", **TWO_LAYERS, "local_attention": 2},
    "lstm": {"model_type": "rnn"},
    "onward_lstm": {"model_type": "rnn", "hidden_size": 5, "bidirectional": False},
}


def config(width: int = 8, **values: Any) -> NetworkConfig:
    return NetworkConfig.from_dict({"hidden_size": width, "span_encoder_config": values})


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_row_gives_what_it_gives_alone_and_zeros_for_its_padding(kind: str) -> None:
    torch.manual_seed(0)
    encoder = ContextEncoder(config(**CONFIGS[kind])).eval()
    words = torch.randn(2, 5, 8)
    together = encoder(words, torch.tensor([3, 5]))
    alone = encoder(words[:1, :3], torch.tensor([3]))
    torch.testing.assert_close(together[:1, :3], alone, rtol=0, atol=1e-5)
    assert not together[0, 3:].any()
    assert together[0, :3].std() > 0.01


@pytest.mark.parametrize(("width", "heads"), [(64, 1), (512, 8), (520, 8), (24, 1)])
def test_heads_and_sizes_follow_from_the_width(width: int, heads: int) -> None:
    values = complete_config(config(width, model_type="deberta-v2"))
    assert (values["num_attention_heads"], values["intermediate_size"]) == (heads, 4 * width)
    assert values["relative_attention"] is True
    assert values["num_hidden_layers"] == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden_size": 0}, "hidden_size' must be a whole number of at least 1; found 0"),
        ({"num_hidden_layers": "2"}, "num_hidden_layers' must be a whole number"),
        ({"hidden_size": 5}, "hidden_size' must be even in both directions; found 5"),
        ({"rnn_type": "gru"}, "rnn_type' must be 'lstm'; found 'gru'"),
        ({"model_type": "deberta-v2", "num_attention_heads": 3}, "must be a divisor of 8; found 3"),
    ],
)
def test_sizes_that_cannot_be_built_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E072\].*span_encoder_config\.") as error:
        ContextEncoder(config(**{"model_type": "rnn", **values}))
    assert message in str(error.value)

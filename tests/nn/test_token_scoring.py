"""The factorised token scorer equals the published form, written out naively here."""

import torch

from spacy_gliner_biomed.nn.token_scoring import TokenScorer

WIDTH = 6


def published(scorer: TokenScorer, words: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """As in gliner/modeling/scorers.py: MLP([t0; l0; t1 * l1]) for every pair."""
    t0, t1 = scorer.proj_token(words)[:, :, None].chunk(2, dim=-1)  # (B, W, 1, D)
    l0, l1 = scorer.proj_label(labels)[:, None].chunk(2, dim=-1)  # (B, 1, C, D)
    pairs = torch.broadcast_tensors(t0, l0, t1 * l1)  # (B, W, C, D)
    expected: torch.Tensor = scorer.out_mlp(torch.cat(pairs, dim=-1))
    return expected


def test_logits_and_gradients_equal_the_published_form() -> None:
    torch.manual_seed(0)
    scorer = TokenScorer(WIDTH, dropout=0.3).double().eval()
    words = torch.randn(2, 5, WIDTH, dtype=torch.float64, requires_grad=True)
    labels = torch.randn(2, 3, WIDTH, dtype=torch.float64, requires_grad=True)
    found, expected = scorer(words, labels), published(scorer, words, labels)
    assert found.shape == (2, 5, 3, 3)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    weights, inputs = torch.randn_like(found), (words, labels, *scorer.parameters())
    for ours, theirs in zip(
        torch.autograd.grad((found * weights).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)

"""The focal loss: equal to the GLiNER package's in value and gradient."""

from typing import Any

import numpy as np
import pytest

from spacy_gliner_biomed.training.loss import FocalLoss

SETTINGS: list[dict[str, Any]] = [
    {"alpha": 0.75, "gamma": 2.0},
    {"alpha": -1, "gamma": 0.0},
    {"alpha": 0.25, "gamma": 1.5, "prob_margin": 0.1},
    {"alpha": 0.5, "gamma": 2.0, "label_smoothing": 0.1},
    {"alpha": -1, "gamma": 3.0, "prob_margin": 0.05, "label_smoothing": 0.2},
]


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (7, 4, 3)).astype(np.float32)
    targets = (rng.random(logits.shape) < 0.3).astype(np.float32)
    return logits, targets


@pytest.mark.parametrize("settings", SETTINGS)
def test_value_and_gradient_equal_the_gliner_package(
    settings: dict[str, Any], case: tuple[np.ndarray, np.ndarray]
) -> None:
    upstream = pytest.importorskip("gliner.modeling.loss_functions")
    import torch

    logits, targets = case
    tensor = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    expected = upstream.focal_loss_with_logits(tensor, torch.tensor(targets).double(), **settings)
    expected.sum().backward()
    loss, gradient = FocalLoss(**settings)(logits, targets)
    assert loss == pytest.approx(expected.sum().item(), rel=1e-6)
    np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("settings", SETTINGS)
def test_gradient_is_the_slope_of_the_loss(
    settings: dict[str, Any], case: tuple[np.ndarray, np.ndarray]
) -> None:
    logits, targets = (array.astype(np.float64) for array in case)
    loss = FocalLoss(**settings)
    _, gradient = loss(logits, targets)
    for index in [(0, 0, 0), (3, 2, 1), (6, 3, 2)]:
        step = np.zeros_like(logits)
        step[index] = 1e-5
        slope = (loss(logits + step, targets)[0] - loss(logits - step, targets)[0]) / 2e-5
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_masked_spans_count_for_nothing(case: tuple[np.ndarray, np.ndarray]) -> None:
    logits, targets = case
    masked = logits.copy()
    masked[-1] = -np.inf
    loss, gradient = FocalLoss()(masked, targets)
    expected, _ = FocalLoss()(logits[:-1], targets[:-1])
    assert loss == pytest.approx(expected)
    assert not gradient[-1].any()


def test_mean_is_over_spans(case: tuple[np.ndarray, np.ndarray]) -> None:
    logits, targets = case
    total, summed = FocalLoss()(logits, targets)
    mean, averaged = FocalLoss(reduction="mean")(logits, targets)
    assert mean == pytest.approx(total / (7 * 4))
    np.testing.assert_allclose(averaged, summed / (7 * 4), rtol=1e-5)


def test_saturated_logits_have_a_finite_gradient() -> None:
    logits = np.array([[[-200.0, 200.0]]], dtype=np.float32)
    loss, gradient = FocalLoss()(logits, np.array([[[1.0, 0.0]]], dtype=np.float32))
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()

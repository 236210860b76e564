"""Scores by distance, and the buckets of distances."""

import pytest
import torch

from spacy_gliner_biomed.nn.encoders import positions
from spacy_gliner_biomed.nn.encoders.positions import buckets, distances, scores_by_position, shear


@pytest.mark.parametrize(("n_buckets", "max_position"), [(256, 512), (16, 512), (32, 40)])
def test_buckets_are_transformers(n_buckets: int, max_position: int) -> None:
    from transformers.models.deberta_v2.modeling_deberta_v2 import build_relative_position

    row = torch.zeros(1, 700, 1)
    theirs = build_relative_position(row, row, n_buckets, max_position)[0] + n_buckets
    theirs = theirs.clamp(0, 2 * n_buckets - 1)
    ahead = distances(700, torch.device("cpu"))
    found = buckets(ahead, n_buckets, max_position)
    for i, j in ((0, 0), (0, 699), (699, 0), (350, 1), (1, 350)):
        assert found[ahead == i - j] == theirs[i, j]
    table = found.flip(0)[torch.arange(700)[:, None] - torch.arange(700) + 700]
    assert torch.equal(table, theirs)


def test_shearing_is_a_view_of_each_places_own_distances() -> None:
    length = 4
    ahead = torch.arange(2 * length) - (length - 1)
    scores = ahead.expand(length, -1).contiguous()
    places = torch.arange(length)
    sheared = shear(scores)
    assert torch.equal(sheared, places - places[:, None])
    assert sheared.untyped_storage().data_ptr() == scores.untyped_storage().data_ptr()


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 20])
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setattr(positions, "BLOCK", 8)
    torch.manual_seed(0)
    vectors, table = torch.randn(2, 3, length, 5), torch.randn(3, 2 * length, 5)
    found = scores_by_position(vectors, table)
    for i in range(length):
        for j in range(length):
            expected = (vectors[:, :, i] * table[:, j - i + length - 1]).sum(-1)
            torch.testing.assert_close(found[:, :, i, j], expected)

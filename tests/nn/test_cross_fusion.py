"""Attention between words and labels: masks, steps and widths."""

import pytest
import torch

from spacy_gliner_biomed.nn.cross_fusion import CrossFuser


def make(schema: str, width: int = 8) -> CrossFuser:
    torch.manual_seed(0)
    return CrossFuser(width, 2, schema=schema, n_layers=2, dropout=0.3).double().eval()


@pytest.mark.parametrize("schema", ["l2l", "t2t", "l2t", "t2l", "l2l-l2t-t2t-t2l"])
def test_padding_changes_no_word_and_no_label(schema: str) -> None:
    fuser = make(schema)
    words, labels = torch.randn(2, 5, 8).double(), torch.randn(2, 4, 8).double()
    n_words, n_labels = torch.tensor([3, 5]), torch.tensor([4, 2])
    together = fuser(words, labels, n_words, n_labels)
    for row in range(2):
        w, c = int(n_words[row]), int(n_labels[row])
        rows = slice(row, row + 1)
        alone = fuser(words[rows, :w], labels[rows, :c], n_words[rows], n_labels[rows])
        torch.testing.assert_close(together[0][rows, :w], alone[0])
        torch.testing.assert_close(together[1][rows, :c], alone[1])


@pytest.mark.parametrize(
    ("schema", "words_change", "labels_change"),
    [("l2l", False, True), ("l2t", False, True), ("t2t", True, False), ("t2l", True, False)],
)
def test_a_step_updates_the_side_that_it_names_first(
    schema: str, words_change: bool, labels_change: bool
) -> None:
    words, labels = torch.randn(1, 3, 8).double(), torch.randn(1, 2, 8).double()
    after_words, after_labels = make(schema)(words, labels, torch.tensor([3]), torch.tensor([2]))
    assert torch.equal(words, after_words) is not words_change
    assert torch.equal(labels, after_labels) is not labels_change


def test_a_width_that_cannot_be_divided_among_heads_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"\[GB-E072\].*multiple of the encoder's 2 heads; found 7"
    ):
        make("l2l", width=7)

"""Layers that the networks share: projections, the LSTM over words, gathering."""

import torch

from spacy_gliner_biomed.nn.layers import ProjectionMLP, WordLSTM, gather_vectors


def test_a_projection_widens_to_four_times_the_width_that_goes_out() -> None:
    hidden, dropout, output = ProjectionMLP(6, 4, 0.3).parts()
    assert (hidden.in_features, hidden.out_features) == (6, 16)
    assert (output.in_features, output.out_features) == (16, 4)
    assert dropout.p == 0.3


def test_lstm_gives_each_row_what_it_gives_it_alone() -> None:
    torch.manual_seed(0)
    lstm = WordLSTM(4, n_layers=2).double()
    words = torch.randn(2, 5, 4, dtype=torch.float64)
    together = lstm(words, torch.tensor([3, 5]))
    assert together.shape == words.shape
    for row, n_words in enumerate((3, 5)):
        alone = lstm(words[row : row + 1, :n_words], torch.tensor([n_words]))
        torch.testing.assert_close(together[row : row + 1, :n_words], alone)
    assert not together[0, 3:].any()


def test_an_lstm_may_run_onwards_only_and_drop_between_its_layers() -> None:
    torch.manual_seed(0)
    lstm = WordLSTM(4, n_layers=2, bidirectional=False, dropout=0.5).double()
    words, n_words = torch.randn(2, 5, 4, dtype=torch.float64), torch.tensor([3, 5])
    assert not torch.equal(lstm(words, n_words), lstm(words, n_words))
    lstm.eval()
    torch.testing.assert_close(lstm(words, n_words), lstm._packed(words, n_words))
    changed = words.clone()
    changed[:, 2] += 1
    same = (lstm(words, n_words) == lstm(changed, n_words)).all(dim=-1)
    assert same.tolist() == [[True, True, False, True, True], [True, True, False, False, False]]


def test_lstm_and_its_gradients_are_those_of_torch_for_packed_rows() -> None:
    torch.manual_seed(0)
    lstm = WordLSTM(4, n_layers=2)
    words, n_words = torch.randn(3, 5, 4), torch.tensor([3, 5, 1])
    found = []
    for run in (lstm, lstm._packed):
        lstm.zero_grad()
        output = run(words, n_words)
        output.pow(2).sum().backward()
        found.append([output.detach(), *(p.grad for p in lstm.parameters())])
    torch.testing.assert_close(found[0], found[1])


def test_lstm_keeps_padding_that_no_row_fills() -> None:
    words = torch.ones(1, 4, 2)
    assert WordLSTM(2, n_layers=1)(words, torch.tensor([2])).shape == (1, 4, 2)


def test_gathered_holes_are_zero_and_move_nothing() -> None:
    states = torch.arange(1.0, 9.0).reshape(1, 4, 2)
    gathered = gather_vectors(states, torch.tensor([[3, -1, 0]]))
    assert gathered.tolist() == [[[7.0, 8.0], [0.0, 0.0], [1.0, 2.0]]]


def test_gathering_takes_each_row_from_its_own_states() -> None:
    states = torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]])
    gathered = gather_vectors(states, torch.tensor([[1], [0]]))
    assert gathered.squeeze(-1).tolist() == [[2.0], [3.0]]

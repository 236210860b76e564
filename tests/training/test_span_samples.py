"""Targets of spans that a token model scores again."""

import numpy as np

from spacy_gliner_biomed.training.span_samples import SpanSampler

NO_GAPS = np.zeros(12, dtype=np.bool_)


def test_entities_are_known_for_all_labels_and_other_spans_are_not() -> None:
    targets = SpanSampler(max_width=3, ratio=0)([(1, 3, 0), (1, 3, 1), (5, 6, 1)], 3, NO_GAPS)
    assert targets.shape == (12, 3, 3)
    assert targets[1, :, 1].tolist() == [1, 1, 0]
    assert targets[5, :, 0].tolist() == [0, 1, 0]
    assert np.isfinite(targets).sum() == 6


def test_an_entity_that_is_too_wide_is_not_known() -> None:
    assert np.isnan(SpanSampler(max_width=3, ratio=0)([(0, 4, 0)], 1, NO_GAPS)).all()


def test_spans_are_drawn_beside_entities_and_unknown_words() -> None:
    unknown = NO_GAPS.copy()
    unknown[8:] = True
    entities = [(2, 4, 0), (6, 7, 1)]
    make = SpanSampler(max_width=3, ratio=1.5)
    drawn = []
    for _ in range(50):
        targets = make(entities, 2, unknown)
        assert targets[2, 0, 1] == targets[6, 1, 0] == 1
        starts, widths = (~np.isnan(targets)).all(axis=1).nonzero()
        others = {*zip(starts.tolist(), widths.tolist(), strict=True)} - {(2, 1), (6, 0)}
        assert len(others) == 3
        drawn += others
    words = {word for start, more in drawn for word in range(start, start + more + 1)}
    assert words == {0, 1, 4, 5, 7}
    assert len(set(drawn)) > 5


def test_a_row_that_is_full_of_entities_gets_no_others() -> None:
    targets = SpanSampler(max_width=2, ratio=5)([(0, 2, 0)], 1, NO_GAPS[:2])
    assert np.isfinite(targets).sum() == 1

"""The learning rate ends with the training, or is constant if nobody knows its end."""

from itertools import islice

import pytest
from thinc.api import warmup_linear

from spacy_gliner_biomed.models.schedules import make_warmup_linear


def rates(total_steps: int | str, n: int = 8) -> list[float]:
    return list(islice(make_warmup_linear(0.4, 4, total_steps), n))


def test_with_an_end_it_is_thincs() -> None:
    assert rates(6) == list(islice(warmup_linear(0.4, 4, 6), 8))
    assert rates(6) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.2, 0.0, 0.0])


def test_with_a_variable_that_is_not_filled_in_it_is_constant() -> None:
    assert rates("${training.max_steps}") == [0.4] * 8


def test_other_text_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"GB-E030.*'total_steps'.*'all'"):
        rates("all")

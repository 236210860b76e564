"""A learning rate that ends with the training, in configs and in Python."""

from collections.abc import Iterable
from itertools import repeat

from thinc.api import warmup_linear

from spacy_gliner_biomed.errors import Errors


def make_warmup_linear(
    initial_rate: float, warmup_steps: int, total_steps: int | str
) -> Iterable[float]:
    """Make thinc's `warmup_linear`, or a constant rate where the number of steps is not known.
    Registered as `spacy-gliner-biomed.warmup_linear.v1`.

    `total_steps = ${training.max_steps}` ends the rate with the training. `spacy train` fills in
    this variable. `nlp.resume_training` and `nlp.initialize` do not, because the number of steps is
    not known there. The rate is then constant: a warm-up would begin at 0, and stay there for
    callers that never step the schedule.

    initial_rate (float): The rate after the warm-up.
    warmup_steps (int): Steps in which the rate rises from 0.
    total_steps (int | str): The step at which the rate is 0 again, or a variable that is not filled
        in: then the rate is always `initial_rate`.
    RETURNS (Iterable[float]): The rates.
    RAISES (ValueError): If `total_steps` is another text.
    """
    if isinstance(total_steps, str):
        if not total_steps.startswith("${"):
            allowed = "a number or a variable such as ${training.max_steps}"
            found = Errors.E030.format(name="total_steps", allowed=allowed, found=total_steps)
            raise ValueError(found)
        return repeat(initial_rate)
    rates: Iterable[float] = warmup_linear(initial_rate, warmup_steps, total_steps)
    return rates

"""Differences between two conditions that were run with the same seeds on the same corpora."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

# Quantiles 0.975 of Student's t with 1, 2, .. degrees of freedom; the last is the normal one.
T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179]
T975 += [2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 1.96]

Pairs = Mapping[tuple[str, int], float]  # a score by corpus and seed


def differences(scores: Pairs, others: Pairs) -> list[float]:
    """Return the differences of what both have, in the order of corpus and seed."""
    return [scores[key] - others[key] for key in sorted(scores.keys() & others.keys())]


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the mean of paired differences, and half of its 95 % confidence interval.

    values (Sequence[float]): The differences.
    RETURNS (tuple[float, float] | None): None for fewer than two differences.
    """
    if len(values) < 2:
        return None
    error = statistics.stdev(values) / math.sqrt(len(values))
    return statistics.mean(values), T975[min(len(values) - 2, len(T975) - 1)] * error


def seed_means(values: Pairs) -> dict[tuple[str, int], float]:
    """Average over the corpora, so that each seed is one observation.

    values (Pairs): Scores by corpus and seed.
    RETURNS (dict[tuple[str, int], float]): Means, under the corpus "mean", of the seeds that have
        all corpora.
    """
    corpora = {corpus for corpus, _ in values}
    seeds: Iterable[int] = {seed for _, seed in values}
    complete = [s for s in seeds if all((corpus, s) in values for corpus in corpora)]
    return {
        ("mean", s): statistics.mean(values[corpus, s] for corpus in sorted(corpora))
        for s in complete
    }


def seed_differences(scores: Pairs, others: Pairs) -> list[float]:
    """Return the difference of each seed, averaged over the corpora that both have."""
    corpora = {corpus for corpus, _ in scores} & {corpus for corpus, _ in others}
    means = (
        seed_means({key: score for key, score in pairs.items() if key[0] in corpora})
        for pairs in (scores, others)
    )
    return differences(*means)


def shown(values: Sequence[float]) -> str:
    """Format a paired difference as "+0.4 ± 0.3"; a dash stands for too few values."""
    found = interval(values)
    return "-" if found is None else f"{found[0]:+.1f} ± {found[1]:.1f}"

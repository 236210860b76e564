"""Map character spans to token spans of a Doc, under any tokenizer."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Literal

Alignment = Literal["expand", "contract", "split", "strict"]


def align_span(
    starts: Sequence[int],
    ends: Sequence[int],
    start: int,
    end: int,
    *,
    alignment: Alignment,
    blank: Sequence[bool] | None = None,
) -> tuple[int, int] | None:
    """Return the tokens of a character span.

    starts, ends (Sequence[int]): Characters of the tokens, end exclusive; both ascend. # (T,)
    start, end (int): The span; neither its first nor its last character is white space.
    alignment (Alignment): "expand" takes each token that the span touches, "contract" those that
        are entirely inside, "strict" requires exact ends; "split" is "strict" after cutting at
        `cut_points`.
    blank (Sequence[bool] | None): Which tokens are white space, at which no contracted span begins
        or ends; None if no token is. # (T,)
    RETURNS (tuple[int, int] | None): First token, one past the last; None if there are none.
    """
    first, last = bisect_right(ends, start), bisect_left(starts, end)
    if first >= last:
        return None
    exact = starts[first] == start and ends[last - 1] == end
    if exact or alignment == "expand":
        return first, last
    if alignment != "contract":
        return None
    first += starts[first] < start
    last -= ends[last - 1] > end
    if blank is not None:
        while first < last and blank[first]:
            first += 1
        while first < last and blank[last - 1]:
            last -= 1
    return (first, last) if first < last else None


def cut_points(
    starts: Sequence[int], ends: Sequence[int], spans: Sequence[tuple[int, int]]
) -> dict[int, list[int]]:
    """Return where tokens have to be cut so that each span has exact ends.

    starts, ends (Sequence[int]): Characters of the tokens, end exclusive. # (T,)
    spans (Sequence[tuple[int, int]]): Character spans.
    RETURNS (dict[int, list[int]]): For each token to cut, the characters of the text before which
        it is cut, ascending.
    """
    cuts: dict[int, set[int]] = {}
    for border in {border for span in spans for border in span}:
        token = bisect_right(starts, border) - 1
        if token >= 0 and starts[token] < border < ends[token]:
            cuts.setdefault(token, set()).add(border)
    return {token: sorted(borders) for token, borders in sorted(cuts.items())}

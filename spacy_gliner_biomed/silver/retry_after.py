"""How long a server asks clients to wait before the next request."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_seconds(headers: Mapping[str, str]) -> float:
    """Return the seconds that a server asks to wait (RFC 9110, Retry-After: seconds or a date).

    headers (Mapping[str, str]): Headers of its response, whose names ignore case. A date is
        compared with the response's own Date, so that a wrong clock on this machine does not
        matter.
    RETURNS (float): Seconds; 0 if there is no such header or it cannot be understood.
    """
    value = headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        until = _seconds_since_1970(value)
        now = _seconds_since_1970(headers.get("Date", "")) or time.time()
        seconds = until - now if until else 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _seconds_since_1970(date: str) -> float:
    """Return the seconds since 1970 of an HTTP date; 0 if the text is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0

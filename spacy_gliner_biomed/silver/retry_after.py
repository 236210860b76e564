"""How long a server asks to wait before the next request."""

import math
import time
from email.message import Message
from email.utils import parsedate_to_datetime


def retry_seconds(headers: Message) -> float:
    """Seconds that a server asks to wait for (RFC 9110: Retry-After, a number or a date).

    headers (Message): Of its answer; its own Date counts as now, whatever the clock here says.
    RETURNS (float): 0 if it does not ask, or asks for what cannot be understood.
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
    """0 for what is no HTTP date."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0

"""Repeat what can fail for a while: a full disk, a busy server."""

import time
from collections.abc import Callable
from typing import TypeVar

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0  # seconds between two attempts

T = TypeVar("T")


def retry_on_oserror(
    act: Callable[[], T],
    patience: float,
    report: Callable[[str], None] = lambda _: None,
    final: tuple[type[OSError], ...] = (),
) -> T:
    """Call a function; if it raises OSError, as when the disk is full, retry.

    act (Callable[[], T]): The function.
    patience (float): Seconds of waiting after which no retry is made.
    report (Callable[[str], None]): Called with the message of each failure.
    final (tuple[type[OSError], ...]): Errors that another attempt would raise again.
    RETURNS (T): What the function returns.
    RAISES (OSError): The last failure, when the patience is used up; or one of `final`.
    """
    waited, pause = 0.0, FIRST_PAUSE
    while True:
        try:
            return act()
        except final:
            raise
        except OSError as error:
            if waited >= patience:
                raise
            report(str(error))
        time.sleep(pause)
        waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE)

import time
from email.utils import formatdate

import httpx
import pytest

from spacy_gliner_biomed.silver.retry_after import retry_seconds

NOW = "Thu, 26 Nov 2026 01:00:00 GMT"


def headers(**values: str) -> httpx.Headers:
    return httpx.Headers({name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0.5 ", 0.5),
        ("-3", 0),
        ("nan", 0),
        ("inf", 0),
        ("soon", 0),
        ("Thu, 26 Nov 2026 01:02:03 GMT", 123),
        ("Thursday, 26-Nov-26 01:02:03 GMT", 123),
        ("Thu Nov 26 01:02:03 2026", 123),
        ("Thu, 26 Nov 2026 00:59:00 GMT", 0),
        ("Thu, 99 Nov 2026 01:02:03 GMT", 0),
    ],
)
def test_seconds_and_dates_are_read(value: str, seconds: float) -> None:
    assert retry_seconds(headers(Retry_After=value, Date=NOW)) == seconds


def test_without_a_header_nothing_is_asked() -> None:
    assert retry_seconds(headers()) == 0


def test_a_date_is_compared_with_the_clock_here_if_the_server_gives_none() -> None:
    later = formatdate(time.time() + 1000, usegmt=True)
    assert 0 < retry_seconds(headers(Retry_After=later)) <= 1000

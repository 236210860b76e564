"""Fixtures of the tests of pages."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.browser import open_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium without a window."""
    with open_browser() as found:
        yield found

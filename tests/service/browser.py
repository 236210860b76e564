"""A Chromium that is installed, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The binary: `CHROMIUM`, or the first of the usual names."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, filter(None, names))), None)
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium, or set CHROMIUM")
    return found


def axe_source() -> str:
    """The script of axe-core: `AXE_CORE` names it, or the package is in node_modules."""
    given = os.environ.get("AXE_CORE")
    paths = [Path(given)] if given else [Path("node_modules/axe-core/axe.min.js")]
    for path in paths:
        if path.is_file():
            return path.read_text(encoding="utf8")
    pytest.skip("needs axe-core: set AXE_CORE to the axe.min.js of its npm package")


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start a browser."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


def set_threshold(page: Any, value: float) -> None:
    """Move the slider of the threshold, as a user does."""
    page.evaluate(
        """(value) => {
          const slider = document.getElementById("threshold");
          slider.value = value;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        value,
    )

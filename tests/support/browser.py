"""A headless Chromium for tests: the system's own, or else the one that playwright installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str:
    """What a browser would need that is not there; empty where one can be started."""
    if _in_path():
        return ""
    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return ""
    return (
        f"no browser: expected one of {', '.join(COMMANDS)} in PATH; install one, or run "
        f"`playwright install chromium`"
    )


@contextmanager
def running() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Without a sandbox: a test may run as root, and the pages are our own.
        browser = playwright.chromium.launch(executable_path=_in_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


def _in_path() -> str | None:
    return next(filter(None, map(shutil.which, COMMANDS)), None)

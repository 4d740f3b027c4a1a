"""Debian's chromium for the tests of the page: found, installed where CI asks for it, or missed."""

import os
import shutil
import subprocess
import warnings

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the path of a chromium, or skip the test, loudly.

    One that BACKLOG_CHROMIUM names goes first. Only in CI, as root on a Debian, is a missing one
    installed: nobody's own machine is changed by a test.
    """
    found = os.environ.get("BACKLOG_CHROMIUM") or _on_the_path()
    if not found and os.environ.get("CI") and os.getuid() == 0 and shutil.which("apt-get"):
        for command in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            subprocess.run(["apt-get", *command], check=False, stdout=subprocess.DEVNULL)
        found = _on_the_path()
    if not found:
        missed = "NO BROWSER: the board's page was not tested; install chromium"
        warnings.warn(missed, stacklevel=2)
        pytest.skip(missed)
    return found


def _on_the_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)

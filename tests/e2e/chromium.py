"""The chromium for the tests of the page: found, or missed. `.ci/run` installs it."""

import os
import shutil
import warnings

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the path of a chromium, or skip the test, loudly.

    One that BACKLOG_CHROMIUM names goes first.
    """
    found = os.environ.get("BACKLOG_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        missed = "NO BROWSER: the board's page was not tested; install chromium"
        warnings.warn(missed, stacklevel=2)
        pytest.skip(missed)
    return found

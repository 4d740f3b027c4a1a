"""The message for an option that no target of the Makefile knows."""

import subprocess
import sys

import pytest

from scripts.dev.options import message
from scripts.terraform import ROOT

KNOWN = ["DRY_RUN", "MONTH", "REPORT", "REPORTS"]


@pytest.mark.parametrize(
    ("unknown", "said"),
    [
        (["DRYRUN"], "there is no option DRYRUN; the nearest is DRY_RUN"),
        (["report"], "there is no option report; the nearest is REPORT"),
        (["REPORTSS"], "there is no option REPORTSS; the nearest is REPORTS"),
        (
            ["ZEBRA"],
            "there is no option ZEBRA; the options are DRY_RUN, MONTH, REPORT, REPORTS",
        ),
        (
            ["MONHT", "DRY"],
            "there is no option MONHT; the nearest is MONTH; there is no option DRY; the nearest is"
            " DRY_RUN",
        ),
    ],
)
def test_the_nearest_option_is_named(unknown: list[str], said: str) -> None:
    assert message(unknown, KNOWN) == said


def test_it_runs_without_anything_installed() -> None:
    command = [sys.executable, "-I", str(ROOT / "scripts/dev/options.py"), "DRYRUN", "DRY_RUN X"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "there is no option DRYRUN; the nearest is DRY_RUN\n"

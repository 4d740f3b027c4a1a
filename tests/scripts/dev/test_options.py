"""What make says of an option that is none, or none of the target's."""

import subprocess
import sys

import pytest

from scripts.dev.options import message
from scripts.terraform import ROOT

TAKEN = "MONTH REPORT DRY_RUN"
ALL = "DRY_RUN MONTH PLAN REPORT REPORTS VENV"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("DRYRUN", "there is no option DRYRUN; the nearest is DRY_RUN"),
        ("report", "there is no option report; the nearest is REPORT"),
        ("REPORTSS", "there is no option REPORTSS; the nearest is REPORT"),  # of those it takes
        ("PLANN", "there is no option PLANN; the nearest is PLAN"),
        ("ZEBRA", "there is no option ZEBRA; the options are MONTH, REPORT, DRY_RUN"),
        ("PLAN", "make check-backlog has no option PLAN; its options are MONTH, REPORT, DRY_RUN"),
        (
            "MONHT DRY",
            "there is no option MONHT; the nearest is MONTH; there is no option DRY; the nearest is"
            " DRY_RUN",
        ),
    ],
)
def test_a_wrong_option_is_said_with_what_the_target_takes(wrong: str, said: str) -> None:
    assert message(wrong, TAKEN, ALL, "check-backlog") == said


@pytest.mark.parametrize(
    ("wrong", "targets", "said"),
    [
        ("DRY_RUN", "lint", "make lint has no option DRY_RUN; it has none"),
        ("DRY_RUN", "", "make help has no option DRY_RUN; it has none"),
        ("DRYRUN", "lint", "there is no option DRYRUN; the nearest is DRY_RUN"),
        (
            "ZEBRA",
            "lint",
            "there is no option ZEBRA; the options are DRY_RUN, MONTH, PLAN, REPORT, REPORTS, VENV",
        ),
    ],
)
def test_so_it_is_for_a_target_without_options(wrong: str, targets: str, said: str) -> None:
    assert message(wrong, "", ALL, targets) == said


def test_it_runs_without_anything_installed() -> None:
    script = str(ROOT / "scripts" / "dev" / "options.py")
    command = [sys.executable, "-I", script, "DRYRUN", "", "DRY_RUN X", "lint"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "there is no option DRYRUN; the nearest is DRY_RUN\n"

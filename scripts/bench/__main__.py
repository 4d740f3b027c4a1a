"""Measure plans, checks, reports, reviews and boards beside the least they take: `make bench`.

What is compared takes turns. People are made up, AWS is in memory or on loopback, and nothing
is left behind.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.bench import board, ledger, plan, report, review, run, schedule
from scripts.bench.measure import Row, as_text
from scripts.dev.sandbox import StepError
from scripts.terraform import TerraformError

PARTS = {
    "plan": plan.measure,
    "run": run.measure,
    "ledger": ledger.measure,
    "report": report.measure,
    "review": review.measure,
    "schedule": schedule.measure,
    "board": board.measure,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print the table; return 0, 1 when an aim was missed, 2 when a step failed."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.repeat < 1:
        parser.error("--repeat takes a whole number of at least 1")
    rows: list[Row] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed
    try:
        for part in options.only or PARTS:
            with tempfile.TemporaryDirectory(prefix="backlog-bench-") as folder:
                rows += PARTS[part](Path(folder), options.repeat, options.scale)
    except (StepError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}. Medians of {options.repeat}.\n\n{as_text(rows)}"
    )
    return 0 if all(row.is_met for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench",
        description="Measure what the project does beside the least that it takes.",
        epilog="exit codes: 0 all aims met, 1 an aim missed, 2 a step failed",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--only", action="append", choices=PARTS, help="one part; may be given more than once")
    add("--repeat", type=int, default=5, metavar="N", help="rounds (default: %(default)s)")
    scale = "share of the sizes, such as 0.01 for a quick look; the aims are meant for 1"
    add("--scale", type=float, default=1.0, metavar="SHARE", help=scale)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

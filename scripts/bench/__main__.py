"""Measure plans, runs, reports, reviews and boards beside the ways not taken: `make bench`.

All figures of one table come from one run, the things compared taking turns. The people are
generated, AWS is in memory or on loopback, and nothing is left behind.
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
from scripts.bench.measure import Row, table
from scripts.dev.sandbox import StepError
from scripts.terraform import TerraformError

PARTS = ("plan", "run", "ledger", "report", "review", "schedule", "board")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print the table; return 0, 1 when an aim was missed, 2 when a step failed."""
    options = _parser().parse_args(argv)
    parts = options.only or PARTS
    plans, processes = options.repeat or 3, options.repeat or 5
    rows: list[Row] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed
    try:
        with tempfile.TemporaryDirectory(prefix="backlog-bench-") as name:
            folder = Path(name)
            if "plan" in parts:
                rows += plan.measure(folder, options.sizes, plans)
            if "run" in parts:
                rows += run.measure(folder, options.contacts, processes)
            if "ledger" in parts:
                rows += ledger.measure(folder, processes)
            if "report" in parts:
                rows += report.measure(folder, options.rows, processes)
            if "review" in parts:
                rows += review.measure(folder, options.subscriptions, processes)
            if "schedule" in parts:
                rows += schedule.measure(folder, processes)
            if "board" in parts:
                rows += board.measure(folder, options.reports, processes)
    except (StepError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}. Medians of {plans} plans, {processes} of all else;"
        f" the old way once.\n\n{table(rows)}"
    )
    return 1 if any(row.met is False for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench",
        description="Measure plans, runs and reports beside the ways not taken.",
        epilog="exit codes: 0 all aims met, 1 an aim missed, 2 a step failed",
        allow_abbrev=False,
    )
    add, whole = parser.add_argument, _whole_number
    add("--only", action="append", choices=PARTS, help="one part; may be given again")
    add("--repeat", type=whole, help="rounds; without it 3 for plans, 5 for runs and reports")
    sizes, default = "500,1000,2000,4000", "(default: %(default)s)"
    add("--sizes", type=_sizes, default=sizes, help=f"subscriptions in the plans {default}")
    add("--contacts", type=whole, default=1000, help=f"contacts of the old way {default}")
    add("--subscriptions", type=whole, default=10_000, help=f"in the review {default}")
    add("--rows", type=whole, default=1_000_000, help=f"rows in the report {default}")
    add("--reports", type=whole, default=600, help=f"past reports on the board {default}")
    return parser


def _sizes(text: str) -> list[int]:
    return sorted({_whole_number(size) for size in text.split(",")})


def _whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number of at least 1')
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())

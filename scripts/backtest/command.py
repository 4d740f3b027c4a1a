"""Replay past reports against the thresholds: `make backtest REPORTS=`, `make board REPORTS=`.

The reports are read and evaluated by the runner's own code; nothing is sent and nobody is named.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from runner.check import last_month
from runner.errors import BacklogError, ConfigError
from runner.text import printable
from scripts.backtest.departments import Coverage, read_departments, read_outputs
from scripts.backtest.read import find_reports, is_month, read_history
from scripts.backtest.render import as_json, as_text
from scripts.backtest.replay import History, replay
from scripts.terraform import ROOT

DEPARTMENTS = "terraform/departments.auto.tfvars"
# Before that, nobody wonders what takes so long.
PATIENCE_SECONDS = 5.0
EXIT_CODES = """a file's name names its month: 2026-02, 202602, feb-2026, or 02.csv in a folder 2026

exit codes:
  0  every month of every alert is known
  2  usage or configuration; nothing was replayed
  3  a report, or part of one, is missing or can't be trusted; the rest was replayed
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Replay past reports and say what each alert would have done; return the exit code."""
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name must not stop the result
    try:
        histories = _replay(options)
    except BacklogError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 2
    try:
        print((as_json if options.format == "json" else as_text)(histories, options.target))
        sys.stdout.flush()
    except OSError as error:  # a closed pipe, a full disk
        print(f"error: the result could not be written: {error.strerror}", file=sys.stderr)
        return 2
    return 3 if any(history.unknown for history in histories) else 0


def _replay(options: argparse.Namespace) -> list[History]:
    """Read everything, replay it, and draw the board if one is asked for."""
    today = datetime.now(timezone.utc)
    reports = find_reports(options.reports, options.first, options.last, last_month(today))
    alerts = read_departments(options.departments)
    remind, coverage = read_outputs(options.outputs) if options.outputs else ("month", {})
    services = {service for alert in alerts for service in alert.services}
    months = read_history(reports, services, _progress(len(reports)))
    histories = replay(alerts, months, remind)
    if options.board or options.picture:
        found = [(month.month, month.report.as_of) for month in months if month.report]
        _draw(options, histories, coverage, found[-1] if found else None)
    return histories


def _draw(
    options: argparse.Namespace,
    histories: Sequence[History],
    coverage: Coverage,
    newest: tuple[str, datetime | None] | None,
) -> None:
    """Write the board, the picture, or both."""
    from scripts.backtest.board import About, board, picture  # takes a second, for its plots

    about = About(options.city, options.caption, newest)
    if options.board:
        page = board(histories, coverage, about).encode()
        _write(options.board, page, "board")
    if options.picture:
        _write(options.picture, picture(histories, about), "picture")


def _write(path: str, content: bytes, what: str) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    print(f"the {what} is in {path}", file=sys.stderr)


def _progress(total: int) -> Callable[[int], None]:
    """Return what reports progress: one line that is rewritten, or a line every few seconds."""
    shows = sys.stderr.isatty()
    interval = 0.2 if shows else PATIENCE_SECONDS
    written, is_open = time.monotonic(), False

    def progress(number: int) -> None:
        nonlocal written, is_open
        is_last = is_open and number == total  # a line that is rewritten must end somewhere
        if is_last or time.monotonic() - written >= interval:
            written, is_open = time.monotonic(), shows and number < total
            end = "\r" if is_open else "\n"
            print(f"{number} of {total} reports read", end=end, file=sys.stderr, flush=True)

    return progress


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.backtest",
        description="Say what the thresholds would have meant for past reports.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    reports = "files, a folder, a glob, or one address with {yyyy} and {mm} or {mon}"
    add("reports", nargs="+", metavar="REPORT", help=reports)
    default = str(ROOT / DEPARTMENTS)
    thresholds = f"the thresholds (default: {DEPARTMENTS})"
    add("--departments", metavar="FILE", default=default, help=thresholds)
    whole = "default: all that is found; for an address the 12 months up to last month, in UTC"
    add("--from", dest="first", type=_month, metavar="YYYY-MM", help="the first month")
    add("--to", dest="last", type=_month, metavar="YYYY-MM", help=f"the last month ({whole})")
    target = "suggest thresholds that are over in about N of 12 months"
    add("--target", type=_of_twelve, metavar="N", help=target)
    add("--board", metavar="OUT.html", help="write a page that draws the counts over the months")
    add("--picture", metavar="OUT.png", help="write the same as a picture, for a newsletter")
    outputs = "what `terraform output -json` prints: adds `remind` and each alert's subscriptions"
    add("--outputs", metavar="FILE", help=outputs)
    add("--city", metavar="NAME", default="", help="name the city on the board's top")
    add("--caption", metavar="TEXT", default="", help="one line about the whole board, on its top")
    add("--format", choices=("text", "json"), default="text")
    return parser


def _month(text: str) -> str:
    if not is_month(text):
        raise argparse.ArgumentTypeError("must be of the form YYYY-MM, such as 2026-02")
    return text


def _of_twelve(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 12):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of months from 0 to 12')
    return int(text)

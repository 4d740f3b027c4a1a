"""Say what a plan means for people, and refuse what is risky: `make plan`, `make review PLAN=`.

Reads what `terraform show -json` prints for a plan. No email and no phone number is shown.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import BacklogError
from scripts.review.contacts import compare_contacts
from scripts.review.evaluate import MAX_REMOVED, Review, judge
from scripts.review.read import CannotTellError, Plan, read_plan
from scripts.review.render import as_json, as_markdown, as_text
from scripts.terraform import ROOT

if TYPE_CHECKING:
    from runner.report import Report
    from scripts.backtest.replay import Month

RENDERERS = {"markdown": as_markdown, "text": as_text, "json": as_json}
MONTHS = 12
EXIT_CODES = """exit codes:
  0  nothing risky, or all of it accepted
  1  risky, or not the plan that was accepted
  2  it can't be told
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Review one plan: write the report, then return the exit code."""
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name must not stop the review
    review = _review(options)
    try:
        print(RENDERERS[options.format](review), flush=True)
    except OSError as error:  # a closed pipe, a full disk
        print(f"error: the review could not be written: {error.strerror}", file=sys.stderr)
        return 2
    return review.exit_code


def _review(options: argparse.Namespace) -> Review:
    try:
        path = "/dev/stdin" if options.plan == "-" else options.plan
        plan = read_plan(Path(path).read_bytes())
        report, history = _report(options.report, plan), _history(options.history, plan)
        review = judge(plan, report=report, history=history, max_removed=options.max_removed)
        if options.contacts_before and not plan.contacts_are_elsewhere:
            texts = (_text(options.contacts_before), _text(options.contacts_after))
            review = replace(review, notes=(*review.notes, *compare_contacts(*texts, plan)))
    except CannotTellError as error:
        return Review(cannot_tell=(str(error),))
    except csv.Error:
        return Review(cannot_tell=("the contacts before or after are no CSV",))
    except OSError as error:
        return Review(cannot_tell=(f"{error.filename}: {error.strerror}",))
    if options.accept is None:
        return review
    if options.accept != review.digest:
        refusal = f"this plan is not the accepted one: its digest is {review.digest}"
        return replace(review, risks=(refusal, *review.risks))
    return replace(review, accepted=True)


def _report(address: str | None, plan: Plan) -> Report | None:
    """Read the last report, for the services of the plan's alerts."""
    if not address:
        return None
    from runner.check import last_month  # these take a second and 100 MB
    from runner.report import read_report

    try:
        return read_report(address, last_month(datetime.now(timezone.utc)), _services(plan))
    except BacklogError as error:
        raise CannotTellError(f"the report can't be read: {error}") from None


def _history(given: Sequence[str], plan: Plan) -> Sequence[Month]:
    """Read the last 12 months of past reports; a month that can't be read is an unknown one."""
    if not given:
        return ()
    from runner.check import last_month
    from scripts.backtest.read import find_reports, read_history

    try:
        found = find_reports(given, None, None, last_month(datetime.now(timezone.utc)))
        last = dict(list(found.items())[-MONTHS:])
        return read_history(last, _services(plan), lambda _: None)
    except BacklogError as error:
        raise CannotTellError(f"the past reports can't be read: {error}") from None


def _services(plan: Plan) -> set[str]:
    alerts = [*plan.alerts_before.values(), *plan.alerts_after.values()]
    return {service for alert in alerts for service in alert.services}


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CannotTellError(f"{path}: is not UTF-8") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.review",
        description="Say what a plan means for people, and refuse what is risky.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("plan", metavar="PLAN.json", help="what `terraform show -json PLAN` prints; - for stdin")
    add("--contacts-before", metavar="OLD.csv", help="the contacts before the edit")
    add(
        "--contacts-after",
        metavar="NEW.csv",
        default=str(ROOT / "terraform" / "contacts.csv"),
        help="the contacts that were planned (default: terraform/contacts.csv)",
    )
    add("--report", metavar="ADDRESS", help="the last report, to judge changes of thresholds by")
    past = f"past reports, to judge new thresholds by the last {MONTHS} months: a folder, a glob,"
    past += " or an address with {yyyy} and {mm}; may be given again"
    add("--history", metavar="REPORTS", action="append", default=[], help=past)
    add("--format", choices=RENDERERS, default="text")
    add("--accept", metavar="DIGEST", help="accept the risks of the plan with this digest, alone")
    add(
        "--max-removed",
        type=_share,
        default=MAX_REMOVED,
        metavar="SHARE",
        help="share of an alert's people, 0 to 1, that may leave at once (default: 0.3)",
    )
    return parser


def _share(text: str) -> Fraction:
    try:
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a share between 0 and 1')
    return share


if __name__ == "__main__":
    raise SystemExit(main())

"""Say what a plan means for people, and reject what is risky: `make plan`, `make review PLAN=`.

Reads what `terraform show -json` prints for a plan. No email and no phone number is shown.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from runner.errors import BacklogError, ConfigError
from scripts.review.evaluate import MAX_REMOVED, Review, evaluate
from scripts.review.people import listed
from scripts.review.read import Plan, read_plan
from scripts.review.render import as_json, as_markdown, as_text
from scripts.review.source import TERRAFORM, source_risks
from scripts.review.thresholds import Replay
from scripts.terraform import ROOT

if TYPE_CHECKING:
    from runner.report import Report

RENDERERS = {"markdown": as_markdown, "text": as_text, "json": as_json}
MONTHS = 12
EXIT_CODES = """exit codes:
  0  nothing risky, or all of it accepted
  1  risky, or not the plan that was accepted
  2  cannot determine
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Review one plan: write the report, then return the exit code."""
    try:
        options = parser(_Parser).parse_args(argv)
        style, found = options.format, review(options)
    except _UsageError as error:
        if not _asks_for_json(sys.argv[1:] if argv is None else argv):
            parser().print_usage(sys.stderr)
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(2) from None
        style, found = "json", Review(undetermined=(str(error),))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name must not stop the review
    try:
        print(RENDERERS[style](found), flush=True)
    except OSError as error:  # a closed pipe, a full disk
        print(f"error: the review could not be written: {error.strerror}", file=sys.stderr)
        return 2
    return found.exit_code


def review(options: argparse.Namespace) -> Review:
    """Review the plan that the options of the command line name."""
    try:
        path = "/dev/stdin" if options.plan == "-" else options.plan
        plan = read_plan(Path(path).read_bytes())
        report, replay = _past(options.report, options.history, plan)
        contacts = None
        if options.contacts_before and not plan.contacts_are_elsewhere:
            contacts = (_text(options.contacts_before), _text(options.contacts_after))
        found = evaluate(
            plan,
            report=report,
            replay=replay,
            contacts=contacts,
            max_removed=options.max_removed,
            source=[
                *source_risks(Path(options.source)),
                *(_existing(plan) if options.texts and plan.is_first else ()),
            ],
        )
    except BacklogError as error:
        return Review(undetermined=(str(error),))
    except OSError as error:
        return Review(undetermined=(f"{error.filename}: {error.strerror}",))
    except Exception as error:  # a mistake here must not pass for a review, nor show a value
        return Review(undetermined=(f"the review itself failed: {type(error).__name__}",))
    if options.texts and any("sms" in alert.protocols for alert in plan.alerts_after.values()):
        found = _with_texts(found, plan)
    if options.accept is None:
        return found
    if options.accept != found.digest:
        rejection = f"this plan is not the accepted one; its checksum is {found.digest}"
        return replace(found, risks=(rejection, *found.risks))
    return replace(found, accepted=True)


def _existing(plan: Plan) -> Iterator[str]:
    """Name topics that AWS has although the state has nothing: somebody else's, or its own."""
    from scripts.texts import ask, ask_for_topic

    arns = [f"{plan.place}{alert.topic}" for alert in plan.alerts_after.values()][:8]
    found = [arn.rpartition(":")[2] for arn in arns if ask(partial(ask_for_topic, arn)) is True]
    if found:
        yield (
            f"the account has topics of these names already, and this state does not know them:"
            f" {listed(found)}; use their state, or set name_prefix"
        )


def _with_texts(review: Review, plan: Plan) -> Review:
    """Add whether texts are reachable, which no plan knows. It is no part of the checksum."""
    from scripts.texts import Unknown, ask_about_texts  # with this comes boto3: half a second

    arns = [alert.topic_arn for alert in plan.alerts_after.values() if alert.topic_arn]
    region = arns[0].split(":")[3] if arns else os.environ.get("AWS_REGION")
    try:
        obstacle = ask_about_texts(region).obstacle(None, plan.texts_the_us)
    except BacklogError as error:
        obstacle = Unknown(str(error))
    if isinstance(obstacle, Unknown):
        return replace(review, texts="unknown", texts_obstacle=obstacle.why)
    if obstacle:
        return replace(review, texts="not reachable", texts_obstacle=obstacle)
    return replace(review, texts="reachable")


def _past(
    address: str | None, history: Sequence[str], plan: Plan
) -> tuple[Report | None, Replay | None]:
    """Read the last report and the last 12 months, for the services of the plan's alerts.

    A past month that can't be read is an unknown one.
    """
    if not (address or history):
        return None, None
    from runner.check import last_month  # with these comes pandas: a second, and 100 MB
    from runner.report import read_report
    from scripts.backtest.read import find_reports, read_history
    from scripts.backtest.replay import replay

    alerts = [*plan.alerts_before.values(), *plan.alerts_after.values()]
    services = {service for alert in alerts for service in alert.services}
    month = last_month(datetime.now(timezone.utc))
    what, report, months = "report", None, []
    try:
        if address:
            report = read_report(address, month, services)
        what = "past reports"
        if history:
            found = list(find_reports(history, None, None, month).items())[-MONTHS:]
            months = read_history(dict(found), services, lambda _: None)
    except BacklogError as error:
        raise ConfigError(f"the {what} can't be read: {error}") from None
    return report, partial(replay, months=months) if history else None


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8") from None


class _UsageError(Exception):
    """The command line is not one of this program's."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(message)


def _asks_for_json(argv: Sequence[str]) -> bool:
    return "json" in "=".join(argv).partition("--format=")[2].split("=")[:1]


def parser(
    kind: type[argparse.ArgumentParser] = argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    """Return the parser of the command line, of a kind that says what happens to errors."""
    made = kind(
        prog="python -m scripts.review",
        description="Say what a plan means for people, and reject what is risky.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("plan", metavar="PLAN.json", help="what `terraform show -json PLAN` prints; - for stdin")
    add("--contacts-before", metavar="OLD.csv", help="the contacts before the edit")
    add(
        "--contacts-after",
        metavar="NEW.csv",
        default=str(ROOT / "terraform" / "contacts.csv"),
        help="the contacts that were planned (default: terraform/contacts.csv)",
    )
    add(
        "--source",
        metavar="FOLDER",
        default=str(TERRAFORM),
        help="the configuration that was planned (default: terraform/)",
    )
    add("--report", metavar="ADDRESS", help="the last report, to evaluate new thresholds by")
    past = f"past reports, to evaluate new thresholds by the last {MONTHS} months: a folder, a"
    past += " glob, or an address with {yyyy} and {mm}; may be given several times"
    add("--history", metavar="REPORTS", action="append", default=[], help=past)
    add("--texts", action="store_true", help="ask AWS whether it can send texts at all")
    add("--format", choices=RENDERERS, default="text")
    add("--accept", metavar="DIGEST", help="accept the risks of the plan with this checksum only")
    add(
        "--max-removed",
        type=_share,
        default=MAX_REMOVED,
        metavar="SHARE",
        help="share of an alert's subscribers, 0 to 1, that may leave at once (default: 0.3)",
    )
    return made


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

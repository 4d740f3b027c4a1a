"""One check: the order of work that the command line and the scheduled function share."""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from runner.config import Config
from runner.deliver import Check, Delivery, deliver
from runner.errors import ConfigError, LedgerError, NotSentError, ReportError
from runner.ledger import MONTH, parse_months
from runner.messages import for_operators
from runner.publish import Publish, publisher
from runner.report import Report, read_report
from runner.rules import Decision, decide, distrust
from runner.store import FolderStore, NoStore, S3Store, Store

_MONTHS_KEPT = 24


def check_report(
    config: Config,
    address: str | None = None,
    month: str | None = None,
    *,
    ledger: Path | None = None,
    again: bool = False,
    dry_run: bool = False,
) -> tuple[Report, list[Delivery]]:
    """Read one report, send what is due, and tell the operators what is wrong.

    address, month: default to Terraform's report_url, and to last month. ledger: a folder in place
    of the bucket. again: as if nothing had ever been sent. Raises ConfigError before anything is
    done, and ReportError when the report as a whole can't be read.
    """
    now = datetime.now(timezone.utc)
    address = address or config.report_url
    month = last_month(now) if month is None else month
    if not address:
        raise ConfigError(
            "no report: name one with --report (REPORT= with make), or set report_url and run"
            " `make apply`"
        )
    if not re.fullmatch(MONTH, month) or month > f"{now:%Y-%m}":
        raise ConfigError(f"month {month}: must be YYYY-MM, such as 2026-02, and have begun")
    store = _store(config, ledger, again)
    topics = [alert.topic_arn for alert in config.alerts] + [config.operators_topic_arn]
    publish = publisher(filter(None, topics))
    services = {service for alert in config.alerts for service in alert.services}
    try:
        report = read_report(address, month, services)
    except ReportError as error:
        if not dry_run:
            _tell_operators(config, publish, f"{month}: no report", [str(error)])
        raise
    check = Check(report, now, config, store, publish, dry_run)
    deliveries = _deliver(decide(config.alerts, report), check)
    wrong = [d for d in deliveries if d.status in ("failed", "unknown")]
    if wrong and not dry_run:
        number = [sum(d.status == s for d in wrong) for s in ("failed", "unknown")]
        subject = f"{month}: {number[0]} failed, {number[1]} unknown"
        _tell_operators(config, publish, subject, [report.address, *_summary(wrong)])
    return report, deliveries


def exit_code(deliveries: Sequence[Delivery]) -> int:
    """Return 1 if anything due was not sent, else 3 if anything is unknown, else 0."""
    statuses = {delivery.status for delivery in deliveries}
    return 1 if "failed" in statuses else 3 if "unknown" in statuses else 0


def last_month(today: datetime) -> str:
    """Return the month before `today`'s as YYYY-MM."""
    return (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def _store(config: Config, folder: Path | None, again: bool) -> Store:
    if again or not (folder or config.ledger_bucket):
        return NoStore()
    if folder:
        return FolderStore(folder)
    return S3Store(config.ledger_bucket, config.alerts[0].region)


def _deliver(decisions: Sequence[Decision], check: Check) -> list[Delivery]:
    """Deliver what a report that can be trusted says; without a ledger to ask, nothing."""
    try:
        doubt = _doubt(check)
    except LedgerError as error:
        return [
            Delivery(d, "unknown", d.reason)
            if d.count is None
            else Delivery(d, "failed", str(error))
            for d in decisions
        ]
    if doubt:
        decisions = [replace(d, verdict="unknown", count=None, reason=doubt) for d in decisions]
    return deliver(decisions, check)


def _doubt(check: Check) -> str:
    """Say why the report can't be trusted, or note it as its month's."""
    body, version = check.store.read("report")
    report, seen = check.report, parse_months(body)
    if doubt := distrust(report, check.now, check.config.max_report_age_days, seen):
        return doubt
    if seen.get(report.month) != report.sha256 and not check.dry_run:
        kept = sorted({**seen, report.month: report.sha256}.items())[-_MONTHS_KEPT:]
        # A lost write is another check's, which has noted the same.
        check.store.write("report", json.dumps(dict(kept)).encode(), version)
    return ""


def _summary(wrong: Sequence[Delivery]) -> Iterator[str]:
    """Yield each reason once, with the alerts it holds for."""
    alerts = defaultdict(list)
    for d in wrong:
        count = "" if d.decision.count is None else f" ({d.decision.count})"
        alerts[d.status, " ".join(d.reason.split())].append(d.decision.alert.topic + count)
    for (status, reason), topics in alerts.items():
        yield f"{status}: {', '.join(topics)}\n  {reason}"


def _tell_operators(config: Config, publish: Publish, subject: str, lines: Sequence[str]) -> None:
    """Send what is wrong to those who look after the check; directors never hear it."""
    if not config.operators_topic_arn:
        return
    text = "\n\n".join([*lines, "What failed is tried again by the next check."])
    try:
        publish(for_operators(config.operators_topic_arn, f"Backlog check {subject}", text))
    except (NotSentError, KeyboardInterrupt) as error:  # the result is still to be told
        why = str(error) or "interrupted"
        print(f"error: the operators could not be told: {why}", file=sys.stderr)

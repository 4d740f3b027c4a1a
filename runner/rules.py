"""Counts and alerts -> decisions. Pure: what is over is decided before anything is sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from runner.config import Alert

if TYPE_CHECKING:
    from runner.report import Report  # brings pandas


@dataclass(frozen=True)
class Decision:
    """What a report means for one alert.

    count: open cases over the department's services; None exactly when the verdict is unknown.
    reason: why it is unknown, else empty.
    """

    alert: Alert
    verdict: Literal["over", "below", "unknown"]
    count: int | None
    reason: str = ""


def service_key(name: str) -> str:
    """Fold case and runs of spaces: two names with one key are one service."""
    return " ".join(name.split()).casefold()


def decide(alerts: tuple[Alert, ...], report: "Report", wrong: str = "") -> list[Decision]:
    """Evaluate every alert: over above its threshold, below up to and at the threshold.

    A service that is missing or can't be counted makes its alerts unknown: missing is not zero.
    wrong: why the report can't be trusted, and so all of them are unknown.
    """
    return [_decide_one(alert, report, wrong) for alert in alerts]


def _decide_one(alert: Alert, report: "Report", wrong: str) -> Decision:
    services = {service_key(service): service for service in alert.services}
    absent = [key for key in services if key not in report.counts]
    unknown = [report.problems.get(k, f'"{services[k]}" is not in the report') for k in absent]
    if wrong or unknown or not services:
        return Decision(alert, "unknown", None, wrong or "; ".join(unknown) or "it has no services")
    count = sum(map(report.counts.__getitem__, services))
    return Decision(alert, "over" if count > alert.threshold else "below", count)


def validate_report(
    report: "Report", now: datetime, max_days: int | None, seen: dict[str, str]
) -> str:
    """Say why the report can't be its month's: stale, or another month's; empty when it can.

    now: with its time zone. max_days: of age, None for any. seen: month to SHA-256 of the reports
    processed before.
    """
    if max_days is not None:
        if report.as_of is None:
            return "the report's age is unknown: no Last-Modified, and no month in its address"
        days = (now - report.as_of).days
        # Up to 31 days ahead: the end of the running month, where its address alone dates it.
        if not -31 <= days <= max_days:
            return f"the report is stale: {days} days old, the limit is {max_days}"
    before = max((month for month in seen if month < report.month), default="")
    is_same = seen.get(before) == report.sha256
    return f"the report is identical to that of {before}" if is_same else ""

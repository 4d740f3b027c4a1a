"""Counts and alerts -> decisions. Pure: what is due is decided before anything is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from runner.config import Alert
from runner.report import Report, service_key

# The end of the running month, where nothing but the month in its address dates a report.
_DAYS_AHEAD = 31


@dataclass(frozen=True)
class Decision:
    """What a report means for one alert.

    count: open cases over the department's services; None exactly when the verdict is unknown.
    reason: why it is unknown, else empty.
    """

    alert: Alert
    verdict: Literal["due", "below", "unknown"]
    count: int | None
    reason: str = ""


def decide(alerts: Iterable[Alert], report: Report) -> list[Decision]:
    """Judge every alert: due above its threshold, below it up to and at the threshold.

    A service that is missing or can't be counted makes its alerts unknown: missing is not zero.
    """
    return [_decide_one(alert, report) for alert in alerts]


def _decide_one(alert: Alert, report: Report) -> Decision:
    services = {service_key(service): service for service in alert.services}
    reasons = [
        report.problems.get(key, f'"{service}" is not in the report')
        for key, service in services.items()
        if key not in report.counts
    ]
    if reasons:
        return Decision(alert, "unknown", None, "; ".join(reasons))
    count = sum(report.counts[key] for key in services)
    return Decision(alert, "due" if count > alert.threshold else "below", count)


def distrust(
    report: Report, now: datetime, max_age_days: int | None, seen: Mapping[str, str]
) -> str:
    """Say why the report as a whole can't be this month's; empty when it can.

    now: with its time zone. max_age_days: None for any age. seen: month to SHA-256 of the reports
    judged before.
    """
    if max_age_days is not None:
        if report.as_of is None:
            return "its age can't be told: no Last-Modified, and no month in its address"
        days = (now - report.as_of).days
        if days < -_DAYS_AHEAD:
            return f"its age can't be told: it is dated {-days} days ahead"
        if days > max_age_days:
            return f"the report is stale: {days} days old, the limit is {max_age_days}"
    before = max((month for month in seen if month < report.month), default="")
    if seen.get(before) == report.sha256:
        return f"the report is identical to that of {before}"
    return ""

"""Counts and alerts -> decisions. Pure: what is due is decided before anything is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from runner.config import Alert
from runner.report import Report, service_key


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
    reasons = []
    count = 0
    for service in alert.services:
        key = service_key(service)
        if key in report.counts:
            count += report.counts[key]
        else:
            reasons.append(report.problems.get(key, f'"{service}" is not in the report'))
    if reasons:
        return Decision(alert, "unknown", None, "; ".join(reasons))
    return Decision(alert, "due" if count > alert.threshold else "below", count)

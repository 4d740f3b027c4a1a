"""Months of reports x alerts -> what each alert would have done. Pure.

The runner's own rules and transition process every month; nothing here compares a count with a
threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from runner.config import Alert, Config
from runner.ledger import Entry, transition
from runner.report import Report
from runner.rules import Decision, decide, validate_report


@dataclass(frozen=True)
class Month:
    """One month, YYYY-MM, and its report; without one, `problem` says why."""

    month: str
    report: Report | None
    problem: str = ""


@dataclass(frozen=True)
class History:
    """What one alert would have done, a decision per month in order.

    sent: whether a message would have been sent in that month. over_since: the first month of the
    crossing that still lasts; None when the last month is not over.
    """

    alert: Alert
    months: tuple[str, ...]
    decisions: tuple[Decision, ...]
    sent: tuple[bool, ...]
    over_since: str | None

    @property
    def counts(self) -> tuple[int | None, ...]:
        """Open cases by month, None where that is unknown."""
        return tuple(decision.count for decision in self.decisions)

    @property
    def known(self) -> tuple[int, ...]:
        """The counts of the months that are known, in order."""
        return tuple(count for count in self.counts if count is not None)

    @property
    def sent_in(self) -> tuple[str, ...]:
        """The months in which a message would have been sent."""
        return tuple(m for m, sent in zip(self.months, self.sent, strict=True) if sent)

    @property
    def over_in(self) -> tuple[str, ...]:
        """The months in which the alert was over its threshold."""
        decided = zip(self.months, self.decisions, strict=True)
        return tuple(month for month, d in decided if d.verdict == "over")

    @property
    def unknown(self) -> tuple[tuple[str, str], ...]:
        """The unknown months, each with its reason."""
        decided = zip(self.months, self.decisions, strict=True)
        return tuple((month, d.reason) for month, d in decided if d.verdict == "unknown")

    @property
    def outlook(self) -> Literal["always", "never", "sometimes", "unknown"]:
        """Say in how many of the known months the alert was over: all, none or some of them."""
        known, over = len(self.known), len(self.over_in)
        if not known:
            return "unknown"
        return "never" if not over else "always" if over == known else "sometimes"


@dataclass(frozen=True)
class Suggestion:
    """A threshold, and in how many of the known months its alert would have been over.

    highest: the largest threshold that does the same; None when every larger one does.
    """

    threshold: int
    highest: int | None
    over: int


def replay(
    alerts: Iterable[Alert], months: Sequence[Month], remind: str = "month"
) -> list[History]:
    """Process every month of reports as the runner does; return one history per alert.

    remind: as in runner.config. Recoveries are no alerts, and are left out.
    """
    config = Config(tuple(alerts), remind=remind)
    rows = [_decide(config.alerts, month) for month in _validated(months)]
    checks = [(month.month, _checked_at(month.month)) for month in months]
    return [
        _history(alert, tuple(row[index] for row in rows), checks, config)
        for index, alert in enumerate(config.alerts)
    ]


def _validated(months: Iterable[Month]) -> Iterator[Month]:
    """Yield each month, without its report where the runner would not believe it."""
    before: dict[str, str] = {}  # the last month that was processed, and its report's SHA-256
    for month in months:
        report = month.report
        if not report:
            yield month
        elif problem := validate_report(report, _checked_at(month.month), None, before):
            yield Month(month.month, None, problem)
        else:
            before = {report.month: report.sha256}
            yield month


def _decide(alerts: tuple[Alert, ...], month: Month) -> list[Decision]:
    if month.report:
        return decide(alerts, month.report)
    return [Decision(alert, "unknown", None, month.problem) for alert in alerts]


def _history(
    alert: Alert,
    decisions: tuple[Decision, ...],
    checks: Sequence[tuple[str, datetime]],
    config: Config,
) -> History:
    """Follow one alert through the ledger's transitions. checks: each month, and when it ran."""
    entry, sent = Entry(), []
    for decision, (month, now) in zip(decisions, checks, strict=True):
        delivery = transition(entry, decision, month, now, config)
        entry = delivery.entry
        sent.append(delivery.status == "would_send")
    since = entry.since if decisions[-1].verdict == "over" else None
    return History(alert, tuple(month for month, _ in checks), decisions, tuple(sent), since)


def _checked_at(month: str) -> datetime:
    """Return when a month's report is checked: on the second of the next one."""
    return (datetime.fromisoformat(f"{month}-28T00:00:00+00:00") + timedelta(days=4)).replace(day=2)


def suggest(history: History, target: int) -> Suggestion | None:
    """Return the lowest threshold that is exceeded in at most `target` of 12 months.

    Of K known months that is N = target * K / 12, rounded half up. An alert is over above its
    threshold, so the (N+1)-th highest count is that threshold. When N is K, it is one under the
    lowest count. Months with equal counts can make it fewer than N. None when no month is known.
    """
    counts = sorted(history.known, reverse=True)
    if not counts:
        return None
    wanted = int(Fraction(target * len(counts), 12) + Fraction(1, 2))
    threshold = counts[wanted] if wanted < len(counts) else max(counts[-1] - 1, 0)
    above = [count for count in counts if count > threshold]
    return Suggestion(threshold, above[-1] - 1 if above else None, len(above))

"""Months of reports x alerts -> what each alert would have done. Pure.

The runner's own rules judge every month; nothing here compares a count with a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from runner.config import Alert
from runner.ledger import Entry, transition
from runner.report import Report
from runner.rules import Decision, decide, distrust


@dataclass(frozen=True)
class Month:
    """One month, YYYY-MM, and its report; without one, `problem` says why."""

    month: str
    report: Report | None
    problem: str = ""


@dataclass(frozen=True)
class History:
    """What one alert would have done, a decision per month in order.

    sent: whether a message would have gone out in that month.
    """

    alert: Alert
    months: tuple[str, ...]
    decisions: tuple[Decision, ...]
    sent: tuple[bool, ...]

    @property
    def counts(self) -> tuple[int | None, ...]:
        """Open cases by month, None where that is unknown."""
        return tuple(decision.count for decision in self.decisions)

    @property
    def known(self) -> tuple[int, ...]:
        """The counts of the months that are known, in order."""
        return tuple(count for count in self.counts if count is not None)

    @property
    def fired(self) -> tuple[str, ...]:
        """The months in which a message would have gone out."""
        return tuple(m for m, sent in zip(self.months, self.sent, strict=True) if sent)

    @property
    def unknown(self) -> tuple[tuple[str, str], ...]:
        """The months that can't be told, each with why."""
        judged = zip(self.months, self.decisions, strict=True)
        return tuple((month, d.reason) for month, d in judged if d.verdict == "unknown")

    @property
    def outlook(self) -> Literal["always", "never", "sometimes", "unknown"]:
        """Say in how many of the known months the alert was over: all, none or some of them."""
        verdicts = {decision.verdict for decision in self.decisions} - {"unknown"}
        if not verdicts:
            return "unknown"
        return "sometimes" if len(verdicts) > 1 else "always" if "due" in verdicts else "never"

    @property
    def over_since(self) -> str | None:
        """Return the first month of the crossing that still lasts; None when it is not over.

        As for the runner, an unknown month is no recovery: it neither ends nor begins a crossing.
        """
        if self.decisions[-1].verdict != "due":
            return None
        since = None
        for month, decision in zip(reversed(self.months), reversed(self.decisions), strict=True):
            if decision.verdict == "below":
                break
            since = month if decision.verdict == "due" else since
        return since


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
    """Judge every month of reports with the runner's rules; one history per alert.

    remind: as in runner.config. Recoveries are no alerts, and are left out.
    """
    alerts = list(alerts)
    months = list(_trusted(months))
    judged = [
        decide(alerts, month.report)
        if month.report
        else [Decision(alert, "unknown", None, month.problem) for alert in alerts]
        for month in months
    ]
    names = tuple(month.month for month in months)
    by_alert = [tuple(column) for column in zip(*judged, strict=True)] or [()] * len(alerts)
    return [
        History(alert, names, decisions, tuple(_sent_in(decisions, months, remind)))
        for alert, decisions in zip(alerts, by_alert, strict=True)
    ]


def _trusted(months: Iterable[Month]) -> Iterator[Month]:
    """Yield each month, without its report where the runner would not believe it."""
    seen: dict[str, str] = {}
    for month in months:
        report = month.report
        if not report:
            yield month
        elif doubt := distrust(report, _checked(month.month), None, seen):
            yield Month(month.month, None, doubt)
        else:
            seen[report.month] = report.sha256
            yield month


def _sent_in(decisions: Sequence[Decision], months: Sequence[Month], remind: str) -> Iterator[bool]:
    """Say in which months one alert is sent, by the ledger's transitions."""
    entry = Entry()
    for decision, month in zip(decisions, months, strict=True):
        if not month.report:
            yield False
            continue
        now = _checked(month.month)
        step = transition(entry, decision, month.report, now, remind=remind, notify_recovery=False)
        entry = step.entry
        yield step.action == "send"


def _checked(month: str) -> datetime:
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

"""Histories -> one self-contained HTML page for a city council: plots, tables, no script.

board.html.j2 lays it out. It escapes every value; the one exception is the drawings, which
scripts.backtest.plot makes of elements, not of text. The page's policy forbids every request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from runner.text import printable
from scripts.backtest.departments import Coverage
from scripts.backtest.plot import Series, plot, short
from scripts.backtest.render import number_of, runs_of
from scripts.backtest.replay import History

_MONTHS = "January February March April May June July August September October November December"
# Rows of months that a line names; all of them are in the table.
_FEW = 3
# A plot has room for so many characters of a level's name.
_SHORT = 18
# The summary draws so many months; the plots below it draw all.
_STRIP = 24


@dataclass(frozen=True)
class Department:
    """One department's alerts, which share their services and so their counts.

    Its state is that of the last month: of several alerts, the first in this order.
    """

    alerts: Sequence[History]

    @property
    def name(self) -> str:
        """The department's name, as Terraform has it."""
        return self.first.alert.department

    @property
    def first(self) -> History:
        """An alert to stand for all, where it is about services, months and counts."""
        return self.alerts[0]

    @property
    def state(self) -> Literal["over", "unknown", "within"]:
        """What the last month means."""
        verdicts = {history.decisions[-1].verdict for history in self.alerts}
        return "over" if "over" in verdicts else "unknown" if "unknown" in verdicts else "within"

    @cached_property
    def sent(self) -> list[bool]:
        """Whether any of its alerts would have been sent, by month."""
        return [any(sent) for sent in zip(*(h.sent for h in self.alerts), strict=True)]

    @property
    def over(self) -> list[History]:
        """The alerts that are over now, the lowest threshold first."""
        over = [history for history in self.alerts if history.over_since]
        return sorted(over, key=lambda history: history.alert.threshold)

    @property
    def last_over(self) -> str | None:
        """The last month in which any of its alerts was over."""
        return max((h.over_in[-1] for h in self.alerts if h.over_in), default=None)

    @property
    def strip(self) -> list[Literal["sent", "unknown", ""]]:
        """The last months, as the summary draws them."""
        cells = zip(self.sent, self.first.counts, strict=True)
        found = ["sent" if s else "unknown" if count is None else "" for s, count in cells]
        return found[-_STRIP:]  # type: ignore[return-value]

    def plot(self, number: int) -> Markup:
        """Draw the counts; its number holds the ids of one plot apart from the others'."""
        levels = [(_clean(h.alert.level), h.alert.threshold) for h in self.alerts]
        limits = [(n if len(n) <= _SHORT else f"{n[:_SHORT]}…", limit) for n, limit in levels]
        series = Series(self.first.months, self.first.counts, self.sent, limits)
        title = _clean(f"{self.name}: open cases by month")
        return Markup(plot(series, number=number, title=title, description=self._description()))  # noqa: S704

    def _description(self) -> str:
        """Say in words what the plot shows."""
        months = zip(self.first.counts, self.first.months, strict=True)
        known = [(count, month) for count, month in months if count is not None]
        if not known:
            return "No month is known."
        low, high = min(known), max(known, key=lambda pair: pair[0])
        levels = ", ".join(f"{h.alert.level} {h.alert.threshold:,}" for h in self.alerts)
        unknown = number_of(len(self.first.unknown), "month")
        return (
            f"Lowest {low[0]:,} in {_long(low[1])}, highest {high[0]:,} in {_long(high[1])},"
            f" last known {known[-1][0]:,} in {_long(known[-1][1])}."
            f" Thresholds: {_clean(levels)}.{f' Unknown: {unknown}.' if self.first.unknown else ''}"
        )


def board(histories: Sequence[History], coverage: Coverage, caption: str = "") -> str:
    """Return the page. coverage: may lack alerts, or be empty; caption: about the whole page."""
    name = attrgetter("alert.department")
    groups = groupby(sorted(histories, key=name), key=name)
    departments = [Department(list(group)) for _, group in groups]
    by_state: dict[str, list[Department]] = {
        state: [d for d in departments if d.state == state]
        for state in ("over", "unknown", "within")
    }
    return (
        _environment()
        .get_template("board.html.j2")
        .render(
            by_state=by_state,
            departments=[d for group in by_state.values() for d in group],
            months=histories[0].months,
            coverage=coverage,
            caption=caption,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "channel": lambda protocol: {"email": "email", "sms": "text"}.get(protocol, protocol),
        "month_name": _month_name,
        "number": "{:,}".format,
        "number_of": number_of,
        "runs": _runs,
        "short": short,
        "times": _times,
    }
    return environment


def _finalize(value: Any) -> Any:
    """Clean each text that the template shows, before it is escaped; what is escaped stays."""
    return _clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _clean(text: str) -> str:
    """Return a name on one line, without what would steer a terminal or a page."""
    return printable(re.sub(r"\s+", " ", text))


def _times(history: History) -> str:
    """Say in how many of the known months an alert would have been sent."""
    known, sent = len(history.known), len(history.sent_in)
    if not known:
        return "no known month"
    months = number_of(known, "month" if known == len(history.months) else "known month")
    if not sent:
        return f"none of {months}"
    if sent == known:
        return f"all {months}" if known > 1 else f"the {months[2:]}"
    return f"{sent} of {months}"


def _runs(history: History) -> str:
    """Name the last rows of months in which an alert would have been sent."""
    runs = runs_of(history)
    spans = [short(a) if a == b else f"{short(a)} to {short(b)}" for a, b in runs[-_FEW:]]
    return ", ".join([*(["earlier"] if len(runs) > _FEW else []), *spans])


def _month_name(month: str) -> str:
    return _MONTHS.split()[int(month[5:]) - 1]


def _long(month: str) -> str:
    return f"{_month_name(month)} {month[:4]}"

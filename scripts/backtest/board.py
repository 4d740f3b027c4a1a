"""Histories -> one self-contained HTML page for a city council: plots, tables, no script; or a PNG.

board.html.j2 lays it out. It escapes every value; the one exception is the drawings, which
scripts.backtest.plot makes of elements, not of text. The page's policy forbids every request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from runner.text import printable
from scripts.backtest.departments import Coverage
from scripts.backtest.picture import Panel, draw
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
_STATES = ("over", "unknown", "within")


@dataclass(frozen=True)
class About:
    """What the whole board is about. newest: the last month with a report, and its date, in UTC."""

    city: str = ""
    caption: str = ""
    newest: tuple[str, datetime | None] | None = None

    @property
    def name(self) -> str:
        """Return what the board is called."""
        return _clean(f"{self.city}: backlog alerts" if self.city.strip() else "Backlog alerts")

    @property
    def date(self) -> str:
        """Say how new the numbers are."""
        if not self.newest:
            return ""
        month, dated = self.newest
        day = f", dated {_long(f'{dated:%Y-%m}', f' {dated.day},')}" if dated else ""
        return f"Newest report: {_long(month)}{day}."


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
    def over_since(self) -> str:
        """Say which levels are over, and since when."""
        months = self.first.months
        return "; ".join(
            f"{h.alert.level} ({h.alert.threshold:,}) since"
            f" {'at least ' if h.over_since == months[0] and len(months) > 1 else ''}"
            f"{_long(h.over_since or '')}"
            for h in self.over
        )

    @property
    def said(self) -> tuple[str, str]:
        """Say what the last month means: one word that stands out, and the rest."""
        months = self.first.months
        if self.state == "over":
            return "Over", f"{self.over_since}."
        if self.state == "unknown":
            always = len(months) > 1 and not self.first.known
            when = f"in {'every month, last in ' if always else ''}{_long(months[-1])}"
            return "Unknown", f"{when}: {self.first.decisions[-1].reason}"
        limit = "threshold" if len(self.alerts) == 1 else "thresholds"
        last = f"Last over in {_long(self.last_over)}." if self.last_over else ""
        return "Within", f"its {limit}. {last or 'Never over in a known month.'}"

    @property
    def change(self) -> str:
        """Compare the last month with the month before and with that month a year before."""
        counts, months = self.first.counts, self.first.months
        said: list[str] = []
        for back, when in ((1, ""), (12, "a year before")):
            if counts[-1] is not None and len(months) > back:
                before = counts[-1 - back]
                month = when or f"in {_month_name(months[-1 - back])}"
                unknown = f"the number {month} is unknown"
                change = (
                    unknown if before is None else f"{_difference(counts[-1] - before)} {month}"
                )
                said.append(change)
        return f"{_capital(', '.join(said))}." if said else ""

    @property
    def strip(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The last months, as the summary draws them: by year, each as (month, kind)."""
        cells = zip(self.first.months, self.sent, self.first.counts, strict=True)
        found = [(m, "sent" if s else "unknown" if count is None else "") for m, s, count in cells]
        years = groupby(found[-_STRIP:], key=lambda cell: cell[0][:4])
        return [(year, list(cells)) for year, cells in years]

    def plot(self, number: int) -> Markup:
        """Draw the counts; its number holds the ids of one plot apart from the others'."""
        title = _clean(f"{self.name}: open cases by month")
        words = self._description()
        return Markup(plot(self.series, number=number, title=title, description=words))  # noqa: S704

    @property
    def series(self) -> Series:
        """What its plot shows."""
        levels = [(_clean(h.alert.level), h.alert.threshold) for h in self.alerts]
        limits = [(n if len(n) <= _SHORT else f"{n[:_SHORT]}…", limit) for n, limit in levels]
        return Series(self.first.months, self.first.counts, self.sent, limits)

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


def board(histories: Sequence[History], coverage: Coverage, about: About | None = None) -> str:
    """Return the page. coverage: subscriptions by alert; may lack alerts, or be empty."""
    departments = _departments(histories)
    return (
        _environment()
        .get_template("board.html.j2")
        .render(
            by_state={s: [d for d in departments if d.state == s] for s in _STATES},
            departments=departments,
            months=histories[0].months,
            heading=_heading(departments),
            levels=_levels(histories),
            coverage=coverage,
            about=about or About(),
        )
    )


def picture(histories: Sequence[History], about: About | None = None) -> bytes:
    """Return the board's summary and plots as a PNG, for a newsletter."""
    departments, about = _departments(histories), about or About()
    lines = [line for line in (about.caption, _levels(histories), about.date) if line]
    panels = [
        Panel(
            _capital(_clean(d.name)),
            [_clean(" ".join(d.said)), d.change],
            d.series if d.first.known else None,
            is_over=d.state == "over",
        )
        for d in departments
    ]
    return draw(about.name, _heading(departments), list(map(_clean, lines)), panels)


def _departments(histories: Sequence[History]) -> list[Department]:
    """Return the departments: those that are over, then the unknown, then the others."""
    name = attrgetter("alert.department")
    groups = groupby(sorted(histories, key=name), key=name)
    departments = [Department(list(group)) for _, group in groups]
    return sorted(departments, key=lambda department: _STATES.index(department.state))


def _heading(departments: Sequence[Department]) -> str:
    """Say in one sentence what the last month means."""
    states = [department.state for department in departments]
    over = states.count("over")
    if over:
        verb = "is" if over == 1 else "are"
        what = f"{over} of {number_of(len(states), 'department')} {verb} over a threshold"
    elif "unknown" in states:
        what = "no department is known to be over a threshold"
    else:
        what = "no department is over a threshold"
    return f"In {_long(departments[0].first.months[-1])}, {what}"


def _levels(histories: Sequence[History]) -> str:
    """Say what each level means, the lowest threshold first."""
    limits: dict[str, list[int]] = {}
    for alert in sorted((h.alert for h in histories), key=attrgetter("threshold")):
        limits.setdefault(alert.level, []).append(alert.threshold)
    said: list[str] = []
    for level, (low, *others) in limits.items():
        high = max([low, *others])
        span = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        noun = "" if said else " open cases"
        where = "" if low == high else ", depending on the department"
        said.append(f"{_capital(level)} means more than {span}{noun}{where}.")
    return " ".join(said)


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
        "long": _long,
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


def _long(month: str, day: str = "") -> str:
    """Return 2026-02 as February 2026."""
    return f"{_month_name(month)}{day} {month[:4]}"


def _difference(number: int) -> str:
    """Return a change in words that a month follows."""
    return f"{abs(number):,} {'more' if number > 0 else 'fewer'} than" if number else "as many as"


def _capital(text: str) -> str:
    """Return a text with its first letter as a capital."""
    return text[:1].upper() + text[1:]

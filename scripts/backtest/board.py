"""Histories -> one self-contained HTML page for a city council: plots, tables, no script.

The page asks nothing of anybody: its policy forbids every request, and every name is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from runner.render import printable
from scripts.backtest.plot import Series, plot, short
from scripts.backtest.render import runs_of
from scripts.backtest.replay import History

# People who hear an alert, by (department, level) and protocol.
Coverage = Mapping[tuple[str, str], Mapping[str, int]]
_MONTHS = "January February March April May June July August September October November December"
_CHANNELS = {"email": "by email", "sms": "by text"}
# Rows of months that a line names; all of them are in the table.
_FEW = 3
# A plot has room for so many characters of a level's name.
_SHORT = 18
# The summary draws so many months; the plots below it draw all.
_STRIP = 24
_UNKNOWN_CELL = '<i class="unknown"></i>'
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_LEGEND = {
    '<path class="line" d="M1 11L14 4L27 8"/>': "open cases",
    '<path class="threshold" d="M0 7H28"/>': "threshold",
    '<circle class="sent" cx="14" cy="7" r="4"/>': "month in which an alert goes out",
    '<path class="unknown" d="M5 0H23V14H5Z"/><text class="question" x="10" y="11">?</text>': (
        "unknown, not zero"
    ),
}


def board(histories: Sequence[History], coverage: Coverage, caption: str = "") -> str:
    """Return the page. coverage: may lack alerts, or be empty; caption: said of the whole page."""
    by_name = groupby(sorted(histories, key=_name), key=_name)
    departments = sorted((list(group) for _, group in by_name), key=_urgency)
    months = histories[0].months
    title = f"Backlog alerts, {_long(months[-1])}" + (f". {caption}" if caption else "")
    span = f"{_long(months[0])} to {_long(months[-1])}" if len(months) > 1 else _long(months[0])
    legend = "".join(
        f'<li><svg viewBox="0 0 28 14" aria-hidden="true">{sample}</svg>{words}</li>\n'
        for sample, words in _LEGEND.items()
    )
    articles = "\n".join(
        _article(group, coverage, number) for number, group in enumerate(departments, 1)
    )
    said = f'<p class="caption">{_safe(caption)}</p>' if caption else ""
    style = Path(__file__).with_name("board.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{_safe(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header>
<div class="heading"><h1>Backlog alerts</h1><p class="muted">{span}</p></div>
{said}
</header>
{_summary(departments)}
<ul class="legend" aria-label="How to read the plots">
{legend}</ul>
<div class="departments">
{articles}
</div>
</main>
<footer>
<p>The monthly reports, judged with today's thresholds, and sent as today's check would send: when
open cases get above a threshold, and again when a reminder is due. At it is not above it.</p>
<p>A month is unknown when its report is missing, repeats the one before, or does not hold a usable
count for each of the department's services. It is left out of every number here.</p>
</footer>
</body>
</html>
"""


def _name(history: History) -> str:
    return history.alert.department


def _urgency(group: Sequence[History]) -> tuple[int, str]:
    """Sort what is over first, then what is unknown, then the rest, by name."""
    verdicts = {history.decisions[-1].verdict for history in group}
    return (0 if "due" in verdicts else 1 if "unknown" in verdicts else 2), _name(group[0])


def _summary(departments: Sequence[Sequence[History]]) -> str:
    """Say what is over now, since when, and how often it alerted; then name the others."""
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    for number, group in enumerate(departments, 1):
        place = _urgency(group)[0]
        link = f'<a href="#department-{number}"><span class="name">{_label(group)}</span></a>'
        groups[place].append(_over_item(group, link) if place == 0 else link)
    over, unknown, within = groups
    total = len(departments)
    if over:
        verb = "is" if len(over) == 1 else "are"
        heading = f"{len(over)} of {_number(total, 'department')} {verb} over a threshold"
    elif within and not unknown:
        heading = "No department is over a threshold"
    else:
        heading = "No department is known to be over a threshold"
    heading = f"In {_long(departments[0][0].months[-1])}, {heading[0].lower()}{heading[1:]}"
    parts = [f'<ul class="over">\n{"".join(over)}</ul>'] if over else []
    if unknown:
        parts.append(f'<p class="rest"><b>Unknown now:</b> {", ".join(unknown)}</p>')
    if within:
        parts.append(
            f'<p class="rest muted">Within {"its" if len(within) == 1 else "their"} thresholds:'
            f" {', '.join(within)}</p>"
        )
    body = "\n".join(parts)
    return (
        f'<section class="summary" aria-labelledby="now">\n<h2 id="now">{heading}</h2>\n'
        f"{body}\n</section>"
    )


def _over_item(group: Sequence[History], link: str) -> str:
    limits = "; ".join(_over(group))
    times = ", ".join(f"{_safe(h.alert.level)} in {_times(h)}" for h in group if h.over_since)
    return (
        f'<li><span class="count">{group[0].counts[-1]:,}'
        f' <span class="unit muted">open cases</span></span>\n<div class="told">{link}\n'
        f'<span class="what"><span>Over {limits}.</span>'
        f' <span class="muted">Alerts: {times}.</span></span>\n{_strip(group)}</div></li>\n'
    )


def _strip(group: Sequence[History]) -> str:
    """Draw the last months as a row of cells: those that alerted, those that are unknown."""
    first = group[0]
    months = first.months[-_STRIP:]
    sent = [any(levels) for levels in _sent(group)][-_STRIP:]
    counts = first.counts[-_STRIP:]
    cells = "".join(
        '<i class="sent"></i>' if is_sent else "<i></i>" if count is not None else _UNKNOWN_CELL
        for is_sent, count in zip(sent, counts, strict=True)
    )
    told = f"alert in {sum(sent)} of the last {_number(len(months), 'month')}"
    ends = "".join(
        f"<span>{short(month)}</span> " for month in dict.fromkeys(months[:: len(months) - 1 or 1])
    )
    return (
        f'<span class="when"><span class="strip" role="img" aria-label="{told}">{cells}</span>'
        f'<span class="ends muted">{ends}</span></span>'
    )


def _over(group: Sequence[History]) -> list[str]:
    """Name each threshold that is exceeded, and since when; the lowest first."""
    found = []
    for history in sorted(group, key=lambda history: history.alert.threshold):
        since = history.over_since
        if since:
            begins = "at least " if since == history.months[0] and len(history.months) > 1 else ""
            limit = f"{_safe(history.alert.level)} ({history.alert.threshold:,})"
            found.append(f"{limit} since {begins}{_long(since)}")
    return found


def _times(history: History) -> str:
    known, fired = len(history.known), len(history.fired)
    if not known:
        return "no known month"
    months = _number(known, "month" if known == len(history.months) else "known month")
    if fired in (0, known):
        return (
            f"none of {months}"
            if not fired
            else f"all {months}"
            if known > 1
            else f"the {months[2:]}"
        )
    return f"{fired} of {months}"


def _article(group: Sequence[History], coverage: Coverage, number: int) -> str:
    urgency = _urgency(group)[0]
    alert, last = group[0].alert, group[0].decisions[-1]
    if urgency == 0:
        state = f'<b class="alert">Over</b> {"; ".join(_over(group))}'
    elif urgency == 1:
        state = f"<b>Unknown</b> in {_long(group[0].months[-1])}: {_safe(last.reason)}"
    else:
        state = f"Within its threshold{'' if len(group) == 1 else 's'}. {_last_over(group)}"
    services = ", ".join(alert.services)
    title = f"{alert.department}: open cases by month"
    drawing = plot(_series(group), number=number, title=_clean(title), description=_told(group))
    lines = "".join(_line(history, coverage) for history in group)
    kind = ' class="is-over"' if urgency == 0 else ""
    return f"""<article{kind} id="department-{number}" aria-labelledby="name-{number}">
<h3 id="name-{number}"><span class="name">{_label(group)}</span></h3>
<p class="services muted">{_safe(services)}</p>
<p class="state">{state}</p>
<figure>{drawing}</figure>
<ul class="alerts">
{lines}</ul>
<details>
<summary>Numbers of <span class="name">{_label(group)}</span> by month</summary>
{_table(group)}
</details>
</article>"""


def _last_over(group: Sequence[History]) -> str:
    fired = max((history.fired[-1] for history in group if history.fired), default=None)
    return f"Last over in {_long(fired)}." if fired else "Never over in a month known here."


def _series(group: Sequence[History]) -> Series:
    first = group[0]
    limits = [(_clean(h.alert.level), h.alert.threshold) for h in group]
    cut = [
        (f"{name[:_SHORT]}\N{HORIZONTAL ELLIPSIS}" if len(name) > _SHORT else name, threshold)
        for name, threshold in limits
    ]
    return Series(first.months, first.counts, [any(sent) for sent in _sent(group)], cut)


def _sent(group: Sequence[History]) -> Iterator[tuple[bool, ...]]:
    return zip(*(history.sent for history in group), strict=True)


def _told(group: Sequence[History]) -> str:
    """Say in words what the plot shows."""
    first = group[0]
    known = [
        (count, m) for m, count in zip(first.months, first.counts, strict=True) if count is not None
    ]
    if not known:
        return "No month is known."
    low, high = min(known), max(known, key=lambda pair: pair[0])
    limits = ", ".join(f"{h.alert.level} above {h.alert.threshold:,}" for h in group)
    lines = [
        f"Lowest {low[0]:,} in {_long(low[1])}, highest {high[0]:,} in {_long(high[1])},"
        f" last known {known[-1][0]:,} in {_long(known[-1][1])}.",
        f"Alerts: {_clean(limits)}.",
    ]
    if first.unknown:
        lines.append(f"Unknown: {_number(len(first.unknown), 'month')}.")
    return " ".join(lines)


def _line(history: History, coverage: Coverage) -> str:
    """Say of one alert when it goes out, how often it would have, and who hears it."""
    alert = history.alert
    runs = runs_of(history)
    spans = [short(a) if a == b else f"{short(a)} to {short(b)}" for a, b in runs[-_FEW:]]
    earlier = "earlier, " if len(runs) > _FEW else ""
    when = f": {earlier}{', '.join(spans)}" if runs else ""
    return (
        f"<li><b>{_safe(alert.level)}</b> above {alert.threshold:,}, {_heard(history, coverage)}."
        f'<br><span class="muted">Goes out in {_times(history)}{when}</span></li>\n'
    )


def _heard(history: History, coverage: Coverage) -> str:
    """Say how many hear an alert, or without that only how it goes out."""
    alert = history.alert
    people = coverage.get((alert.department, alert.level))
    if people is None:
        channels = [_CHANNELS.get(protocol, _safe(protocol)) for protocol in alert.protocols]
        return " and ".join(channels) or "to nobody"
    if not any(people.values()):
        return '<b class="alert">nobody hears it</b>'
    heard = [f"{number:,} {_CHANNELS.get(p, _safe(p))}" for p, number in sorted(people.items())]
    return f"heard by {' and '.join(heard)}"


def _table(group: Sequence[History]) -> str:
    """Lay out the plot's numbers, the latest month first."""
    first = group[0]
    counts = first.counts
    heads = "".join(
        f'<th scope="col">{_safe(h.alert.level)} above {h.alert.threshold:,}</th>' for h in group
    )
    rows = []
    for index in reversed(range(len(counts))):
        count = counts[index]
        if count is None:
            reason = _safe(first.decisions[index].reason)
            cells = f'<td class="number">?</td><td colspan="{len(group)}">unknown: {reason}</td>'
        else:
            cells = f'<td class="number">{count:,}</td>'
            cells += "".join(
                '<td class="sent">alert</td>' if h.sent[index] else "<td>\N{EN DASH}</td>"
                for h in group
            )
        rows.append(f'<tr><th scope="row">{short(first.months[index])}</th>{cells}</tr>\n')
    label = f"Numbers of {_label(group)}"
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>\n'
        f'<thead><tr><th scope="col">Month</th><th scope="col" class="number">Open cases</th>'
        f"{heads}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table></div>"
    )


def _label(group: Sequence[History]) -> str:
    return _safe(_name(group[0]))


def _clean(text: str) -> str:
    """Return a name on one line, without what would steer a terminal or a page."""
    return printable(" ".join(text.split()))


def _safe(text: str) -> str:
    return escape(_clean(text), quote=True)


def _long(month: str) -> str:
    return f"{_MONTHS.split()[int(month[5:]) - 1]}\N{NO-BREAK SPACE}{month[:4]}"


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""Histories -> a table for a terminal, or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runner.render import printable
from scripts.backtest.replay import History, Suggestion, suggest


def as_json(histories: Sequence[History], target: int | None) -> str:
    """Return one JSON object; its fields are part of the command's contract."""
    months = histories[0].months
    heading = {"from": months[0], "to": months[-1], "months": len(months)}
    alerts = [_row(history, target) for history in histories]
    return json.dumps({**heading, "alerts": alerts}, indent=2)


def _row(history: History, target: int | None) -> dict[str, Any]:
    alert, now = history.alert, history.decisions[-1]
    suggestion = None if target is None else suggest(history, target)
    return {
        "alert": alert.topic,
        "department": alert.department,
        "level": alert.level,
        "threshold": alert.threshold,
        "outlook": history.outlook,
        "now": {
            "count": now.count,
            "state": "over" if now.verdict == "due" else now.verdict,
            "since": history.over_since,
        },
        "fired": history.fired,
        "unknown": [{"month": month, "reason": reason} for month, reason in history.unknown],
        "counts": dict(zip(history.months, history.counts, strict=True)),
        "suggestion": suggestion
        and {
            "threshold": suggestion.threshold,
            "highest": suggestion.highest,
            "over": suggestion.over,
            "of": len(history.known),
        },
    }


def as_text(histories: Sequence[History], target: int | None) -> str:
    """Return a table with one line per alert, and below it what stands out."""
    months = histories[0].months
    blocks = [f"{months[0]} to {months[-1]}, {_number(len(months), 'month')}", _table(histories)]
    never, always = (
        [history.alert.topic for history in histories if history.outlook == outlook]
        for outlook in ("never", "always")
    )
    notes = []
    if never:
        notes.append(f"Never fires, in no month known here: {', '.join(never)}")
    if always:
        notes.append(f"Always fires, in every month known here: {', '.join(always)}")
    blocks += ["\n".join(notes), _block("Fires in", _fired(histories))]
    if target is not None:
        heading = f"To fire in about {target} of 12 months, set"
        blocks.append(_block(heading, (_advice(h, suggest(h, target)) for h in histories)))
    blocks.append(_block("Unknown, which is never zero", _unknown(histories)))
    return printable("\n\n".join(filter(None, blocks)))


def _table(histories: Sequence[History]) -> str:
    lines = [("ALERT", "OVER", "FIRES", "UNKNOWN", "LAST", "")]
    for history in histories:
        count, since = history.counts[-1], history.over_since
        lines.append(
            (
                history.alert.topic,
                str(history.alert.threshold),
                f"{len(history.fired)} of {len(history.known)}",
                str(len(history.unknown)),
                "?" if count is None else str(count),
                f"over since {since}" if since else "",
            )
        )
    a, b, c, d, e = (max(len(line[i]) for line in lines) for i in range(5))
    return "\n".join(
        f"{u:<{a}}  {v:>{b}}  {w:>{c}}  {x:>{d}}  {y:>{e}}  {z}".rstrip()
        for u, v, w, x, y, z in lines
    )


def _block(heading: str, lines: Iterable[str]) -> str:
    shown = [f"  {line}" for line in lines]
    return "\n".join([heading, *shown]) if shown else ""


def _fired(histories: Sequence[History]) -> Iterator[str]:
    for history in histories:
        if history.fired:
            runs = [a if a == b else f"{a} to {b}" for a, b in runs_of(history)]
            yield f"{history.alert.topic}: {', '.join(runs)}"


def runs_of(history: History) -> list[tuple[str, str]]:
    """Return the first and last month of each unbroken row of months that fire."""
    runs: list[tuple[str, str]] = []
    before = False
    for month, sent in zip(history.months, history.sent, strict=True):
        if sent:
            runs = [*runs[:-1], (runs[-1][0], month)] if before else [*runs, (month, month)]
        before = sent
    return runs


def _advice(history: History, suggestion: Suggestion | None) -> str:
    alert = history.alert
    if suggestion is None:
        return f"{alert.topic}: no month is known"
    highest = suggestion.highest
    same = " or more" if highest is None else f" to {highest}"
    span = "" if highest == suggestion.threshold else same
    fires = f"fires in {suggestion.over} of {_number(len(history.known), 'known month')}"
    return f"{alert.topic}: {suggestion.threshold}{span}, now {alert.threshold} ({fires})"


def _unknown(histories: Sequence[History]) -> Iterator[str]:
    """Name each reason once, with its alerts and the unbroken row of months that it holds in."""
    by_month: dict[str, dict[str, list[str]]] = {month: {} for month in histories[0].months}
    for history in histories:
        for month, reason in history.unknown:
            by_month[month].setdefault(" ".join(reason.split()), []).append(history.alert.topic)
    spans: dict[str, list[str]] = {}  # what is said, with its first and last month so far
    for month, reasons in by_month.items():
        said = {
            f"{'all alerts' if len(topics) == len(histories) else ', '.join(topics)}: {reason}"
            for reason, topics in reasons.items()
        }
        ended = [words for words in spans if words not in said]
        yield from (_span(words, *spans.pop(words)) for words in ended)
        for words in sorted(said):
            spans[words] = [*spans.get(words, [month])[:1], month]
    yield from (_span(words, *months) for words, months in spans.items())


def _span(words: str, first: str, last: str) -> str:
    return f"{first if first == last else f'{first} to {last}'} {words}"


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

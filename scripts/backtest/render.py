"""Histories -> a table for a terminal, or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runner.text import printable, table
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
        **{n: getattr(alert, n) for n in ("topic", "department", "level", "threshold")},
        "outlook": history.outlook,
        "now": {"count": now.count, "state": now.verdict, "since": history.over_since},
        "sent": history.sent_in,
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
    blocks = [f"{months[0]} to {months[-1]}, {number_of(len(months), 'month')}", _table(histories)]
    notes = [
        f"{words}: {', '.join(topics)}"
        for outlook, words in (
            ("never", "Never over in a known month"),
            ("always", "Over in every known month"),
        )
        if (topics := [h.alert.topic for h in histories if h.outlook == outlook])
    ]
    blocks += ["\n".join(notes), _block("Sent in", _sent(histories))]
    if target is not None:
        heading = f"To be over in about {target} of 12 months, set"
        blocks.append(_block(heading, (_advice(h, suggest(h, target)) for h in histories)))
    blocks.append(_block("Unknown, not zero", _unknown(histories)))
    return printable("\n\n".join(filter(None, blocks)))


def _table(histories: Sequence[History]) -> str:
    numbers = ("THRESHOLD", "SENT", "UNKNOWN", "LAST")
    rows = []
    for h in histories:
        last, since = h.counts[-1], h.over_since
        sent, unknown = f"{len(h.sent_in)} of {len(h.known)}", str(len(h.unknown))
        cells = (str(h.alert.threshold), sent, unknown, "?" if last is None else str(last))
        rows.append((h.alert.topic, *cells, f"over since {since}" if since else ""))
    return table(("TOPIC", *numbers, ""), rows, numbers)


def _block(heading: str, lines: Iterable[str]) -> str:
    shown = [f"  {line}" for line in lines]
    return "\n".join([heading, *shown]) if shown else ""


def _sent(histories: Sequence[History]) -> Iterator[str]:
    for history in histories:
        if runs := [_span(*run) for run in runs_of(history)]:
            yield f"{history.alert.topic}: {', '.join(runs)}"


def runs_of(history: History) -> list[tuple[str, str]]:
    """Return the first and last month of each unbroken row of months with a message sent."""
    runs: list[tuple[str, str]] = []
    before = False
    for month, sent in zip(history.months, history.sent, strict=True):
        if sent:
            first = runs.pop()[0] if before else month
            runs.append((first, month))
        before = sent
    return runs


def _advice(history: History, suggestion: Suggestion | None) -> str:
    alert = history.alert
    if suggestion is None:
        return f"{alert.topic}: no month is known"
    highest = suggestion.highest
    same = " or more" if highest is None else f" to {highest}"
    span = "" if highest == suggestion.threshold else same
    over = f"over in {suggestion.over} of {number_of(len(history.known), 'known month')}"
    return f"{alert.topic}: {suggestion.threshold}{span}, now {alert.threshold} ({over})"


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
        yield from (f"{_span(*spans.pop(words))} {words}" for words in ended)
        for words in sorted(said):
            spans[words] = [*spans.get(words, [month])[:1], month]
    yield from (f"{_span(*months)} {words}" for words, months in spans.items())


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def number_of(number: int, noun: str) -> str:
    """Return a number with its noun, such as 1 month or 1,200 months."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

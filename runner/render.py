"""Deliveries -> a table for people, or JSON for programs."""

import json
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import Any

from runner.deliver import Delivery
from runner.report import Report


def as_json(report: Report, deliveries: Sequence[Delivery]) -> str:
    """Return one JSON object; its fields are part of the command's contract."""
    heading = {name: getattr(report, name) for name in ("address", "month", "sha256", "rows")}
    number = Counter(delivery.status for delivery in deliveries)
    totals = {status: number[status] for status in ("sent", "failed", "unknown")}
    return json.dumps(
        {"report": heading, "alerts": [as_row(d) for d in deliveries], **totals}, indent=2
    )


def as_row(delivery: Delivery) -> dict[str, Any]:
    """Return what became of one alert, as the command's JSON has it."""
    alert = delivery.decision.alert
    return {
        "topic": alert.topic,
        "department": alert.department,
        "level": alert.level,
        "count": delivery.decision.count,
        "threshold": alert.threshold,
        "status": delivery.status,
        "reason": delivery.reason or None,
        "message_id": delivery.message_id,
    }


def as_text(report: Report, deliveries: Sequence[Delivery]) -> str:
    """Return a table with one line per alert, and a line that sums it up."""
    header, lines = ("TOPIC", "COUNT", "THRESHOLD", "STATUS", ""), []
    for row in map(as_row, deliveries):
        count = "?" if row["count"] is None else str(row["count"])
        status = row["status"].replace("_", " ")
        reason = " ".join((row["reason"] or "").split())  # a cell may hold line breaks
        lines.append((row["topic"], count, str(row["threshold"]), status, reason))
    number = Counter(delivery.status for delivery in deliveries)
    summary = ", ".join(
        f"{number[status]} {status.replace('_', ' ')}"
        for status in (
            "sent",
            "would_send",
            "recovered",
            "failed",
            "unknown",
            "already_sent",
            "below",
        )
        if number[status] or status in ("sent", "failed", "unknown")
    )
    heading = f"{report.address}: {report.month}, {report.rows} rows"
    return printable(
        "\n".join([heading, "", table(header, lines, ("COUNT", "THRESHOLD")), "", summary])
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Container[str] = ()) -> str:
    """Lay out rows under a header, two spaces apart; the columns named in `right` end flush."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    ends = [name in right for name in header]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if end else cell.ljust(width)
            for cell, width, end in zip(line, widths, ends, strict=True)
        ).rstrip()
        for line in lines
    )


def printable(text: str) -> str:
    """Replace what a terminal would obey rather than show, line breaks apart."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)

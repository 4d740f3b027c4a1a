"""Deliveries -> a table for people, JSON for programs, lines of it for a log."""

import json
import os
import time

from runner.ledger import Delivery
from runner.report import Report
from runner.text import printable, table

# What is counted where there is none of it, too.
_ALWAYS = ("sent", "failed", "unknown")


def as_json(report: Report, deliveries: list[Delivery]) -> str:
    """Return one JSON object; its fields are part of the command's contract."""
    heading = {name: getattr(report, name) for name in ("address", "month", "sha256", "rows")}
    alerts, number = list(map(_row, deliveries)), _totals(deliveries)
    totals = {status: number[status] for status in _ALWAYS}
    return json.dumps({"report": heading, "alerts": alerts, **totals}, indent=2) + "\n"


def _row(delivery: Delivery) -> dict[str, object]:
    """Return what became of one alert, as the command's JSON has it."""
    decision, alert = delivery.decision, delivery.decision.alert
    about = {name: getattr(alert, name) for name in ("topic", "department", "level", "threshold")}
    became = {"status": delivery.status, "reason": delivery.reason or None}
    return {**about, "count": decision.count, **became, "message_id": delivery.message_id}


def _totals(deliveries: list[Delivery]) -> dict[str, int]:
    statuses = [delivery.status for delivery in deliveries]
    return {status: statuses.count(status) for status in dict.fromkeys((*_ALWAYS, *statuses))}


def as_text(report: Report, deliveries: list[Delivery]) -> str:
    """Return a table with one line per alert, and a line that sums it up."""
    header, rows = ("TOPIC", "COUNT", "THRESHOLD", "STATUS", ""), []
    for d in deliveries:
        count = "?" if d.decision.count is None else str(d.decision.count)
        alert, reason = d.decision.alert, " ".join(d.reason.split())
        rows.append((alert.topic, count, str(alert.threshold), d.status.replace("_", " "), reason))
    shown = table(header, rows, ("COUNT", "THRESHOLD"))
    summary = ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in _totals(deliveries).items())
    heading = f"{report.address}: {report.month}, {report.rows} rows"
    return printable(f"{heading}\n\n{shown}\n\n{summary}\n")


def as_log(report: Report, deliveries: list[Delivery]) -> str:
    """Return a line of JSON for each alert, and one of metrics: counts, totals, the report's age.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    now, decisions = time.time(), [delivery.decision for delivery in deliveries]
    number = _totals(deliveries)
    values = {status.capitalize(): float(number[status]) for status in _ALWAYS}
    values |= {f"Cases {d.alert.department}": d.count for d in decisions if d.count is not None}
    if report.as_of:
        values["ReportAgeDays"] = round((now - report.as_of.timestamp()) / 86400, 2)
    units = {"ReportAgeDays": "None"}
    metrics = [{"Name": name, "Unit": units.get(name, "Count")} for name in values]
    about = {"Namespace": "BacklogAlerts", "Dimensions": [["Function"]]}
    # A directive takes 100 metrics.
    parts = [{**about, "Metrics": metrics[n : n + 100]} for n in range(0, len(metrics), 100)]
    meta = {"Timestamp": int(now * 1000), "CloudWatchMetrics": parts}
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
    lines = [*map(_row, deliveries), {"_aws": meta, "Function": function, **values}]
    return "".join(f"{json.dumps(line)}\n" for line in lines)


FORMATS = {"text": as_text, "json": as_json, "log": as_log}

"""Example values, each field of which a test may change."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from runner.config import Alert, Config
from runner.deliver import Check, Delivery, deliver
from runner.publish import publisher
from runner.report import Report
from runner.rules import Decision
from runner.store import NoStore, Store


def an_alert(topic: str = "water_critical", **changes: Any) -> Alert:
    """An alert on `topic`, named after its department and level."""
    department, _, level = topic.partition("_")
    fields = {
        "department": department,
        "level": level,
        "services": (department.capitalize(),),
        "threshold": 100,
        "protocols": ("email", "sms"),
        "topic_arn": f"arn:aws:sns:us-east-1:123456789012:{topic}",
        "subject": "{department} is {level}",
        "message": "{count} cases of {department}",
        "sms": "{count} cases!",
    }
    return Alert(topic=topic, **{**fields, **changes})


def a_report(month: str = "2026-02", sha256: str = "5" * 64, **counts: int) -> Report:
    """A report of these counts by service."""
    return Report("r.csv", month, sha256, len(counts), counts, {})


def deliver_all(
    decisions: Sequence[Decision],
    *,
    report: Report | None = None,
    store: Store | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
    **settings: Any,
) -> list[Delivery]:
    """Deliver decisions as a check does, by default without a ledger, for 2026-02."""
    check = Check(
        report or a_report(),
        now or datetime.now(timezone.utc),
        Config(tuple(decision.alert for decision in decisions), **settings),
        store or NoStore(),
        publisher(decision.alert.topic_arn for decision in decisions),
        dry_run,
    )
    return deliver(decisions, check)


def outputs(*alerts: Alert, report_url: str = "", **settings: Any) -> str:
    """What `terraform output -json` prints for these alerts and settings."""
    values = {alert.topic: asdict(alert) for alert in alerts}
    for value in values.values():
        del value["topic"]
    all_values = {"alerts": values, "report_url": report_url, **settings}
    return json.dumps({name: {"value": value} for name, value in all_values.items()})

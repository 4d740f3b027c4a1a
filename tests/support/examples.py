"""Example values, each field of which a test may change."""

import json
from dataclasses import asdict
from typing import Any

from runner.config import Alert
from runner.report import Report


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


def runner_config(*alerts: Alert, **settings: Any) -> str:
    """What `terraform output -json runner_config` prints for these alerts and settings."""
    values = {alert.topic: asdict(alert) for alert in alerts}
    for value in values.values():
        del value["topic"]
    unset = dict.fromkeys(("ledger_bucket", "max_report_age_days", "operators_topic_arn"))
    defaults = {**unset, "notify_recovery": False, "remind": "month", "report_url": ""}
    return json.dumps({"alerts": values, **defaults, **settings})

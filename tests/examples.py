"""Example values, each field of which a test may change."""

import json
from dataclasses import asdict
from typing import Any

from runner.config import Alert


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


def outputs(*alerts: Alert, report_url: str = "") -> str:
    """What `terraform output -json` prints for these alerts."""
    values = {alert.topic: asdict(alert) for alert in alerts}
    for value in values.values():
        del value["topic"]
    return json.dumps({"alerts": {"value": values}, "report_url": {"value": report_url}})

"""Terraform's output runner_config -> Config. What Terraform has validated is trusted here."""

import json
from dataclasses import dataclass, fields
from typing import Any

from runner.errors import ConfigError


@dataclass(frozen=True)
class Alert:
    """One level of one department: when it is over, where it goes and what it says.

    threshold: open cases; the alert is over when the sum over `services` exceeds it.
    subject, message, sms: texts with the placeholders that runner.messages fills in.
    """

    topic: str
    department: str
    level: str
    services: tuple[str, ...]
    threshold: int
    protocols: tuple[str, ...]
    topic_arn: str
    subject: str
    message: str
    sms: str


@dataclass(frozen=True)
class Config:
    """The alerts, sorted by topic, and how to check them.

    report_url: may be empty. ledger_bucket, operators_topic_arn: empty for none.
    max_report_age_days: None for any age. remind: when an alert that stays over is sent again, with
    each new "month", "never", or in a new month after a number of days. notify_recovery: whether
    a message says that it is below again.
    """

    alerts: tuple[Alert, ...]
    report_url: str = ""
    ledger_bucket: str = ""
    operators_topic_arn: str = ""
    max_report_age_days: int | None = None
    remind: str = "month"
    notify_recovery: bool = False


def parse_config(text: str, source: str) -> Config:
    """Turn a runner_config into a Config; `source` names it in errors. Raises ConfigError."""
    try:
        values = json.loads(text)
        # No alert at all, and an alert without an ARN, are errors here like any other.
        items = sorted(values["alerts"].items()) or values["none"]
        alerts = [alert(*item) for item in items if item[1]["topic_arn"].split(":")[3][0]]
        return Config(**_known(Config, {**values, "alerts": alerts}))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        problem = "is not the output runner_config, with one alert or more; run `make apply`"
        raise ConfigError(f"{source}: {problem}") from None


def alert(topic: str, values: dict[str, Any]) -> Alert:
    """Return one alert of a runner_config; raises TypeError where a field is missing."""
    return Alert(**_known(Alert, {**values, "topic": topic}))


def _known(kind: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a dataclass has, lists as tuples; null stands for its default."""
    named = {field.name: values.get(field.name) for field in fields(kind)}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in named.items() if v is not None}

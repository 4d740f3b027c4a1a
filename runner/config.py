"""Terraform outputs -> Alert values."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import ConfigError

TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True)
class Alert:
    """One level of one department: when it is due, where it goes and what it says.

    threshold: open cases; the alert is due when the sum over `services` exceeds it.
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

    @property
    def region(self) -> str:
        """AWS region of the topic, from its ARN."""
        return self.topic_arn.split(":")[3]


@dataclass(frozen=True)
class Config:
    """What Terraform's outputs say: all alerts, sorted by topic, and how to check them.

    report_url: may be empty. ledger_bucket, operators_topic_arn: empty for none.
    max_report_age_days: None for any age. remind: when an alert that stays over is sent again, with
    each new "month", "never", or in a new month after a number of days. notify_recovery: whether
    directors hear that it is below again.
    """

    alerts: tuple[Alert, ...]
    report_url: str = ""
    ledger_bucket: str = ""
    operators_topic_arn: str = ""
    max_report_age_days: int | None = None
    remind: str = "month"
    notify_recovery: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list(value: Any, is_item: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(is_item, value))


def _is_arn(value: Any) -> bool:
    return _is_text(value) and bool(TOPIC_ARN.fullmatch(value))


# What each field of an alert must be.
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "department": ("a text", _is_text),
    "level": ("a text", _is_text),
    "services": ("a list of names", lambda v: v != [] and _is_list(v, _is_text)),
    "threshold": ("a whole number of at least 0", lambda v: type(v) is int and v >= 0),
    "protocols": ("a list of email and sms", lambda v: _is_list(v, ["email", "sms"].__contains__)),
    "topic_arn": ("the ARN of a topic", _is_arn),
    "subject": ("a text", _is_text),
    "message": ("a text", _is_text),
    "sms": ("a text", _is_text),
}
# What each output beside the alerts must be; Terraform leaves those out that are null.
_SETTINGS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "report_url": ("a text", lambda v: isinstance(v, str)),
    "ledger_bucket": ("the name of a bucket", _is_text),
    "operators_topic_arn": ("the ARN of a topic", _is_arn),
    "max_report_age_days": ("a whole number", lambda v: type(v) is int),
    "remind": (
        "month, never or a number of days",
        lambda v: isinstance(v, str) and bool(re.fullmatch("month|never|[1-9][0-9]{0,3}", v)),
    ),
    "notify_recovery": ("true or false", lambda v: isinstance(v, bool)),
}


def read_outputs(path: str) -> Config:
    """Read a file with what `terraform output -json` prints; - is standard input.

    Raises ConfigError for what can't be read or used.
    """
    name = "standard input" if path == "-" else path
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise ConfigError(f"{name}: {reason}") from None
    return parse_outputs(text, name)


def parse_outputs(text: str, source: str) -> Config:
    """Turn what `terraform output -json` prints into a Config; `source` names it in errors.

    Raises ConfigError naming every alert, field and output that can't be used.
    """
    try:
        outputs = json.loads(text)
        if outputs == {}:
            raise ConfigError(f"{source}: Terraform has no outputs yet; run `make apply` first")
        alerts = outputs["alerts"]["value"]
        settings = {name: outputs[name]["value"] for name in _SETTINGS if name in outputs}
        settings["report_url"] += ""
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError(
            f"{source}: does not hold `alerts` and `report_url` as `terraform output -json`"
            " prints them; run `make apply` first"
        ) from None
    if not isinstance(alerts, dict) or not alerts:
        raise ConfigError(f"{source}: no alerts; add one to terraform/departments.auto.tfvars")
    problems = [
        f"{source}: alert {topic}: {name} is not {kind}"
        for topic, values in sorted(alerts.items())
        for name, (kind, is_kind) in _KINDS.items()
        if not is_kind(values.get(name) if isinstance(values, dict) else None)
    ] + [
        f"{source}: {name} is not {_SETTINGS[name][0]}"
        for name, value in settings.items()
        if not _SETTINGS[name][1](value)
    ]
    if problems:
        raise ConfigError("\n".join([*problems, "Run `make apply` to write the outputs anew."]))
    return Config(tuple(_alert(topic, alerts[topic]) for topic in sorted(alerts)), **settings)


def _alert(topic: str, values: dict[str, Any]) -> Alert:
    as_fields: dict[str, Any] = {
        k: tuple(v) if isinstance(v := values[k], list) else v for k in _KINDS
    }
    return Alert(topic=topic, **as_fields)

"""Terraform's output runner_config -> Config."""

import json
from typing import Any

import pytest

from runner.config import Alert, Config, parse_config
from runner.errors import ConfigError
from tests.support.examples import an_alert, runner_config

VALUES = {
    "department": "water",
    "level": "critical",
    "services": ["Water", "Street Light Out"],
    "threshold": 100,
    "protocols": ["email"],
    "topic_arn": "arn:aws:sns:us-west-2:123456789012:water_critical",
    "subject": "Water Alert",
    "message": "{count} cases",
    "sms": "{count}!",
}
SETTINGS = {
    "report_url": "https://example.com/{yyyy}.csv",
    "ledger_bucket": "city-ledger",
    "operators_topic_arn": "arn:aws:sns:us-west-2:123456789012:operators",
    "max_report_age_days": 35,
    "remind": "never",
    "notify_recovery": True,
}
ALERT = Alert(
    topic="water_critical",
    department="water",
    level="critical",
    services=("Water", "Street Light Out"),
    threshold=100,
    protocols=("email",),
    topic_arn="arn:aws:sns:us-west-2:123456789012:water_critical",
    subject="Water Alert",
    message="{count} cases",
    sms="{count}!",
)


def config_json(alert: Any = VALUES, **settings: Any) -> str:
    return json.dumps({"alerts": {"water_critical": alert}, **settings})


def test_every_field_that_terraform_writes_reaches_the_config() -> None:
    assert parse_config(config_json(**SETTINGS), "c.json") == Config(
        alerts=(ALERT,),
        report_url="https://example.com/{yyyy}.csv",
        ledger_bucket="city-ledger",
        operators_topic_arn="arn:aws:sns:us-west-2:123456789012:operators",
        max_report_age_days=35,
        remind="never",
        notify_recovery=True,
    )


@pytest.mark.parametrize("settings", [{}, dict.fromkeys(SETTINGS)])
def test_what_is_null_or_not_there_has_its_default(settings: dict[str, None]) -> None:
    assert parse_config(config_json(**settings), "c.json") == Config(
        alerts=(ALERT,),
        report_url="",
        ledger_bucket="",
        operators_topic_arn="",
        max_report_age_days=None,
        remind="month",
        notify_recovery=False,
    )


def test_a_field_of_a_later_version_is_no_hindrance() -> None:
    text = config_json({**VALUES, "color": "blue", "muted_until": None}, report_columns=["a"])

    assert parse_config(text, "c.json").alerts == (ALERT,)


def test_alerts_are_sorted_by_topic_whatever_their_order_in_the_file() -> None:
    text = runner_config(an_alert("water_critical"), an_alert("trash_high"), an_alert("water_a"))

    topics = [alert.topic for alert in parse_config(text, "c.json").alerts]

    assert topics == ["trash_high", "water_a", "water_critical"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "7",
        '"alerts"',
        "[" * 100_000,
        '{"alerts"',
        "\ufeff" + config_json(),
        "Warning: No outputs found",
        json.dumps({"runner_config": {"value": json.loads(config_json())}}),  # all outputs
        '{"report_url": ""}',
        '{"alerts": null}',
        '{"alerts": {}}',
        '{"alerts": []}',
        '{"alerts": "t"}',
        json.dumps({"alerts": [VALUES]}),
        *(config_json(alert) for alert in (None, {}, [], "soon", 7)),
        *(config_json({k: v for k, v in VALUES.items() if k != field}) for field in VALUES),
        *(config_json({**VALUES, field: None}) for field in VALUES),
    ],
)
def test_what_is_no_runner_config_is_one_clear_error(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "c.json")

    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        "c.json: is not the output runner_config, with one alert or more; run `make apply`"
    )

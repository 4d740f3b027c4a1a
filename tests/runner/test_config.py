"""Terraform outputs -> alerts."""

import json
from typing import Any

import pytest

from runner.config import Alert, Config, parse_outputs
from runner.errors import ConfigError
from tests.support.examples import an_alert, outputs

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


def output_json(alerts: Any, report_url: Any = "") -> str:
    return json.dumps({"alerts": {"value": alerts}, "report_url": {"value": report_url}})


def message_of(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_outputs(text, "outputs.json")
    return str(caught.value)


def test_every_field_of_an_output_reaches_its_alert() -> None:
    text = output_json({"water_critical": VALUES}, "https://example.com/{yyyy}.csv")

    assert parse_outputs(text, "outputs.json") == Config(
        alerts=(
            Alert(
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
            ),
        ),
        report_url="https://example.com/{yyyy}.csv",
    )


def test_what_else_terraform_prints_is_no_hindrance() -> None:
    """Types, sensitivity, other outputs and later fields of an alert are ignored."""
    text = json.dumps(
        {
            "alerts": {
                "sensitive": False,
                "type": ["object", {}],
                "value": {"water_critical": {**VALUES, "colour": "blue"}},
            },
            "coverage": {"value": {}},
            "report_url": {"sensitive": False, "type": "string", "value": ""},
        }
    )

    assert [alert.topic for alert in parse_outputs(text, "x").alerts] == ["water_critical"]


def test_alerts_are_sorted_by_topic_whatever_the_order_of_the_outputs() -> None:
    text = outputs(an_alert("water_critical"), an_alert("trash_high"), an_alert("water_a"))

    topics = [alert.topic for alert in parse_outputs(text, "x").alerts]

    assert topics == ["trash_high", "water_a", "water_critical"]


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        ("arn:aws:sns:us-east-1:123456789012:t", "us-east-1"),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:t", "us-gov-west-1"),
        ("arn:aws-cn:sns:cn-north-1:123456789012:a-B_9", "cn-north-1"),
    ],
)
def test_an_alert_lives_in_the_region_of_its_topic(arn: str, region: str) -> None:
    text = output_json({"t": {**VALUES, "topic_arn": arn}})

    assert parse_outputs(text, "x").alerts[0].region == region


NOT_OUTPUTS = (
    "outputs.json: does not hold `alerts` and `report_url` as `terraform output -json`"
    " prints them; run `make apply` first"
)
NO_ALERTS = "outputs.json: no alerts; add one to terraform/departments.auto.tfvars"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "outputs.json: Terraform has no outputs yet; run `make apply` first"),
        ("", NOT_OUTPUTS),
        ("Warning: No outputs found", NOT_OUTPUTS),
        ("\ufeff{}", NOT_OUTPUTS),
        ("[]", NOT_OUTPUTS),
        ("null", NOT_OUTPUTS),
        ("7", NOT_OUTPUTS),
        ('"alerts"', NOT_OUTPUTS),
        ('{"report_url": {"value": ""}}', NOT_OUTPUTS),
        ('{"alerts": {"value": {"t": {}}}}', NOT_OUTPUTS),
        ('{"alerts": {}, "report_url": {"value": ""}}', NOT_OUTPUTS),
        ('{"alerts": null, "report_url": {"value": ""}}', NOT_OUTPUTS),
        ('{"alerts": {"value": {"t": {}}}, "report_url": "x"}', NOT_OUTPUTS),
        (output_json({}), NO_ALERTS),
        (output_json([]), NO_ALERTS),
        (output_json([VALUES]), NO_ALERTS),
        (output_json(None), NO_ALERTS),
        (output_json("t"), NO_ALERTS),
    ],
)
def test_outputs_that_terraform_has_not_written_yet_say_so(text: str, message: str) -> None:
    assert message_of(text) == message


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        *(
            (field, value, "a text")
            for field in ("department", "level", "subject", "message", "sms")
            for value in (None, "", " \n", 7, ["water"], {})
        ),
        *(
            ("services", value, "a list of names")
            for value in (None, [], "Water", [""], ["Water", " "], [1], [["Water"]], {"Water": 1})
        ),
        *(
            ("threshold", value, "a whole number of at least 0")
            for value in (None, -1, 100.0, 0.5, "100", True, False, [100])
        ),
        *(
            ("protocols", value, "a list of email and sms")
            for value in (None, "email", ["fax"], ["email", "http"], ["Email"], [1], {"email": 1})
        ),
        *(
            ("topic_arn", value, "the ARN of a topic")
            for value in (
                None,
                "",
                "water_critical",
                "arn:aws:sqs:us-east-1:123456789012:t",
                "arn:aws:sns:us-east-1:12345:t",
                "arn:aws:sns::123456789012:t",
                "arn:aws:sns:us-east-1:123456789012:",
                "arn:aws:sns:us-east-1:123456789012:t.fifo",
                "arn:aws:sns:us-east-1:123456789012:t\n",
                "arn:aws:sns:us-east-1:123456789012:t:7e1f",
                f"arn:aws:sns:us-east-1:123456789012:{'t' * 257}",
            )
        ),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(field: str, value: Any, what: str) -> None:
    message = message_of(output_json({"water_critical": {**VALUES, field: value}}))

    assert message == (
        f"outputs.json: alert water_critical: {field} is not {what}\n"
        "Run `make apply` to write the outputs anew."
    )


@pytest.mark.parametrize("field", VALUES)
def test_a_field_that_is_absent_is_refused(field: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != field}

    message = message_of(output_json({"water_critical": values}))

    assert message.startswith(f"outputs.json: alert water_critical: {field} is not ")


@pytest.mark.parametrize("report_url", [None, 7, [], {"value": ""}])
def test_a_report_address_that_is_no_text_is_refused(report_url: Any) -> None:
    with pytest.raises(ConfigError):
        parse_outputs(output_json({"water_critical": VALUES}, report_url), "outputs.json")


def test_all_problems_are_named_at_once() -> None:
    alerts = {
        "water_critical": {**VALUES, "threshold": -1, "services": []},
        "streets_high": "soon",
        "trash_high": {**VALUES, "sms": ""},
    }

    assert message_of(output_json(alerts)) == (
        "outputs.json: alert streets_high: department is not a text\n"
        "outputs.json: alert streets_high: level is not a text\n"
        "outputs.json: alert streets_high: services is not a list of names\n"
        "outputs.json: alert streets_high: threshold is not a whole number of at least 0\n"
        "outputs.json: alert streets_high: protocols is not a list of email and sms\n"
        "outputs.json: alert streets_high: topic_arn is not the ARN of a topic\n"
        "outputs.json: alert streets_high: subject is not a text\n"
        "outputs.json: alert streets_high: message is not a text\n"
        "outputs.json: alert streets_high: sms is not a text\n"
        "outputs.json: alert trash_high: sms is not a text\n"
        "outputs.json: alert water_critical: services is not a list of names\n"
        "outputs.json: alert water_critical: threshold is not a whole number of at least 0\n"
        "Run `make apply` to write the outputs anew."
    )

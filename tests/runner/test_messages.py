"""A decision -> the arguments of one publish."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend

from runner.config import Alert
from runner.messages import back_to_normal, for_operators, publish_arguments
from runner.rules import Decision
from tests.support.examples import an_alert

ALL = "{count} {threshold} {department} {level} {services} {month}"


def arguments_of(alert: Alert, count: int = 120) -> dict[str, Any]:
    return publish_arguments(Decision(alert, "over", count), "2026-02")


def texts_of(alert: Alert, count: int = 120) -> dict[str, str]:
    texts: dict[str, str] = json.loads(arguments_of(alert, count)["Message"])
    return texts


def subject_of(subject: str, **changes: Any) -> str:
    return str(arguments_of(an_alert(subject=subject, **changes))["Subject"])


def test_a_publish_holds_texts_for_each_channel_and_attributes_to_filter_by() -> None:
    alert = an_alert(subject="Water Alert", message="{count} cases", sms="{count}!")

    assert arguments_of(alert) == {
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:water_critical",
        "Subject": "Water Alert",
        "MessageStructure": "json",
        "Message": '{"default": "120 cases", "email": "120 cases", "sms": "120!"}',
        "MessageAttributes": {
            "department": {"DataType": "String", "StringValue": "water"},
            "level": {"DataType": "String", "StringValue": "critical"},
            "count": {"DataType": "Number", "StringValue": "120"},
            "threshold": {"DataType": "Number", "StringValue": "100"},
            "month": {"DataType": "String", "StringValue": "2026-02"},
            "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
        },
    }


def test_a_message_that_it_is_below_again_says_so_in_every_channel() -> None:
    alert = an_alert(subject="Water Alert", message="{count} cases", sms="{count}!")

    arguments = back_to_normal(Decision(alert, "below", 90), "2026-03")

    text = "water: 90 cases, no longer over 100 (2026-03)"
    assert arguments["Subject"] == "Back to normal: water critical"
    assert json.loads(arguments["Message"]) == {
        "default": text,
        "email": text,
        "sms": f"Back to normal. {text}",
    }
    assert arguments["MessageAttributes"]["month"]["StringValue"] == "2026-03"


def test_a_message_to_the_operators_has_no_placeholders_and_keeps_its_lines() -> None:
    arguments = for_operators(
        "arn:t", "Backlog check {month}:\n1 failed", "a\n\n  b \x1b[2J {count}\n"
    )

    assert arguments == {
        "TopicArn": "arn:t",
        "Subject": "Backlog check {month}: 1 failed",
        "Message": "a\n\n  b  [2J {count}",
    }


def test_a_long_message_to_the_operators_is_cut_and_says_so() -> None:
    message = for_operators("arn:t", "no report", "x" * 30_001)["Message"]

    assert message == "x" * 29_994 + " [cut]"


def test_every_placeholder_is_filled_in_every_text() -> None:
    alert = an_alert(services=("Water", "Sewer"), subject=ALL, message=ALL, sms=ALL)

    filled = "120 100 water critical Water, Sewer 2026-02"
    assert arguments_of(alert)["Subject"] == filled
    assert texts_of(alert) == {"default": filled, "email": filled, "sms": filled}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{count}{count}", "120120"),
        ("{unknown} {count}", "{unknown} 120"),
        ("{Count} { count } {} {0} {count!r} {count:>9}",) * 2,
        ("{{count}} {count", "{120} {count"),
        ("100 % %s %(count)s $count \\1 \\g<0>",) * 2,
        ("{count} cases\nof water", "120 cases\nof water"),
        ("  {count}\n\n", "120"),
        ("a\tb\r\nc\vd\x00e\x1b[31mf\x7fg\u2028h", "a b \nc d e [31mf g h"),
        ("Straße 水 🚰 {count}", "Straße 水 🚰 120"),
    ],
)
def test_a_text_is_filled_and_nothing_else_in_it_is_touched(text: str, filled: str) -> None:
    assert texts_of(an_alert(message=text, sms=text)) == {
        "default": filled,
        "email": filled,
        "sms": filled,
    }


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    alert = an_alert(department="{level}", services=("{count}",), message="{department} {services}")

    assert texts_of(alert)["email"] == "{level} {count}"


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Help fix water violations NOW!",) * 2,
        ("{count} over {threshold}", "120 over 100"),
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("  many   spaces ", "many spaces"),
        ("Café São João", "Cafe Sao Joao"),
        ("水 water 🚰", "water"),
        ("dash \u2013 and \u201cquotes\u201d", "dash and quotes"),
        ("bell \a and \x1b[31m", "bell and [31m"),
        ("水水水", "Backlog alert"),
        ("\u200b", "Backlog alert"),
        ("x" * 98, "x" * 98),
        ("x" * 99, "x" * 99),
        ("x" * 100, "x" * 93 + " [cut]"),
        ("x" * 5000, "x" * 93 + " [cut]"),
        ("水" + "x" * 99, "x" * 99),
    ],
)
def test_a_subject_is_ascii_on_one_line_under_100_characters(text: str, subject: str) -> None:
    assert subject_of(text) == subject


@pytest.mark.parametrize(
    ("sms", "sent"),
    [
        ("x" * 1600, "x" * 1600),
        ("x" * 1601, "x" * 1594 + " [cut]"),
        ("水" * 1600, "水" * 1600),
        ("🚰" * 9999, "🚰" * 1594 + " [cut]"),
        ("x" * 1594 + "{count}{count}", "x" * 1594 + "120120"),
        ("x" * 1595 + "{count}{count}", "x" * 1594 + " [cut]"),
    ],
)
def test_a_text_message_is_cut_at_1600_characters_and_says_so(sms: str, sent: str) -> None:
    assert texts_of(an_alert(sms=sms))["sms"] == sent


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("x" * 30_000, "x" * 30_000),
        ("x" * 30_001, "x" * 29_994 + " [cut]"),
        ("🚰" * 30_000, "🚰" * 30_000),
        ("x" + "🚰" * 30_000, "x" + "🚰" * 29_993 + " [cut]"),
    ],
)
def test_an_email_is_cut_at_30000_characters_and_says_so(message: str, sent: str) -> None:
    texts = texts_of(an_alert(message=message))

    assert texts["email"] == texts["default"] == sent


@pytest.mark.parametrize("character", ['"', "\\", "x\n", "é", "水", "🚰", "\u2028", "\x1f"])
def test_the_longest_texts_fit_into_one_publish(character: str) -> None:
    """SNS takes 262,144 bytes, attributes included, in whatever way JSON writes a character."""
    text = "x" + character * 100_000 + "x"
    arguments = arguments_of(an_alert(message=text, sms=text), count=10**15)

    attributes = json.dumps(arguments["MessageAttributes"])
    assert len(arguments["Message"].encode()) + len(attributes) <= 262_144


def test_sns_takes_the_arguments_and_keeps_every_part() -> None:
    alert = an_alert(subject="Water Alert", message="{count} 水", sms="{count}!")
    with mock_aws():
        client = boto3.client("sns", region_name="us-east-1")
        client.create_topic(Name="water_critical")
        message_id = client.publish(**arguments_of(alert))["MessageId"]
        topic = get_backend("sns")["123456789012"]["us-east-1"].topics[alert.topic_arn]

    (sent,) = topic.sent_notifications
    assert sent[:3] == (
        message_id,
        '{"default": "120 水", "email": "120 水", "sms": "120!"}',
        "Water Alert",
    )
    assert sent[3] == {
        "department": {"Type": "String", "Value": "water"},
        "level": {"Type": "String", "Value": "critical"},
        "count": {"Type": "Number", "Value": "120"},
        "threshold": {"Type": "Number", "Value": "100"},
        "month": {"Type": "String", "Value": "2026-02"},
        "AWS.SNS.SMS.SMSType": {"Type": "String", "Value": "Transactional"},
    }

"""Decision -> the arguments of one publish. Pure."""

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

from runner.rules import Decision

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SUBJECT_CHARACTERS = 99
SMS_CHARACTERS = 1600
# Twice the text (email and default) must fit into 262,144 bytes even where JSON escapes
# every character with a second byte.
EMAIL_BYTES = 60_000
_CUT = " [cut]"


def publish_arguments(decision: Decision, month: str) -> dict[str, Any]:
    """Return the keyword arguments of SNS's Publish for an alert that is due.

    month: YYYY-MM of the report.
    """
    alert = decision.alert
    values = {
        "count": str(decision.count),
        "threshold": str(alert.threshold),
        "department": alert.department,
        "level": alert.level,
        "services": ", ".join(alert.services),
        "month": month,
    }
    email = _cut_bytes(_fill(alert.message, values), EMAIL_BYTES)
    sms = _cut(_fill(alert.sms, values), SMS_CHARACTERS)
    return {
        "TopicArn": alert.topic_arn,
        "Subject": _subject(_fill(alert.subject, values)),
        "MessageStructure": "json",
        "Message": json.dumps({"default": email, "email": email, "sms": sms}, ensure_ascii=False),
        "MessageAttributes": {
            name: {
                "DataType": "Number" if name in ("count", "threshold") else "String",
                "StringValue": values[name],
            }
            for name in ("department", "level", "count", "threshold", "month")
        },
    }


def back_to_normal(decision: Decision, month: str) -> dict[str, Any]:
    """Return the arguments of the one message that an alert is no longer over its threshold."""
    text = "{department}: {count} cases, no longer over {threshold} ({month})"
    subject = "Back to normal: {department} {level}"
    alert = replace(decision.alert, subject=subject, message=text, sms=f"Back to normal. {text}")
    return publish_arguments(replace(decision, alert=alert), month)


def for_operators(topic_arn: str, subject: str, text: str) -> dict[str, Any]:
    """Return the arguments of a message to the operators; it has no placeholders."""
    return {
        "TopicArn": topic_arn,
        "Subject": _subject(subject),
        "Message": _cut_bytes(_plain(text), EMAIL_BYTES),
    }


def _fill(text: str, values: dict[str, str]) -> str:
    """Put the values in place of their {placeholders}, once, and drop control characters."""
    filled = re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), text)
    return _plain(filled)


def _plain(text: str) -> str:
    """Drop control characters but line breaks, and halves of characters that no text can hold."""
    return re.sub(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]", " ", text).strip()


def _subject(text: str) -> str:
    """Make a subject that SNS takes: ASCII on one line, under 100 characters, not empty."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _cut(" ".join(ascii_text.split()), SUBJECT_CHARACTERS) or "Backlog alert"


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - len(_CUT)] + _CUT


def _cut_bytes(text: str, size: int) -> str:
    """Cut on a character boundary so that the text is at most `size` bytes of UTF-8."""
    encoded = text.encode()
    if len(encoded) <= size:
        return text
    return encoded[: size - len(_CUT)].decode(errors="ignore") + _CUT

"""Decision -> the arguments of one publish. Pure."""

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

from runner.rules import Decision

# Characters; a subject may have 99: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SMS_CHARACTERS = 1600
# The text goes out twice (email and default) in 262,144 bytes; a character has up to four.
EMAIL_CHARACTERS = 30_000
_CUT = " [cut]"


def publish_arguments(decision: Decision, month: str) -> dict[str, Any]:
    """Return the keyword arguments of SNS's Publish for an alert that is over.

    month: YYYY-MM of the report.
    """
    alert = decision.alert
    values = {name: str(getattr(alert, name)) for name in ("threshold", "department", "level")}
    values |= {"count": str(decision.count), "services": ", ".join(alert.services), "month": month}
    email = _cut(_fill(alert.message, values), EMAIL_CHARACTERS)
    sms = _cut(_fill(alert.sms, values), SMS_CHARACTERS)
    texts = {"default": email, "email": email, "sms": sms}
    kinds = dict.fromkeys(("department", "level", "month"), "String")
    kinds |= dict.fromkeys(("count", "threshold"), "Number")
    attributes = {n: {"DataType": k, "StringValue": values[n]} for n, k in kinds.items()}
    # Without it, a text goes as Promotional: the last to be delivered.
    # https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-topic.html
    attributes["AWS.SNS.SMS.SMSType"] = {"DataType": "String", "StringValue": "Transactional"}
    return {
        "TopicArn": alert.topic_arn,
        "Subject": _subject(_fill(alert.subject, values)),
        "MessageStructure": "json",
        "Message": json.dumps(texts, ensure_ascii=False),
        "MessageAttributes": attributes,
    }


def back_to_normal(decision: Decision, month: str) -> dict[str, Any]:
    """Return the arguments of the one message that an alert is no longer over its threshold."""
    text = "{department}: {count} cases, no longer over {threshold} ({month})"
    subject = "Back to normal: {department} {level}"
    alert = replace(decision.alert, subject=subject, message=text, sms=f"Back to normal. {text}")
    return publish_arguments(replace(decision, alert=alert), month)


def for_operators(topic_arn: str, subject: str, text: str) -> dict[str, Any]:
    """Return the arguments of a message to the operators; it has no placeholders."""
    message = _cut(_plain(text), EMAIL_CHARACTERS)
    return {"TopicArn": topic_arn, "Subject": _subject(subject), "Message": message}


def _fill(text: str, values: dict[str, str]) -> str:
    """Put the values in place of their {placeholders}, once, and drop control characters."""
    return _plain(re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), text))


def _plain(text: str) -> str:
    """Drop control characters but line breaks, and halves of characters that no text can hold."""
    return re.sub(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]", " ", text).strip()


def _subject(text: str) -> str:
    """Make a subject that SNS takes: ASCII on one line, under 100 characters, not empty."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _cut(" ".join(ascii_text.split()), 99) or "Backlog alert"


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - len(_CUT)] + _CUT

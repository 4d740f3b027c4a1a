"""What the command prints, whole."""

import pytest
from runner.deliver import Delivery

from runner.render import as_json, as_text
from runner.report import Report
from runner.rules import Decision
from runner.text import printable
from tests.support.examples import an_alert

REPORT = Report("https://example.com/feb.csv", "2026-02", "ab" * 32, 1234, {}, {})


def delivery(
    topic: str, verdict: str, count: int | None, status: str, reason: str = "", sent_as: str = ""
) -> Delivery:
    decision = Decision(an_alert(topic), verdict, count)  # type: ignore[arg-type]
    return Delivery(decision, status, reason, sent_as or None)  # type: ignore[arg-type]


ONE_OF_EACH = [
    delivery("sewer_high", "unknown", None, "unknown", 'row 4: "Sewer" has no count'),
    delivery("streets_critical", "due", 123456, "sent", sent_as="m-1"),
    delivery("trash_notifications", "due", 101, "failed", "SNS answered 500, 3 times"),
    delivery("water_critical", "below", 100, "below"),
]


def test_a_table_has_one_line_per_alert_and_a_summary() -> None:
    assert as_text(REPORT, ONE_OF_EACH) == (
        "https://example.com/feb.csv: 2026-02, 1234 rows\n"
        "\n"
        "TOPIC                 COUNT  THRESHOLD  STATUS\n"
        'sewer_high                ?        100  unknown  row 4: "Sewer" has no count\n'
        "streets_critical     123456        100  sent\n"
        "trash_notifications     101        100  failed   SNS answered 500, 3 times\n"
        "water_critical          100        100  below\n"
        "\n"
        "1 sent, 1 failed, 1 unknown, 1 below"
    )


def test_a_dry_run_says_what_would_be_sent() -> None:
    deliveries = [
        delivery("trash_high", "due", 101, "would_send"),
        delivery("water_critical", "due", 300, "would_send"),
    ]

    assert as_text(REPORT, deliveries) == (
        "https://example.com/feb.csv: 2026-02, 1234 rows\n"
        "\n"
        "TOPIC           COUNT  THRESHOLD  STATUS\n"
        "trash_high        101        100  would send\n"
        "water_critical    300        100  would send\n"
        "\n"
        "0 sent, 2 would send, 0 failed, 0 unknown"
    )


def test_json_holds_the_report_every_alert_and_the_totals() -> None:
    assert as_json(REPORT, ONE_OF_EACH) == (
        """{
  "report": {
    "address": "https://example.com/feb.csv",
    "month": "2026-02",
    "sha256": "abababababababababababababababababababababababababababababababab",
    "rows": 1234
  },
  "alerts": [
    {
      "topic": "sewer_high",
      "department": "sewer",
      "level": "high",
      "count": null,
      "threshold": 100,
      "status": "unknown",
      "reason": "row 4: \\"Sewer\\" has no count",
      "message_id": null
    },
    {
      "topic": "streets_critical",
      "department": "streets",
      "level": "critical",
      "count": 123456,
      "threshold": 100,
      "status": "sent",
      "reason": null,
      "message_id": "m-1"
    },
    {
      "topic": "trash_notifications",
      "department": "trash",
      "level": "notifications",
      "count": 101,
      "threshold": 100,
      "status": "failed",
      "reason": "SNS answered 500, 3 times",
      "message_id": null
    },
    {
      "topic": "water_critical",
      "department": "water",
      "level": "critical",
      "count": 100,
      "threshold": 100,
      "status": "below",
      "reason": null,
      "message_id": null
    }
  ],
  "sent": 1,
  "failed": 1,
  "unknown": 1
}"""
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 水", "plain é 水"),
        ("two\nlines", "two\nlines"),
        ("\x1b[31mred\x07\x00\x7f", "?[31mred???"),
        ("\x9b31m \u202eright to left \u200b\u2028", "?31m ?right to left ??"),
        ("tab\tand\rreturn", "tab?and?return"),
        ("half \ud800", "half ?"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_a_question_mark(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_reason_stays_on_its_line_and_obeys_nobody() -> None:
    """A cell of the report can't draw a line of its own into the table."""
    reason = 'row 2: count "1\r\n\n9 sent\x1b[2J" is not a whole number'
    unknown = delivery("water_critical", "unknown", None, "unknown", reason)

    assert as_text(REPORT, [unknown]).splitlines()[3:] == [
        "water_critical      ?        100  unknown"
        '  row 2: count "1 9 sent?[2J" is not a whole number',
        "",
        "0 sent, 0 failed, 1 unknown",
    ]

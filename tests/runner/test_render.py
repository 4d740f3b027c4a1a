"""What the command prints, whole."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from runner.ledger import Delivery
from runner.render import as_json, as_log, as_text
from runner.report import Report
from runner.rules import Decision
from runner.text import printable, table
from tests.support.examples import an_alert

REPORT = Report("https://example.com/feb.csv", "2026-02", "ab" * 32, 1234, {}, {})


def delivery(
    topic: str, verdict: str, count: int | None, status: str, reason: str = "", sent_as: str = ""
) -> Delivery:
    decision = Decision(an_alert(topic), verdict, count)  # type: ignore[arg-type]
    return Delivery(decision, status, reason, message_id=sent_as or None)


ONE_OF_EACH = [
    delivery("sewer_high", "unknown", None, "unknown", 'row 4: "Sewer" has no count'),
    delivery("streets_critical", "over", 123456, "sent", sent_as="m-1"),
    delivery("trash_notifications", "over", 101, "failed", "SNS answered 500"),
    delivery("water_critical", "below", 100, "below"),
]


def test_a_table_has_one_line_per_alert_and_a_summary() -> None:
    assert as_text(REPORT, ONE_OF_EACH) == (
        "https://example.com/feb.csv: 2026-02, 1234 rows\n"
        "\n"
        "TOPIC                 COUNT  THRESHOLD  STATUS\n"
        'sewer_high                ?        100  unknown  row 4: "Sewer" has no count\n'
        "streets_critical     123456        100  sent\n"
        "trash_notifications     101        100  failed   SNS answered 500\n"
        "water_critical          100        100  below\n"
        "\n"
        "1 sent, 1 failed, 1 unknown, 1 below\n"
    )


def test_a_dry_run_says_what_would_be_sent() -> None:
    deliveries = [
        delivery("trash_high", "over", 101, "would_send"),
        delivery("water_critical", "over", 300, "would_send"),
    ]

    assert as_text(REPORT, deliveries) == (
        "https://example.com/feb.csv: 2026-02, 1234 rows\n"
        "\n"
        "TOPIC           COUNT  THRESHOLD  STATUS\n"
        "trash_high        101        100  would send\n"
        "water_critical    300        100  would send\n"
        "\n"
        "0 sent, 0 failed, 0 unknown, 2 would send\n"
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
      "threshold": 100,
      "count": null,
      "status": "unknown",
      "reason": "row 4: \\"Sewer\\" has no count",
      "message_id": null
    },
    {
      "topic": "streets_critical",
      "department": "streets",
      "level": "critical",
      "threshold": 100,
      "count": 123456,
      "status": "sent",
      "reason": null,
      "message_id": "m-1"
    },
    {
      "topic": "trash_notifications",
      "department": "trash",
      "level": "notifications",
      "threshold": 100,
      "count": 101,
      "status": "failed",
      "reason": "SNS answered 500",
      "message_id": null
    },
    {
      "topic": "water_critical",
      "department": "water",
      "level": "critical",
      "threshold": 100,
      "count": 100,
      "status": "below",
      "reason": null,
      "message_id": null
    }
  ],
  "sent": 1,
  "failed": 1,
  "unknown": 1
}
"""
    )


def test_a_log_has_a_line_for_each_alert_and_one_of_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last is in CloudWatch's embedded format."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "backlog-alerts-check")
    report = replace(REPORT, as_of=datetime.now(timezone.utc) - timedelta(days=3))

    lines = as_log(report, ONE_OF_EACH).splitlines()

    assert [json.loads(line) for line in lines[:-1]] == json.loads(as_json(REPORT, ONE_OF_EACH))[
        "alerts"
    ]
    run = json.loads(lines[-1])
    timestamp = run["_aws"].pop("Timestamp")
    assert abs(timestamp / 1000 - datetime.now(timezone.utc).timestamp()) < 60, "milliseconds"
    assert run == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "BacklogAlerts",
                    "Dimensions": [["Function"]],
                    "Metrics": [
                        {"Name": "Sent", "Unit": "Count"},
                        {"Name": "Failed", "Unit": "Count"},
                        {"Name": "Unknown", "Unit": "Count"},
                        {"Name": "Cases streets", "Unit": "Count"},
                        {"Name": "Cases trash", "Unit": "Count"},
                        {"Name": "Cases water", "Unit": "Count"},
                        {"Name": "ReportAgeDays", "Unit": "None"},
                    ],
                }
            ]
        },
        "Function": "backlog-alerts-check",
        "Sent": 1,
        "Failed": 1,
        "Unknown": 1,
        "Cases streets": 123456,
        "Cases trash": 101,
        "Cases water": 100,
        "ReportAgeDays": 3.0,
    }


@pytest.mark.parametrize(("departments", "directives"), [(97, [100]), (98, [100, 1])])
def test_a_directive_holds_a_hundred_metrics_at_most(
    departments: int, directives: list[int]
) -> None:
    deliveries = [delivery(f"d{n}_high", "over", 120, "sent") for n in range(departments)]

    run = json.loads(as_log(REPORT, deliveries).splitlines()[-1])

    made = run["_aws"]["CloudWatchMetrics"]
    assert [len(directive["Metrics"]) for directive in made] == directives
    assert {m["Name"] for d in made for m in d["Metrics"]} == run.keys() - {"_aws", "Function"}


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([], ["NAME  N"]),
        ([("a", "1"), ("longer", "23")], ["NAME     N", "a        1", "longer  23"]),
        ([("", "1"), ("a", "")], ["NAME  N", "      1", "a"]),
    ],
)
def test_a_table_is_as_wide_as_its_cells_and_ends_no_line_with_spaces(
    rows: list[tuple[str, str]], lines: list[str]
) -> None:
    assert table(("NAME", "N"), rows, ("N",)).splitlines() == lines


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

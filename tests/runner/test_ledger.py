"""What each decision means for an alert, given what the ledger holds; and ledgers as they lie."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest

from runner.config import Config
from runner.errors import LedgerError
from runner.ledger import Delivery, Entry, Ledger, dump, parse, transition
from runner.rules import Decision
from tests.conftest import Check
from tests.support.aws import BUCKET, Aws
from tests.support.examples import an_alert

NOW = datetime(2026, 4, 2, 7, 0, 5, tzinfo=timezone.utc)
ALERT = an_alert()

# state: "new" is no entry, and one of another topic or of other services. What is said of a month
# is in relation to the month that the ledger has processed last. "early" and "late" are reminders
# after a number of days that has not passed since the last message, and that has; "ahead" and
# "1970" are after a message that was sent by a clock that was wrong.
# * is anything; of the rows that fit a case, the first one counts.
TABLE = """
state    verdict  month  remind  recovery   status                      ledger
*        unknown  *      *       *          unknown                     unchanged
new      over     *      *       *          would_send                  over, sent
new      below    *      *       *          below                       below
*        over     older  *       *          failed                      unchanged
*        below    older  *       *          below                       unchanged
below    over     *      *       *          would_send                  over, sent
below    below    *      *       *          below                       below
over     over     same   *       *          already_sent                over
over     over     newer  month   *          would_send                  over, sent
over     over     newer  never   *          already_sent                over
over     over     newer  early   *          already_sent                over
over     over     newer  late    *          would_send                  over, sent
over     over     newer  ahead   *          would_send                  over, sent
over     over     newer  1970    *          would_send                  over, sent
over     below    *      *       no         below                       below
over     below    *      *       yes        would_send, back to normal  below
"""
ROWS = [tuple(re.split(" {2,}", line)) for line in TABLE.strip().splitlines()[1:]]
NEW = ("none", "other topic", "other services")
STATES, VERDICTS = (*NEW, "below", "over"), ("unknown", "over", "below")
CASES = list(product(STATES, VERDICTS, ("older", "same", "newer")))
NOTIFY = list(product(("month", "never", "early", "late", "ahead", "1970"), ("no", "yes")))
MONTHS = {"older": "2026-04", "same": "2026-03", "newer": "2026-02"}
REMIND = {"early": "31", "late": "30", "ahead": "30", "1970": "400"}
DAYS_AGO = {"ahead": -1, "1970": 20_000}


def an_entry(state: str = "over", month: str = "newer", remind: str = "month") -> Entry:
    """What the ledger holds: sent 30 days and a few seconds ago."""
    entry = Entry(
        state="over",
        count=150,
        month=MONTHS[month],
        previous=140,
        previous_month="2026-01",
        since="2026-01",
        sent_at=(NOW - timedelta(days=DAYS_AGO.get(remind, 30), seconds=3)).isoformat(),
        sent_month=MONTHS[month],
        topic_arn=ALERT.topic_arn,
        services=ALERT.services,
    )
    return {
        "none": Entry(),
        "other topic": replace(entry, topic_arn="arn:aws:sns:us-east-1:123456789012:x"),
        "other services": replace(entry, services=("Water", "B")),
        "below": replace(entry, state="below", count=50, since=""),
        "over": entry,
    }[state]


def row_of(case: tuple[str, ...]) -> int:
    """The number of the row that counts for a case; raises where the table has none."""
    case = ("new" if case[0] in NEW else case[0], *case[1:])
    return next(
        number
        for number, row in enumerate(ROWS)
        if all(cell in ("*", value) for cell, value in zip(row, case, strict=False))
    )


@pytest.mark.parametrize(("state", "verdict", "month"), CASES, ids=map("-".join, CASES))
def test_every_transition(state: str, verdict: str, month: str) -> None:
    count = {"unknown": None, "over": 120, "below": 80}[verdict]
    decision = Decision(ALERT, verdict, count)  # type: ignore[arg-type]
    for remind, recovery in NOTIFY:
        entry = an_entry(state, month, remind)
        status, ledger = ROWS[row_of((state, verdict, month, remind, recovery))][5:]
        config = Config((), remind=REMIND.get(remind, remind), notify_recovery=recovery == "yes")

        delivery = transition(entry, decision, "2026-03", NOW, config)

        reasons = {
            "failed": "not sent: the ledger has processed 2026-04, a later month, already",
            "already_sent": f"on {entry.sent_at[:10]}, for {entry.sent_month}",
            "would_send, back to normal": "back to normal",
        }
        after = entry
        if ledger != "unchanged":
            is_over, was_over = ledger.startswith("over"), state == "over"
            changes: dict[str, Any] = {
                "state": "over" if is_over else "below",
                "count": count,
                "month": "2026-03",
                "since": ("2026-01" if was_over else "2026-03") if is_over else "",
                "topic_arn": ALERT.topic_arn,
                "services": ALERT.services,
            }
            if month == "newer" and state not in NEW:
                changes |= {"previous": entry.count, "previous_month": "2026-02"}
            if ledger == "over, sent":
                changes |= {"sent_at": "2026-04-02T07:00:05+00:00", "sent_month": "2026-03"}
            after = replace(Entry() if state in NEW else entry, **changes)
        reason = reasons.get(status, "")
        expected = Delivery(decision, status.split(",")[0], reason, after)
        assert delivery == expected, (remind, recovery)


def test_every_row_of_the_table_counts_for_some_case() -> None:
    counted = {row_of((*case, *settings)) for case, settings in product(CASES, NOTIFY)}

    assert counted == set(range(len(ROWS)))


def test_an_entry_knows_the_month_before_and_since_when_the_alert_is_over() -> None:
    """The month before is the one processed before, whatever was unknown or checked twice."""
    reports: list[tuple[str, int | None]] = [
        ("2025-11", 80),
        ("2025-12", 120),
        ("2025-12", 125),
        ("2026-01", None),
        ("2026-02", 130),
        ("2026-01", 500),
        ("2026-03", 90),
        ("2026-03", 101),
        ("2026-04", 102),
    ]
    entry, seen = Entry(), []
    for month, count in reports:
        verdict = "unknown" if count is None else "over" if count > 100 else "below"
        decision = Decision(ALERT, verdict, count)  # type: ignore[arg-type]
        entry = transition(entry, decision, month, NOW, Config(())).entry
        seen.append((entry.count, entry.month, entry.previous, entry.previous_month, entry.since))

    assert seen == [
        (80, "2025-11", None, "", ""),
        (120, "2025-12", 80, "2025-11", "2025-12"),
        (125, "2025-12", 80, "2025-11", "2025-12"),
        (125, "2025-12", 80, "2025-11", "2025-12"),
        (130, "2026-02", 125, "2025-12", "2025-12"),
        (130, "2026-02", 125, "2025-12", "2025-12"),
        (90, "2026-03", 130, "2026-02", ""),
        (101, "2026-03", 130, "2026-02", "2026-03"),
        (102, "2026-04", 101, "2026-03", "2026-03"),
    ]


def test_unknown_keeps_its_reason_and_the_entry() -> None:
    decision = Decision(ALERT, "unknown", None, "row 2: ...")

    delivery = transition(an_entry(), decision, "2026-03", NOW, Config(()))

    assert delivery == Delivery(decision, "unknown", "row 2: ...", an_entry())


def test_another_order_or_case_of_the_services_is_the_same_alert() -> None:
    entry = replace(an_entry(month="same"), services=("Water", "Street  Light"))
    tidied = replace(ALERT, services=("street light", "WATER"))

    delivery = transition(entry, Decision(tidied, "over", 120), "2026-03", NOW, Config(()))

    assert delivery.status == "already_sent"


def test_days_to_a_reminder_count_from_the_last_message_not_the_last_check() -> None:
    """Sent on the 2nd of March for February: March's reports remind once 31 days have passed."""
    entry = replace(an_entry(), month="2026-02", sent_at="2026-03-02T07:00:00+00:00")
    sent = []
    for day in range(60):
        now = datetime(2026, 3, 2, 7, tzinfo=timezone.utc) + timedelta(days=day)
        month = "2026-02" if now.month == 3 else f"2026-0{now.month - 1}"
        config = Config((), remind="31")
        delivery = transition(entry, Decision(ALERT, "over", 120), month, now, config)
        entry = delivery.entry
        if delivery.status == "would_send":
            sent.append(now.date().isoformat())

    assert sent == ["2026-04-02"]


# --- ledgers as JSON ---

LEDGERS = [
    Ledger(),
    Ledger("a claim 3", {"2026-02": "5" * 64}, {"water_critical": an_entry()}),
    Ledger("", {}, {"a": Entry(), "b": an_entry("below")}),
]


@pytest.mark.parametrize("ledger", LEDGERS)
def test_a_ledger_comes_back_as_it_was_written(ledger: Ledger) -> None:
    assert parse(dump(ledger)) == ledger


def test_a_ledger_can_be_read_by_a_person() -> None:
    entry = replace(an_entry("below"), previous=None, services=("Water", "Drains"))

    text = dump(Ledger("", {"2026-02": "5"}, {"water_critical": entry})).decode()

    assert text == (
        '{\n "claim": "",\n "reports": {\n  "2026-02": "5"\n },\n "alerts": {\n'
        '  "water_critical": {\n   "state": "below",\n   "count": 50,\n   "month": "2026-02",\n'
        '   "previous": null,\n   "previous_month": "2026-01",\n   "since": "",\n'
        '   "sent_at": "2026-03-03T07:00:02+00:00",\n   "sent_month": "2026-02",\n'
        '   "topic_arn": "arn:aws:sns:us-east-1:123456789012:water_critical",\n'
        '   "services": [\n    "Water",\n    "Drains"\n   ]\n  }\n }\n}'
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\xff",
        b"null",
        b"[]",
        b"7",
        b"{",
        b"[" * 100_000,
        dump(LEDGERS[1])[:-9],
        b'{"claim": "", "reports": {}}',
        b'{"claim": null, "reports": {}, "alerts": {}}',
        b'{"claim": "", "reports": 7, "alerts": {}}',
        b'{"claim": "", "reports": [], "alerts": {}}',
        b'{"claim": "", "reports": {}, "alerts": []}',
        b'{"claim": "", "reports": {}, "alerts": {"a": 7}}',
        b'{"claim": "", "reports": {}, "alerts": {"a": {"colour": "red", "services": []}}}',
    ],
)
def test_anything_else_is_no_ledger(body: bytes) -> None:
    with pytest.raises(
        LedgerError, match=r"^it is no ledger; restore an earlier version, or delete it$"
    ):
        parse(body)


# --- the earlier form ---

OLD = {
    "state": "over",
    "count": 130,
    "month": "2026-02",
    "sha256": "5" * 64,
    "sent_at": "2026-03-02T07:00:00+00:00",
    "sent_month": "2026-02",
    "message_id": "m-1",
    "claim": "",
}
UNMARKED = {**dict.fromkeys(OLD, ""), "state": "unknown", "count": 0, "claim": "a check"}
REPORT = "service_name,count\nWater,130\n"
SETTINGS: dict[str, Any] = {"ledger_bucket": BUCKET, "remind": "never"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as city:
        monkeypatch.setenv("AWS_ENDPOINT_URL", city.url)
        yield city


def put_old(aws: Aws, name: str, entry: object) -> None:
    aws.objects[f"ledger/{name}.json"] = json.dumps(entry).encode()


@pytest.mark.parametrize(
    ("old", "sent"),
    [
        pytest.param(OLD, 0, id="over and sent"),
        pytest.param({**OLD, "claim": "a check"}, 0, id="claimed for a reminder"),
        pytest.param({**OLD, "state": "below", "count": 90}, 1, id="below"),
        pytest.param(UNMARKED, 1, id="claimed and never marked"),
        pytest.param(None, 1, id="not there"),
    ],
)
def test_a_ledger_of_the_earlier_form_is_taken_over_once(
    check: Check, aws: Aws, old: object, sent: int
) -> None:
    put_old(aws, "report", {"2026-01": "1" * 64})
    put_old(aws, "trees_critical", OLD)  # an alert that is gone
    if old:
        put_old(aws, "water_critical", old)
    before = dict(aws.objects)

    first = check(alerts=(ALERT,), report=REPORT, **SETTINGS)
    second = check(alerts=(ALERT,), report=REPORT, **SETTINGS)

    assert (first.code, second.code) == (0, 0)
    assert aws.sent() == ({"water_critical": 1} if sent else {})
    assert list(aws.ledger.reports) == ["2026-01", "2026-02"]
    assert list(aws.ledger.alerts) == ["water_critical"]
    assert {key: aws.objects[key] for key in before} == before
    assert aws.requests[-1:] == ["GET ledger.json"], "it is not read again"


def test_last_months_report_is_known_from_the_earlier_form(check: Check, aws: Aws) -> None:
    sha256 = hashlib.sha256(REPORT.encode()).hexdigest()
    put_old(aws, "report", {"2026-01": sha256})

    outcome = check(alerts=(ALERT,), report=REPORT, **SETTINGS)

    assert outcome.code == 3
    assert "the report is identical to that of 2026-01" in outcome.out


@pytest.mark.parametrize(
    ("name", "body"),
    [
        *product(("water_critical", "report"), (b"", b"{", b"null", b"[]", b"7")),
        ("water_critical", b'{"month": "2026-02"}'),
    ],
)
def test_an_object_of_the_earlier_form_that_is_broken_stops_the_check(
    check: Check, aws: Aws, name: str, body: bytes
) -> None:
    aws.objects[f"ledger/{name}.json"] = body

    outcome = check(alerts=(ALERT,), report=REPORT, **SETTINGS)

    assert outcome.code == 1
    assert "failed  s3://city-ledger/ledger.json: " in outcome.out
    assert "PUT ledger.json" not in aws.requests
    assert aws.published == []

"""What each decision means for an alert, given what the ledger holds: all transitions."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import product

import pytest

from runner.errors import LedgerError
from runner.ledger import Entry, Step, dump, parse, transition
from runner.rules import Decision
from tests.support.examples import a_report, an_alert

NOW = datetime(2026, 4, 2, 7, 0, 5, tzinfo=timezone.utc)
REPORT = a_report("2026-03", sha256="3" * 64)

# What is said of a month is in relation to the month that the ledger has judged last. "early" and
# "late" are reminders after a number of days that has not passed since the last message, and that
# has; "skewed" is one after a message of a time to come.
# * is anything; of the rows that fit a case, the first one counts.
TABLE = """
state    verdict  month  remind  recovery   action       ledger
*        unknown  *      *       *          keep silent  unchanged
*        due      older  *       *          refuse       unchanged
*        below    older  *       *          keep silent  unchanged
unknown  due      *      *       *          send         over, told
unknown  below    *      *       *          keep silent  below
below    due      *      *       *          send         over, told
below    below    *      *       *          keep silent  below
over     due      same   *       *          keep silent  over
over     due      newer  month   *          send         over, told
over     due      newer  never   *          keep silent  over
over     due      newer  early   *          keep silent  over
over     due      newer  late    *          send         over, told
over     due      newer  skewed  *          send         over, told
over     below    *      *       no         keep silent  below
over     below    *      *       yes        recover      below, told
"""
ROWS = [tuple(re.split(" {2,}", line)) for line in TABLE.strip().splitlines()[1:]]
CASES = [
    case
    for case in product(
        ("unknown", "below", "over"),
        ("unknown", "due", "below"),
        ("older", "same", "newer"),
        ("month", "never", "early", "late", "skewed"),
        ("no", "yes"),
    )
    if case[0] != "unknown" or case[2] == "newer"  # what was never judged has no month
]
MONTHS = {"older": "2026-04", "same": "2026-03", "newer": "2026-02"}
REMIND = {"early": "31", "late": "30", "skewed": "30"}


def an_entry(state: str, month: str, remind: str) -> Entry:
    """What the ledger holds: sent 30 days and a few seconds ago."""
    if state == "unknown":
        return Entry()
    days = -1 if remind == "skewed" else 30
    sent_at = (NOW - timedelta(days=days, seconds=3)).isoformat()
    entry = Entry("over", 150, MONTHS[month], "2" * 64, sent_at, MONTHS[month], "m-1")
    return entry if state == "over" else replace(entry, state="below", count=50)


def row_of(case: tuple[str, ...]) -> int:
    """The number of the row that counts for a case; raises where the table has none."""
    return next(
        number
        for number, row in enumerate(ROWS)
        if all(cell in ("*", value) for cell, value in zip(row, case, strict=False))
    )


@pytest.mark.parametrize(
    ("state", "verdict", "month", "remind", "recovery"), CASES, ids=map("-".join, CASES)
)
def test_every_transition(state: str, verdict: str, month: str, remind: str, recovery: str) -> None:
    entry = an_entry(state, month, remind)
    count = {"unknown": None, "due": 120, "below": 80}[verdict]
    decision = Decision(an_alert(), verdict, count)  # type: ignore[arg-type]
    action, ledger = ROWS[row_of((state, verdict, month, remind, recovery))][5:]

    step = transition(
        entry,
        decision,
        REPORT,
        NOW,
        remind=REMIND.get(remind, remind),
        notify_recovery=recovery == "yes",
    )

    judged = {"count": count, "month": "2026-03", "sha256": "3" * 64}
    told = {"sent_at": "2026-04-02T07:00:05+00:00", "sent_month": "2026-03", "message_id": ""}
    after = {
        "unchanged": {},
        "below": {"state": "below", **judged},
        "below, told": {"state": "below", **judged, **told},
        "over": {"state": "over", **judged},
        "over, told": {"state": "over", **judged, **told},
    }[ledger]
    assert step == Step(action, replace(entry, **after))  # type: ignore[arg-type]


def test_every_row_of_the_table_counts_for_some_case() -> None:
    assert {row_of(case) for case in CASES} == set(range(len(ROWS)))


def test_a_dead_checks_claim_ends_with_the_next_judgement_and_changes_none() -> None:
    for entry in (an_entry("over", "same", "month"), an_entry("below", "newer", "month"), Entry()):
        claimed = replace(entry, claim="a check that died")
        decision = Decision(an_alert(), "due", 120)

        without, with_claim = (
            transition(e, decision, REPORT, NOW, remind="month", notify_recovery=True)
            for e in (entry, claimed)
        )

        assert with_claim == without
        assert with_claim.entry.claim == ""


def test_days_to_a_reminder_count_from_the_last_message_not_the_last_judgement() -> None:
    """Told on the 2nd of March of February: March's reports remind once 30 days have passed."""
    entry = Entry("over", 1, "2026-02", "", "2026-03-02T07:00:00+00:00", "2026-02", "m-1")
    sent = []
    for day in range(60):
        now = datetime(2026, 3, 2, 7, tzinfo=timezone.utc) + timedelta(days=day)
        month = "2026-02" if now.month == 3 else f"2026-0{now.month - 1}"
        decision = Decision(an_alert(), "due", 120)
        step = transition(entry, decision, a_report(month), now, remind="31", notify_recovery=False)
        entry = step.entry
        if step.action == "send":
            sent.append(now.date().isoformat())

    assert sent == ["2026-04-02"]


ENTRIES = [
    Entry(),
    Entry("below", 0, "2026-02", "2" * 64),
    Entry("over", 10**15, "2026-02", "2" * 64, "2026-03-02T07:00:00+00:00", "2026-02", "m", "c"),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_comes_back_as_it_was_written(entry: Entry) -> None:
    assert parse("x", dump(entry)) == entry


def test_an_entry_is_one_small_json_object() -> None:
    assert dump(ENTRIES[2]).decode() == (
        '{\n  "state": "over",\n  "count": 1000000000000000,\n  "month": "2026-02",\n'
        f'  "sha256": "{"2" * 64}",\n  "sent_at": "2026-03-02T07:00:00+00:00",\n'
        '  "sent_month": "2026-02",\n  "message_id": "m",\n  "claim": "c"\n}'
    )


def test_nothing_is_an_entry_of_which_nothing_was_judged() -> None:
    assert parse("x", b"") == Entry()


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"\xff",
        b"null",
        b"[]",
        b"7",
        b'"over"',
        b"{",
        b"[" * 100_000,
        dump(ENTRIES[2])[:-9],
        b'{"state": "high"}',
        b'{"state": ["over"]}',
        b'{"count": "1"}',
        b'{"count": true}',
        b'{"count": 1.0}',
        b'{"month": 202602}',
        b'{"month": "February"}',
        b'{"month": "2026-99"}',
        b'{"claim": null}',
        b'{"colour": "red"}',
        b'{"state": "over"}',
        b'{"state": "over", "sent_at": "yesterday"}',
        b'{"state": "over", "sent_at": "2026-03-02"}',
        b'{"state": "below", "sent_at": "2026-03-02T07:00:00"}',
    ],
)
def test_anything_else_is_no_entry(body: bytes) -> None:
    with pytest.raises(LedgerError, match=r"^x\.json is no entry of the ledger; delete it"):
        parse("x", body)

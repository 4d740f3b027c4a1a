"""What makes a report untrustworthy, what the operators hear, and the ledger behind the command."""

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend

from runner import check as check_module
from runner import deliver as deliver_module
from runner.report import Report
from runner.rules import distrust
from tests.conftest import Check
from tests.support.examples import an_alert
from tests.support.servers import Sns, published, refused

OPERATORS = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
BUCKET = "city-ledger"
HEADER = "service_name,count\n"
WATER, TREES = an_alert("water_critical"), an_alert("trees_critical")
WATCHED = {"operators_topic_arn": OPERATORS}
NOW = datetime(2026, 4, 2, 7, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(deliver_module, "LEASE_SECONDS", 0.2)
    monkeypatch.setattr(deliver_module, "POLL_SECONDS", 0.05)
    with mock_aws():
        for topic in ("water_critical", "trees_critical", "backlog-operators"):
            boto3.client("sns").create_topic(Name=topic)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


def heard(topic: str = "backlog-operators") -> list[tuple[str, str]]:
    """Subject and text of each message to a topic; of alerts, the email."""
    topics = get_backend("sns")["123456789012"]["us-east-1"].topics
    messages = topics[f"arn:aws:sns:us-east-1:123456789012:{topic}"].sent_notifications
    return [
        (subject, json.loads(text)["email"] if text.startswith("{") else text)
        for _, text, subject, *_ in messages
    ]


def entry(topic: str) -> dict[str, object]:
    answer = boto3.client("s3").get_object(Bucket=BUCKET, Key=f"ledger/{topic}.json")
    parsed: dict[str, object] = json.loads(answer["Body"].read())
    return parsed


def as_of(days: float) -> Report:
    return Report("r.csv", "2026-03", "3" * 64, 1, {}, {}, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("report", "limit", "seen", "doubt"),
    [
        (as_of(500), None, {}, ""),
        (as_of(0), 1, {}, ""),
        (as_of(35), 35, {}, ""),
        (as_of(35.99), 35, {}, ""),
        (as_of(36), 35, {}, "the report is stale: 36 days old, the limit is 35"),
        (as_of(-31), 35, {}, ""),
        (as_of(-32), 35, {}, "its age can't be told: it is dated 32 days ahead"),
        (as_of(-32), None, {}, ""),
        (
            Report("r.csv", "2026-03", "3" * 64, 1, {}, {}, None),
            35,
            {},
            "its age can't be told: no Last-Modified, and no month in its address",
        ),
        (as_of(0), 35, {"2026-02": "2" * 64}, ""),
        (as_of(0), 35, {"2026-02": "3" * 64}, "the report is identical to that of 2026-02"),
        (as_of(0), 35, {"2025-12": "3" * 64}, "the report is identical to that of 2025-12"),
        (as_of(0), 35, {"2025-12": "3" * 64, "2026-02": "2" * 64}, ""),
        (as_of(0), 35, {"2026-03": "3" * 64}, ""),
        (as_of(0), 35, {"2026-04": "3" * 64}, ""),
    ],
)
def test_what_makes_a_report_one_that_can_not_be_this_months(
    report: Report, limit: int | None, seen: dict[str, str], doubt: str
) -> None:
    assert distrust(report, NOW, limit, seen) == doubt


def test_a_stale_report_reaches_the_operators_and_no_director(check: Check, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text(HEADER + "Water,120\nTrees,7\n")
    os.utime(tmp_path / "old.csv", (0, 0))
    days = (datetime.now(timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)).days

    outcome = check(
        *("--report", "old.csv"), alerts=(WATER, TREES), max_report_age_days=35, **WATCHED
    )

    why = f"the report is stale: {days} days old, the limit is 35"
    assert outcome.code == 3
    assert outcome.out == (
        "old.csv: 2026-02, 2 rows\n\n"
        "TOPIC           COUNT  THRESHOLD  STATUS\n"
        f"trees_critical      ?        100  unknown  {why}\n"
        f"water_critical      ?        100  unknown  {why}\n\n"
        "0 sent, 0 failed, 2 unknown\n"
    )
    assert heard() == [
        (
            "Backlog check 2026-02: 0 failed, 2 unknown",
            f"old.csv\n\nunknown: trees_critical, water_critical\n  {why}\n\n"
            "What failed is tried again by the next check.",
        )
    ]
    assert heard("water_critical") == []


def test_last_months_report_under_a_new_name_is_not_this_months(check: Check) -> None:
    rows = HEADER + "Water,120\nTrees,7\n"
    settings = {"alerts": (WATER, TREES), "ledger_bucket": BUCKET, **WATCHED}

    first = check(report=rows, **settings)
    second = check("--month", "2026-03", report=rows, **settings)
    third = check("--month", "2026-03", report=rows, **settings)
    fourth = check("--month", "2026-03", report=rows.replace("7", "8"), **settings)

    assert [outcome.code for outcome in (first, second, third, fourth)] == [0, 3, 3, 0]
    assert len(heard("water_critical")) == 2, "February's, and the reminder of March's own report"
    assert [subject for subject, _ in heard()] == ["Backlog check 2026-03: 0 failed, 2 unknown"] * 2
    assert "the report is identical to that of 2026-02" in heard()[0][1]


def test_a_dry_run_tells_no_operator_and_leaves_the_ledger_empty(check: Check) -> None:
    outcome = check(
        "--dry-run", alerts=(WATER,), report=HEADER + "Water,x\n", ledger_bucket=BUCKET, **WATCHED
    )

    assert outcome.code == 3
    assert heard() == []
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=BUCKET)


def test_a_report_that_is_not_there_reaches_the_operators(check: Check) -> None:
    outcome = check("--report", "gone.csv", alerts=(WATER,), **WATCHED)

    assert (outcome.code, outcome.err) == (3, "error: gone.csv: No such file or directory\n")
    assert heard() == [
        (
            "Backlog check 2026-02: no report",
            "gone.csv: No such file or directory\n\nWhat failed is tried again by the next check.",
        )
    ]


def test_a_dry_run_without_a_report_tells_no_operator(check: Check) -> None:
    assert check("--dry-run", "--report", "gone.csv", alerts=(WATER,), **WATCHED).code == 3
    assert heard() == []


def test_a_report_unknown_in_part_is_one_message_and_the_rest_is_sent(check: Check) -> None:
    alerts = (WATER, an_alert("water_extreme", threshold=300), TREES)
    boto3.client("sns").create_topic(Name="water_extreme")

    outcome = check(alerts=alerts, report=HEADER + "Water,\nTrees,101\n", **WATCHED)

    assert outcome.code == 3
    assert heard() == [
        (
            "Backlog check 2026-02: 0 failed, 2 unknown",
            'report.csv\n\nunknown: water_critical, water_extreme\n  row 2: "Water" has no count'
            "\n\nWhat failed is tried again by the next check.",
        )
    ]
    assert heard("trees_critical") == [("trees is critical", "101 cases of trees")]


def test_what_was_not_sent_reaches_the_operators_with_its_count(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = [refused("403 Forbidden", "AuthorizationError")]
    operators = {"backlog-operators": [[published("m-2")]]}
    with Sns(water_critical=[denied], **operators) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        outcome = check(alerts=(WATER,), report=HEADER + "Water,120\n", **WATCHED)

    assert outcome.code == 1
    assert sns.requests[-1].form["Subject"] == "Backlog check 2026-02: 1 failed, 0 unknown"
    assert (
        "\n\nfailed: water_critical (120)\n  not allowed to publish"
        in (sns.requests[-1].form["Message"])
    )


def test_when_all_is_well_the_operators_hear_nothing(check: Check) -> None:
    assert check(alerts=(WATER,), report=HEADER + "Water,120\n", **WATCHED).code == 0
    assert heard() == []


def test_operators_who_can_not_be_told_are_named_beside_the_result(check: Check) -> None:
    gone = {"operators_topic_arn": OPERATORS.replace("backlog-operators", "gone")}

    outcome = check(alerts=(WATER,), report=HEADER + "Water,\n", **gone)

    assert outcome.code == 3
    assert outcome.err == (
        "error: the operators could not be told: there is no such topic; run `make apply`\n"
    )


def test_the_bucket_of_the_outputs_is_the_ledger(check: Check) -> None:
    settings = {"alerts": (WATER, TREES), "ledger_bucket": BUCKET}
    rows = HEADER + "Water,120\nTrees,7\n"

    outcomes = [check(report=rows, **settings) for _ in range(2)]

    assert [outcome.code for outcome in outcomes] == [0, 0]
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    assert outcomes[1].out == (
        "report.csv: 2026-02, 2 rows\n\n"
        "TOPIC           COUNT  THRESHOLD  STATUS\n"
        "trees_critical      7        100  below\n"
        f"water_critical    120        100  already sent  on {today}, for 2026-02\n\n"
        "0 sent, 0 failed, 0 unknown, 1 already sent, 1 below\n"
    )
    assert len(heard("water_critical")) == 1
    assert entry("water_critical")["state"] == "over"
    assert entry("trees_critical")["state"] == "below"


def test_again_sends_once_more_and_leaves_the_ledger_as_it_is(check: Check) -> None:
    settings = {"alerts": (WATER,), "ledger_bucket": BUCKET, "report": HEADER + "Water,120\n"}
    check(**settings)
    before = entry("water_critical")

    outcome = check("--again", **settings)

    assert "water_critical    120        100  sent\n" in outcome.out
    assert len(heard("water_critical")) == 2
    assert entry("water_critical") == before


def test_a_folder_takes_the_place_of_the_bucket(check: Check, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    settings = {"alerts": (WATER,), "ledger_bucket": BUCKET, "report": HEADER + "Water,120\n"}

    outcomes = [check("--ledger", "kept", **settings) for _ in range(2)]

    assert ["already sent" in outcome.out for outcome in outcomes] == [False, True]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        ".lock",
        "report.json",
        "water_critical.json",
    ]
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=BUCKET)


def test_the_same_check_again_writes_nothing(check: Check, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    states = []
    for _ in range(2):
        check("--ledger", "kept", alerts=(WATER,), report=HEADER + "Water,120\n")
        states.append({path.name: path.stat().st_ino for path in (tmp_path / "kept").iterdir()})

    assert states[0] == states[1]


def test_an_earlier_months_report_is_known_again_after_a_good_one_of_this_month(
    check: Check,
) -> None:
    """As from a cache that is behind: it would be a recovery, or an alert, that never was."""
    settings = {"alerts": (WATER,), "ledger_bucket": BUCKET, "notify_recovery": True}
    january, february = HEADER + "Water,80\n", HEADER + "Water,120\n"
    months = [("2026-01", january), ("2026-02", february), ("2026-02", january)]

    outcomes = [check("--month", month, report=report, **settings) for month, report in months]

    assert [outcome.code for outcome in outcomes] == [0, 0, 3]
    assert [subject for subject, _ in heard("water_critical")] == ["water is critical"]


def test_reports_are_known_again_whatever_the_clock_said_once(check: Check) -> None:
    """A check of a month far ahead does not end the comparison of those that follow."""
    settings = {"alerts": (WATER,), "ledger_bucket": BUCKET}
    body = b'{"2030-12": "x"}'
    boto3.client("s3").put_object(Bucket=BUCKET, Key="ledger/report.json", Body=body)
    rows = HEADER + "Water,80\n"

    outcomes = [check("--month", m, report=rows, **settings) for m in ("2026-02", "2026-03")]

    assert [outcome.code for outcome in outcomes] == [0, 3]
    assert list(entry("report")) == ["2026-02", "2030-12"]


def test_two_years_of_reports_are_kept_in_mind(check: Check) -> None:
    settings = {"alerts": (WATER,), "ledger_bucket": BUCKET}
    for number in range(26):
        month = f"{2023 + number // 12}-{number % 12 + 1:02}"
        check("--month", month, report=HEADER + f"Water,{number}\n", **settings)

    assert next(iter(entry("report"))) == "2023-03"
    assert len(entry("report")) == 24


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"7", b'"x"', b'{"x": "y"}', b'{"2026-02": 7}', b'{"2026-13": ""}']
)
def test_a_corrupt_note_of_past_reports_holds_everything_back_loudly(
    check: Check, body: bytes
) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key="ledger/report.json", Body=body)

    outcome = check(alerts=(WATER,), report=HEADER + "Water,120\n", ledger_bucket=BUCKET, **WATCHED)

    assert outcome.code == 1
    assert heard("water_critical") == []
    assert "report.json is not the ledger's; delete it, and it begins anew" in heard()[0][1]


def test_what_a_cell_holds_reaches_the_operators_as_plain_text_on_its_own_line(
    check: Check,
) -> None:
    rows = HEADER + 'Water,"a\n\nsent: all\x1b[2J fine"\n'
    check(alerts=(WATER,), report=rows, **WATCHED)

    ((_, text),) = heard()
    assert '\n  row 2: count "a sent: all [2J fin" is not a whole number\n' in text


def test_operators_being_told_when_the_check_is_interrupted_cost_no_result(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(check_module, "for_operators", interrupted)
    outcome = check(alerts=(WATER, TREES), report=HEADER + "Water,120\nTrees,\n", **WATCHED)

    assert outcome.code == 3
    assert "1 sent, 0 failed, 1 unknown" in outcome.out
    assert outcome.err == "error: the operators could not be told: interrupted\n"


def test_a_folder_that_is_not_there_ends_in_2_before_anything_is_done(check: Check) -> None:
    outcome = check("--ledger", "gone", alerts=(WATER,), report=HEADER + "Water,120\n")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: gone: there is no such folder; make it once, with mkdir\n"
    assert heard("water_critical") == []


def test_without_its_bucket_nothing_is_sent_and_the_operators_hear_which_counts_are_due(
    check: Check,
) -> None:
    outcome = check(
        alerts=(WATER, TREES),
        report=HEADER + "Water,120\nTrees,\n",
        ledger_bucket="gone-with-the-wind",
        **WATCHED,
    )

    why = (
        "s3://gone-with-the-wind/ledger/report.json: can't be read or written:"
        " S3 answered NoSuchBucket"
    )
    assert outcome.code == 1
    assert heard("water_critical") == []
    ((subject, text),) = heard()
    assert subject == "Backlog check 2026-02: 1 failed, 1 unknown"
    assert f"failed: water_critical (120)\n  {why}\n\n" in text
    assert 'unknown: trees_critical\n  row 3: "Trees" has no count' in text


def test_sns_down_for_one_check_and_up_for_the_next_sends_what_is_owed_and_nothing_else(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"alerts": (TREES, WATER), "ledger_bucket": BUCKET}
    rows = HEADER + "Water,120\nTrees,130\n"
    up, down = [published("m")], [refused("403 Forbidden", "AuthorizationError")]
    with Sns(trees_critical=[up], water_critical=[down, up]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", sns.url)
        outcomes = [check("--format", "json", report=rows, **settings) for _ in range(3)]

    assert [outcome.code for outcome in outcomes] == [1, 0, 0]
    assert [[a["status"] for a in json.loads(outcome.out)["alerts"]] for outcome in outcomes] == [
        ["sent", "failed"],
        ["already_sent", "sent"],
        ["already_sent", "already_sent"],
    ]
    assert [sns.publishes(topic) for topic in ("trees_critical", "water_critical")] == [1, 2]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"ledger_bucket": ""}, "ledger_bucket is not the name of a bucket"),
        ({"ledger_bucket": 7}, "ledger_bucket is not the name of a bucket"),
        ({"operators_topic_arn": "ops"}, "operators_topic_arn is not the ARN of a topic"),
        ({"max_report_age_days": "35"}, "max_report_age_days is not a whole number"),
        ({"max_report_age_days": True}, "max_report_age_days is not a whole number"),
        ({"remind": 30}, "remind is not month, never or a number of days"),
        ({"remind": "0"}, "remind is not month, never or a number of days"),
        ({"remind": "weekly"}, "remind is not month, never or a number of days"),
        ({"notify_recovery": "true"}, "notify_recovery is not true or false"),
        ({"report_url": 7}, "does not hold `alerts` and `report_url`"),
    ],
)
def test_a_setting_that_can_not_be_used_ends_in_2(
    check: Check, settings: dict[str, object], problem: str
) -> None:
    outcome = check(alerts=(WATER,), report=HEADER + "Water,120\n", **settings)

    assert (outcome.code, outcome.out) == (2, "")
    assert f"outputs.json: {problem}" in outcome.err
    assert heard("water_critical") == []

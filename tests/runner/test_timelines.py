"""A year of monthly reports and a month of daily ones: what each director received, whole."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import count as counter
from typing import Any

import pytest

from runner import check as check_module
from tests.conftest import Check
from tests.support.aws import BUCKET, Aws
from tests.support.examples import an_alert

CRITICAL = an_alert(
    "water_critical", protocols=("email",), subject="Help!", message="{count} in {month}"
)
EXTREME = an_alert("water_extreme", threshold=300, protocols=("sms",), sms="RUN! {count}, {month}")

# Open cases by month's report; None is one that can't be counted.
YEAR = [80, 120, 130, None, 350, 90, 95, 101, 100, 301, 310, 99]

# Checks one report of one service: its count, its month, and the day of the check.
CheckOn = Callable[..., None]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as city:
        monkeypatch.setenv("AWS_ENDPOINT_URL", city.url)
        yield city


@pytest.fixture
def check_on(check: Check, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> CheckOn:
    other = counter()

    def run(count: int | None, month: str, day: datetime, **settings: Any) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return day

        monkeypatch.setattr(check_module, "datetime", Clock)
        cell = "n/a" if count is None else count
        report = f"service_name,count\nWater,{cell}\nOther,{next(other)}\n"
        alerts = (CRITICAL, EXTREME)
        options = (f"--month={month}",)
        outcome = check(*options, alerts=alerts, report=report, ledger_bucket=BUCKET, **settings)
        assert outcome.code == (3 if count is None else 0), outcome.out

    return run


def received(aws: Aws, topic: str, channel: str) -> list[str]:
    """What was sent to the subscribers of one topic by one channel."""
    forms = [form for form in aws.published if form["TopicArn"].endswith(f":{topic}")]
    texts = [(form["Subject"], json.loads(form["Message"])[channel]) for form in forms]
    return [f"{subject} / {text}" if channel == "email" else text for subject, text in texts]


def a_year(check_on: CheckOn, **settings: Any) -> None:
    """Check each month's report on the second of the next one."""
    for number, count in enumerate(YEAR, 1):
        day = datetime(2025 + number // 12, number % 12 + 1, 2, 7, tzinfo=timezone.utc)
        check_on(count, f"2025-{number:02}", day, **settings)


@pytest.mark.parametrize(
    ("settings", "emails", "texts"),
    [
        pytest.param(
            {},
            [
                "Help! / 120 in 2025-02",
                "Help! / 130 in 2025-03",
                "Help! / 350 in 2025-05",
                "Help! / 101 in 2025-08",
                "Help! / 301 in 2025-10",
                "Help! / 310 in 2025-11",
            ],
            ["RUN! 350, 2025-05", "RUN! 301, 2025-10", "RUN! 310, 2025-11"],
            id="a reminder with each month",
        ),
        pytest.param(
            {"remind": "never"},
            ["Help! / 120 in 2025-02", "Help! / 101 in 2025-08", "Help! / 301 in 2025-10"],
            ["RUN! 350, 2025-05", "RUN! 301, 2025-10"],
            id="crossings alone",
        ),
        pytest.param(
            {"remind": "60"},
            [
                "Help! / 120 in 2025-02",
                "Help! / 350 in 2025-05",
                "Help! / 101 in 2025-08",
                "Help! / 301 in 2025-10",
            ],
            ["RUN! 350, 2025-05", "RUN! 301, 2025-10"],
            id="a reminder after 60 days",
        ),
        pytest.param(
            {"remind": "never", "notify_recovery": True},
            [
                "Help! / 120 in 2025-02",
                "Back to normal: water critical / water: 90 cases, no longer over 100 (2025-06)",
                "Help! / 101 in 2025-08",
                "Back to normal: water critical / water: 100 cases, no longer over 100 (2025-09)",
                "Help! / 301 in 2025-10",
                "Back to normal: water critical / water: 99 cases, no longer over 100 (2025-12)",
            ],
            [
                "RUN! 350, 2025-05",
                "Back to normal. water: 90 cases, no longer over 300 (2025-06)",
                "RUN! 301, 2025-10",
                "Back to normal. water: 99 cases, no longer over 300 (2025-12)",
            ],
            id="crossings and recoveries",
        ),
    ],
)
def test_a_year_of_monthly_reports(
    check_on: CheckOn,
    aws: Aws,
    settings: dict[str, Any],
    emails: Sequence[str],
    texts: Sequence[str],
) -> None:
    a_year(check_on, **settings)

    assert received(aws, "water_critical", "email") == emails
    assert received(aws, "water_extreme", "sms") == texts


def a_month_of_days(check_on: CheckOn, times: int = 1, **settings: Any) -> None:
    """Check each day what is open by now: from 90, up by 1 a day, with a slump and an unknown day.

    The report is February's until the 28th of March, and March's from the 29th on.
    """
    for number in range(35):
        day = datetime(2026, 3, 2, 7, tzinfo=timezone.utc) + timedelta(days=number)
        count = {20: 95, 21: 96, 22: None}.get(number, 90 + number)
        for _ in range(times):
            check_on(count, "2026-02" if number < 27 else "2026-03", day, **settings)


def test_a_month_of_daily_reports_is_no_flood(check_on: CheckOn, aws: Aws) -> None:
    """Over on the 13th, below on the 22nd, over again on the 25th, a new month on the 29th."""
    a_month_of_days(check_on)

    assert received(aws, "water_critical", "email") == [
        "Help! / 101 in 2026-02",
        "Help! / 113 in 2026-02",
        "Help! / 117 in 2026-03",
    ]
    assert received(aws, "water_extreme", "sms") == []


def test_a_month_of_daily_reports_with_recoveries_and_no_reminders(
    check_on: CheckOn, aws: Aws
) -> None:
    a_month_of_days(check_on, remind="never", notify_recovery=True)

    assert received(aws, "water_critical", "email") == [
        "Help! / 101 in 2026-02",
        "Back to normal: water critical / water: 95 cases, no longer over 100 (2026-02)",
        "Help! / 113 in 2026-02",
    ]


def test_checking_each_day_twice_sends_nothing_more(check_on: CheckOn, aws: Aws) -> None:
    a_month_of_days(check_on)
    once = received(aws, "water_critical", "email")
    aws.forget()
    aws.objects.clear()

    a_month_of_days(check_on, times=2)

    assert received(aws, "water_critical", "email") == once

"""A year of monthly reports and a month of daily ones: what each director received, whole."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend

from runner.report import Report
from runner.rules import decide
from runner.store import FolderStore
from tests.support.examples import an_alert, deliver_all

CRITICAL = an_alert(
    "water_critical", protocols=("email",), subject="Help!", message="{count} in {month}"
)
EXTREME = an_alert("water_extreme", threshold=300, protocols=("sms",), sms="RUN! {count}, {month}")

# Open cases by month's report; None is one that can't be counted.
YEAR = [80, 120, 130, None, 350, 90, 95, 101, 100, 301, 310, 99]


@pytest.fixture(autouse=True)
def topics() -> Iterator[None]:
    with mock_aws():
        for alert in (CRITICAL, EXTREME):
            boto3.client("sns").create_topic(Name=alert.topic)
        yield


def check(count: int | None, month: str, day: datetime, folder: Path, **settings: Any) -> None:
    """Check one report of one service."""
    counts = {} if count is None else {"water": count}
    report = Report("r.csv", month, f"{count or 0:064x}", 1, counts, {})
    decisions = decide([CRITICAL, EXTREME], report)
    deliver_all(decisions, report=report, store=FolderStore(folder), now=day, **settings)


def received(topic: str, channel: str) -> list[str]:
    """What was sent to those who hear one topic by one channel."""
    topics = get_backend("sns")["123456789012"]["us-east-1"].topics
    messages = topics[f"arn:aws:sns:us-east-1:123456789012:{topic}"].sent_notifications
    texts = [(subject, json.loads(text)[channel]) for _, text, subject, *_ in messages]
    return [f"{subject} / {text}" if channel == "email" else text for subject, text in texts]


def a_year(folder: Path, **settings: Any) -> None:
    """Check each month's report on the second of the next one."""
    for number, count in enumerate(YEAR, 1):
        day = datetime(2025 + number // 12, number % 12 + 1, 2, 7, tzinfo=timezone.utc)
        check(count, f"2025-{number:02}", day, folder, **settings)


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
    tmp_path: Path, settings: dict[str, Any], emails: Sequence[str], texts: Sequence[str]
) -> None:
    a_year(tmp_path, **settings)

    assert received("water_critical", "email") == emails
    assert received("water_extreme", "sms") == texts


def a_month_of_days(folder: Path, times: int = 1, **settings: Any) -> None:
    """Check each day what is open by now: from 90, up by 1 a day, with a slump and an unknown day.

    The report is February's until the 28th of March, and March's from the 29th on.
    """
    for number in range(35):
        day = datetime(2026, 3, 2, 7, tzinfo=timezone.utc) + timedelta(days=number)
        count = {20: 95, 21: 96, 22: None}.get(number, 90 + number)
        for _ in range(times):
            check(count, "2026-02" if number < 27 else "2026-03", day, folder, **settings)


def test_a_month_of_daily_reports_is_no_flood(tmp_path: Path) -> None:
    """Over on the 13th, below on the 22nd, over again on the 25th, a new month on the 29th."""
    a_month_of_days(tmp_path)

    assert received("water_critical", "email") == [
        "Help! / 101 in 2026-02",
        "Help! / 113 in 2026-02",
        "Help! / 117 in 2026-03",
    ]
    assert received("water_extreme", "sms") == []


def test_a_month_of_daily_reports_with_recoveries_and_no_reminders(tmp_path: Path) -> None:
    a_month_of_days(tmp_path, remind="never", notify_recovery=True)

    assert received("water_critical", "email") == [
        "Help! / 101 in 2026-02",
        "Back to normal: water critical / water: 95 cases, no longer over 100 (2026-02)",
        "Help! / 113 in 2026-02",
    ]


def test_checking_each_day_twice_sends_nothing_more(tmp_path: Path) -> None:
    a_month_of_days(tmp_path)
    once = received("water_critical", "email")
    (tmp_path / "twice").mkdir()
    for topic in get_backend("sns")["123456789012"]["us-east-1"].topics.values():
        topic.sent_notifications.clear()

    a_month_of_days(tmp_path / "twice", times=2)

    assert received("water_critical", "email") == once

"""The scheduled check: the command line's work, one-line logs, metrics, what is tried again."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend

from runner.errors import BacklogError
from runner.handler import handler
from tests.support.examples import an_alert, runner_config

BUCKET = "city-ledger"
WATER, TREES = an_alert("water_critical"), an_alert("trees_critical")
EXTREME = an_alert("water_extreme", threshold=300)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BACKLOG_CONFIG", f"s3://{BUCKET}/config/runner_config.json")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "backlog-alerts-check")
    with mock_aws():
        for alert in (WATER, TREES, EXTREME):
            boto3.client("sns").create_topic(Name=alert.topic)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


def configure(report: Path, **settings: Any) -> None:
    settings = {"report_url": str(report), "ledger_bucket": BUCKET, **settings}
    text = runner_config(WATER, TREES, EXTREME, **settings)
    boto3.client("s3").put_object(
        Bucket=BUCKET, Key="config/runner_config.json", Body=text.encode()
    )


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report, at the address that the configuration on S3 names."""
    path = tmp_path / "report.csv"
    configure(path)
    path.write_text("service_name,count\nWater,120\nTrees,7\n")
    return path


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def sent() -> dict[str, int]:
    topics = get_backend("sns")["123456789012"]["us-east-1"].topics.values()
    return {topic.name: len(topic.sent_notifications) for topic in topics}


@pytest.mark.parametrize("event", [{}, None, {"month": "2026-02"}, {"unknown": 1}])
def test_the_scheduled_check_sends_and_logs_a_line_for_each_alert(
    report: Path, capsys: pytest.CaptureFixture[str], event: dict[str, str] | None
) -> None:
    handler(event, None)

    trees, water, extreme, run = logged(capsys)
    assert sent() == {"water_critical": 1, "trees_critical": 0, "water_extreme": 0}
    message_id = water.pop("message_id")
    assert message_id
    assert water == {
        "topic": "water_critical",
        "department": "water",
        "level": "critical",
        "count": 120,
        "threshold": 100,
        "status": "sent",
        "reason": None,
    }
    assert (trees["status"], extreme["status"]) == ("below", "below")
    assert run["Cases water"] == 120


def test_a_second_run_sends_nothing_more(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler({}, None)
    handler({}, None)

    assert sent()["water_critical"] == 1
    assert [line.get("status") for line in logged(capsys)[4:]] == (
        ["below", "already_sent", "below", None]
    )


def test_the_event_may_name_another_report(
    report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.csv").write_text("service_name,count\nWater,301\nTrees,7\n")

    handler({"report": str(tmp_path / "other.csv")}, None)

    assert logged(capsys)[1]["count"] == 301


def failure(event: Any = None) -> str:
    with pytest.raises(BacklogError) as caught:
        handler(event, None)
    return str(caught.value)


def test_an_unknown_alert_is_not_tried_again_and_the_rest_is_sent(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write_text("service_name,count\nWater,120\nTrees,n/a\n")

    handler({}, None)

    assert sent()["water_critical"] == 1
    assert [line.get("Unknown") for line in logged(capsys)] == [None, None, None, 1]


def test_a_message_that_was_not_sent_raises(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("sns").delete_topic(TopicArn=WATER.topic_arn)

    assert failure() == "the check exits with 1; the log says why"
    assert logged(capsys)[1]["reason"] == "there is no such topic; run `make apply`"


def test_a_report_that_is_not_there_is_not_tried_again_and_the_log_says_why(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.unlink()

    handler({}, None)

    assert logged(capsys) == [{"error": f"{report}: No such file or directory", "exit_code": 3}]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (None, {}),
        ("<html>", {}),
        ("service_name,count\nWater,20\nTrees,n/a\n", {}),
        ("service_name,count\nWater,20\nTrees,7\n", {"max_report_age_days": 1}),
    ],
    ids=["missing", "broken", "broken in part", "stale"],
)
def test_operators_get_one_message_of_a_report_that_can_not_be_trusted(
    report: Path, text: str | None, settings: dict[str, Any]
) -> None:
    operators = boto3.client("sns").create_topic(Name="backlog-operators")["TopicArn"]
    configure(report, operators_topic_arn=operators, **settings)
    if text is None:
        report.unlink()
    else:
        report.write_text(text)
        os.utime(report, (0, 0))

    handler({}, None)

    assert sent() == {
        "water_critical": 0,
        "trees_critical": 0,
        "water_extreme": 0,
        "backlog-operators": 1,
    }


NAME = f"s3://{BUCKET}/config/runner_config.json"


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (None, f"{NAME}: there is no such object"),
        (
            b"{}",
            f"{NAME}: is not the output runner_config, with one alert or more; run `make apply`",
        ),
    ],
)
def test_a_configuration_that_can_not_be_read_raises_and_says_why_in_the_log(
    capsys: pytest.CaptureFixture[str], config: bytes | None, error: str
) -> None:
    if config:
        boto3.client("s3").put_object(Bucket=BUCKET, Key="config/runner_config.json", Body=config)

    assert failure() == "the check exits with 2; the log says why"
    assert logged(capsys) == [{"error": error, "exit_code": 2}]


@pytest.mark.parametrize("month", ["2026-13", 202602, False, ["2026-02"], "", "--dry-run"])
def test_a_bad_month_in_the_event_raises(
    report: Path, capsys: pytest.CaptureFixture[str], month: Any
) -> None:
    assert failure({"month": month}) == "the check exits with 2; the log says why"

    error = f"month {month}: must be YYYY-MM, such as 2026-02, and have begun"
    assert logged(capsys) == [{"error": error, "exit_code": 2}]


@pytest.mark.parametrize("event", [["x"], "x", 7])
def test_an_event_that_is_no_object_raises_and_sends_nothing(report: Path, event: Any) -> None:
    with pytest.raises(AttributeError):
        handler(event, None)

    assert sent()["water_critical"] == 0

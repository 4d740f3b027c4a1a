"""The scheduled check: the command line's work, one-line logs, metrics, errors to retry on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend

from runner.deliver import Delivery
from runner.errors import BacklogError, ConfigError, ReportError
from runner.handler import handler, metrics
from runner.report import Report
from runner.rules import Decision
from tests.support.examples import an_alert, outputs

BUCKET = "city-ledger"
WATER, TREES = an_alert("water_critical"), an_alert("trees_critical")
EXTREME = an_alert("water_extreme", threshold=300)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BACKLOG_CONFIG", f"s3://{BUCKET}/config/outputs.json")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "backlog-alerts-check")
    with mock_aws():
        for alert in (WATER, TREES, EXTREME):
            boto3.client("sns").create_topic(Name=alert.topic)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report, at the address that the configuration on S3 names."""
    path = tmp_path / "report.csv"
    text = outputs(WATER, TREES, EXTREME, report_url=str(path), ledger_bucket=BUCKET)
    boto3.client("s3").put_object(Bucket=BUCKET, Key="config/outputs.json", Body=text.encode())
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


def test_an_unknown_alert_raises_after_the_rest_was_sent(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write_text("service_name,count\nWater,120\nTrees,n/a\n")

    with pytest.raises(BacklogError, match="the check ended in 3; the log has a line for each"):
        handler({}, None)

    assert sent()["water_critical"] == 1
    assert [line.get("Unknown") for line in logged(capsys)] == [None, None, None, 1]


def test_a_report_that_is_not_there_raises_and_says_why_in_the_log(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.unlink()

    with pytest.raises(ReportError):
        handler({}, None)

    assert logged(capsys) == [{"error": f"{report}: No such file or directory", "exit_code": 3}]


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (None, "S3 answered NoSuchKey"),
        (b"\xff", "invalid start byte"),
        (b"{}", "Terraform has no outputs yet"),
    ],
)
def test_a_configuration_that_can_not_be_read_raises(
    capsys: pytest.CaptureFixture[str], config: bytes | None, error: str
) -> None:
    if config:
        boto3.client("s3").put_object(Bucket=BUCKET, Key="config/outputs.json", Body=config)

    with pytest.raises(ConfigError, match=error):
        handler({}, None)

    (line,) = logged(capsys)
    assert line["exit_code"] == 2


@pytest.mark.parametrize(
    "event", [{"month": 202602}, {"month": False}, {"report": ["r.csv"]}, [], ["x"], "x", 7]
)
def test_an_event_of_another_form_raises_and_says_so(
    report: Path, capsys: pytest.CaptureFixture[str], event: Any
) -> None:
    with pytest.raises(ConfigError, match="the event must be an object"):
        handler(event, None)

    assert [line["exit_code"] for line in logged(capsys)] == [2]


def test_a_bad_month_in_the_event_raises(report: Path) -> None:
    with pytest.raises(ConfigError, match="month 2026-13: must be YYYY-MM"):
        handler({"month": "2026-13"}, None)


def deliveries(departments: int) -> list[Delivery]:
    names = [f"d{number}_high" for number in range(departments)]
    return [Delivery(Decision(an_alert(name), "due", 120), "sent") for name in names]


def test_metrics_are_one_line_in_cloudwatchs_embedded_format(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler({}, None)

    run = logged(capsys)[-1]
    timestamp, age = run["_aws"].pop("Timestamp"), run.pop("ReportAgeDays")
    assert timestamp > 1_750_000_000_000, "milliseconds"
    assert 0 <= age < 1
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
                        {"Name": "Cases trees", "Unit": "Count"},
                        {"Name": "Cases water", "Unit": "Count"},
                        {"Name": "ReportAgeDays", "Unit": "None"},
                    ],
                }
            ]
        },
        "Function": "backlog-alerts-check",
        "Sent": 1,
        "Failed": 0,
        "Unknown": 0,
        "Cases trees": 7,
        "Cases water": 120,
    }


@pytest.mark.parametrize(("departments", "directives"), [(97, [100]), (98, [100, 1])])
def test_a_directive_holds_a_hundred_metrics_at_most(
    departments: int, directives: list[int]
) -> None:
    report = Report("r.csv", "2026-02", "", 1, {}, {})

    run = metrics(report, deliveries(departments), "f")

    made = run["_aws"]["CloudWatchMetrics"]
    assert [len(directive["Metrics"]) for directive in made] == directives
    assert {m["Name"] for d in made for m in d["Metrics"]} == run.keys() - {"_aws", "Function"}


def test_an_unknown_count_is_no_metric() -> None:
    unknown = Delivery(Decision(WATER, "unknown", None, "row 2"), "unknown")

    run = metrics(Report("r.csv", "2026-02", "", 1, {}, {}), [unknown], "f")

    assert "Cases water" not in run
    assert "ReportAgeDays" not in run
    assert run["Unknown"] == 1

"""send-test sends one message to one topic, marked in every channel."""

import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from scripts.send_test import main
from tests.support.examples import an_alert
from tests.support.servers import Sns, published, refused

OPERATORS = "arn:aws:sns:us-east-1:123456789012:backlog-operators"


def runner_config(operators: str | None = OPERATORS) -> str:
    """What `terraform output -json runner_config` prints for two alerts."""
    alerts = {}
    for topic in ("water_critical", "water_extreme"):
        alerts[topic] = asdict(an_alert(topic))
        del alerts[topic]["topic"]
    settings = {"ledger_bucket": None, "max_report_age_days": None, "notify_recovery": False}
    settings |= {"operators_topic_arn": operators, "remind": "month", "report_url": None}
    return json.dumps({"alerts": alerts, **settings})


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "runner_config.json").write_text(runner_config())
    return str(tmp_path / "runner_config.json")


def test_an_alerts_test_is_sent_once_and_marked_in_every_channel(
    config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sns(water_critical=[[published("m-1")]]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        code = main(["--config", config, "--topic", "water_critical"])

    assert (code, *capsys.readouterr()) == (
        0,
        'sent "[TEST] water is critical" to water_critical (message id m-1)\n'
        "`make subscriptions` says who receives it\n",
        "",
    )
    (request,) = sns.requests
    assert request.form["Subject"] == "[TEST] water is critical"
    assert json.loads(request.form["Message"]) == {
        "default": "[TEST] 101 cases of water",
        "email": "[TEST] 101 cases of water",
        "sms": "[TEST] 101 cases!",
    }


def test_the_operators_test_says_what_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(runner_config().encode())))
    with Sns(**{"backlog-operators": [[published("m-2")]]}) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        code = main(["--config", "-", "--topic", "backlog-operators"])

    assert (code, *capsys.readouterr()) == (
        0,
        'sent "[TEST] Backlog check" to backlog-operators (message id m-2)\n'
        "`make subscriptions` says who receives it\n",
        "",
    )
    (request,) = sns.requests
    assert request.form["TopicArn"] == OPERATORS
    assert request.form["Message"] == (
        "[TEST] This is how the operators are notified when a check fails."
    )


def test_a_test_that_sns_rejects_exits_with_1(
    config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sns(water_extreme=[[refused("404 Not Found", "NotFound")]]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        code = main(["--config", config, "--topic", "water_extreme"])

    assert (code, *capsys.readouterr()) == (
        1,
        "",
        "error: there is no such topic; run `make apply`\n",
    )


@pytest.mark.parametrize("topic", ["water", "", "backlog_operators", "$(touch x)"])
def test_an_unknown_topic_exits_with_2_and_lists_the_topics(
    config: str, capsys: pytest.CaptureFixture[str], topic: str
) -> None:
    assert main(["--config", config, "--topic", topic]) == 2
    assert capsys.readouterr().err == (
        f'error: there is no topic "{topic}"; the topics are water_critical, water_extreme,'
        " backlog-operators\n"
    )


@pytest.mark.parametrize("topic", ["", "backlog-operators"])
def test_without_operators_their_topic_is_unknown_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], topic: str
) -> None:
    (tmp_path / "runner_config.json").write_text(runner_config(operators=None))

    assert main(["--config", str(tmp_path / "runner_config.json"), "--topic", topic]) == 2
    assert capsys.readouterr().err == (
        f'error: there is no topic "{topic}"; the topics are water_critical, water_extreme\n'
    )

"""A drill is one message to one topic, marked in every channel."""

import json
from pathlib import Path

import pytest

from runner.config import parse_outputs
from scripts.send_test import a_test, main
from tests.support.examples import an_alert, outputs
from tests.support.servers import Sns, published, refused

OPERATORS = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
CITY = outputs(an_alert("water_critical"), an_alert("water_extreme"), operators_topic_arn=OPERATORS)


@pytest.fixture
def city(tmp_path: Path) -> str:
    (tmp_path / "outputs.json").write_text(CITY)
    return str(tmp_path / "outputs.json")


def test_an_alerts_test_is_marked_in_every_channel() -> None:
    arguments = a_test(parse_outputs(CITY, "outputs.json"), "water_critical")

    assert arguments["TopicArn"].endswith(":water_critical")
    assert arguments["Subject"] == "[TEST] water is critical"
    assert json.loads(arguments["Message"]) == {
        "default": "[TEST] 101 cases of water",
        "email": "[TEST] 101 cases of water",
        "sms": "[TEST] 101 cases!",
    }


def test_the_operators_test_says_what_it_is() -> None:
    arguments = a_test(parse_outputs(CITY, "outputs.json"), "backlog-operators")

    assert arguments == {
        "TopicArn": OPERATORS,
        "Subject": "[TEST] Backlog check",
        "Message": "[TEST] This is how the operators hear when a check fails.",
    }


def test_a_drill_sends_once_and_says_so(
    city: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sns(water_extreme=[[published("m-1")]]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        code = main(["--outputs", city, "--topic", "water_extreme"])

    assert (code, capsys.readouterr().out) == (0, "water_extreme: sent, message id m-1\n")
    assert len(sns.requests) == 1


def test_a_drill_that_was_refused_ends_in_1(
    city: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sns(water_extreme=[[refused("404 Not Found", "NotFound")]]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        code = main(["--outputs", city, "--topic", "water_extreme"])

    assert code == 1
    assert capsys.readouterr().err == "error: there is no such topic; run `make apply`\n"


def test_no_topic_is_not_the_operators_who_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text(outputs(an_alert("water_critical")))

    assert main(["--outputs", str(tmp_path / "outputs.json"), "--topic", ""]) == 2


@pytest.mark.parametrize("topic", ["water", "", "backlog_operators", "$(touch x)"])
def test_an_unknown_topic_ends_in_2_and_names_those_that_are_there(
    city: str, capsys: pytest.CaptureFixture[str], topic: str
) -> None:
    assert main(["--outputs", city, "--topic", topic]) == 2
    assert capsys.readouterr().err == (
        f"error: there is no topic {topic}; there are water_critical, water_extreme\n"
    )

"""Doctor, subscriptions and review say the same of texts, whatever state the account is in."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import doctor, subscriptions
from scripts.review import __main__ as review
from tests.support.live import LETS_SNS_IN, PEOPLE, TOPIC, LiveAws, refuse, state
from tests.support.plans import a_plan, a_subscription, a_topic

Ask = Callable[[dict[str, Any]], tuple[list[str], str, str]]
NUMBER = PEOPLE["sms/Ana"]
PLAN = a_plan(
    a_topic("water_critical"),
    a_topic("water_extreme"),
    a_subscription("water_critical", "email/Ana"),
    a_subscription("water_extreme", "sms/Ana", protocol="sms"),
).replace(b"canary-sms/Ana@example.com", NUMBER.encode())


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return the states of the doctor's lines about texts, a person's and the review's word."""
    (tmp_path / "state.json").write_text(state({"sms/Ana": NUMBER}))
    (tmp_path / "plan.json").write_bytes(PLAN)

    def run(account: dict[str, Any]) -> tuple[list[str], str, str]:
        said = []
        for command, arguments in (
            (doctor.main, ["--state", str(tmp_path / "state.json")]),
            (subscriptions.main, ["--state", str(tmp_path / "state.json")]),
            (review.main, [str(tmp_path / "plan.json"), "--texts"]),
        ):
            with LiveAws([("sms", NUMBER, f"{TOPIC}:ana")], **account) as aws:
                monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
                command(arguments)
            said.append(capsys.readouterr().out)
        lines = {line[:22].strip(): line[22:29].strip() for line in said[0].splitlines()}
        doctors = [lines[n] for n in ("SMS sandbox", "SMS spend", "Origination identity")]
        (person,) = (line for line in said[1].splitlines() if " Ana " in line)
        (row,) = (line for line in said[2].splitlines() if "water extreme" in line)
        return doctors, re.split("  +", person)[3], row.split("1")[1].strip()

    return run


@pytest.mark.parametrize(
    ("account", "doctors", "word"),
    [
        ({}, ["ok", "ok", "ok"], "reachable"),
        ({"senders": (), "voice": [{"Policy": LETS_SNS_IN}]}, ["ok", "ok", "ok"], "reachable"),
        ({"sandbox": ()}, ["to do", "ok", "ok"], "not reachable"),
        ({"spent": 20}, ["ok", "to do", "ok"], "not reachable"),
        ({"senders": ()}, ["ok", "ok", "to do"], "not reachable"),
        ({"senders": (), "voice": [{}]}, ["ok", "ok", "to do"], "not reachable"),
        (
            {"sandbox": (), "senders": (), "spent": 1, "limit": None},
            ["to do", "to do", "to do"],
            "not reachable",
        ),
        (
            {"answers": refuse("GetSMSSandboxAccountStatus")},
            ["unknown", "ok", "ok"],
            "unknown",
        ),
        ({"answers": refuse("GetSMSAttributes")}, ["ok", "unknown", "ok"], "unknown"),
        (
            {"senders": (), "answers": refuse("DescribePhoneNumbers")},
            ["ok", "ok", "unknown"],
            "unknown",
        ),
    ],
)
def test_all_three_say_the_same(
    account: dict[str, Any], doctors: list[str], word: str, ask: Ask
) -> None:
    person = "confirmed" if word == "reachable" else word

    assert ask(account) == (doctors, person, word)


def test_a_verified_number_in_the_sandbox_is_reached_and_others_are_not(ask: Ask) -> None:
    """The review knows no number; so it calls none of them reachable."""
    assert ask({"sandbox": (NUMBER,)}) == (["to do", "ok", "ok"], "confirmed", "not reachable")

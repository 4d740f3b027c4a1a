"""Whether texts are reachable, said in the review of a plan, as the doctor says it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.review.__main__ import main
from tests.support.examples import an_alert
from tests.support.live import LiveAws, action_of, refuse
from tests.support.plans import WATER, a_plan, a_subscription, a_topic
from tests.support.servers import refused

Run = Callable[..., tuple[int, str]]
PLAN = a_plan(
    a_topic("water_critical"),
    a_topic("water_extreme"),
    a_subscription("water_critical", "email/Ana"),
    a_subscription("water_extreme", "sms/Ana", protocol="sms"),
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Review a plan beside an AWS; everything printed is searched for addresses."""

    def review(aws: LiveAws, *options: str, plan: bytes = PLAN) -> tuple[int, str]:
        (tmp_path / "plan.json").write_bytes(plan)
        with aws:
            monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
            code = main([str(tmp_path / "plan.json"), *options])
        out, err = capsys.readouterr()
        assert err == ""
        assert "canary" not in out
        assert "555555" not in out
        return code, out

    return review


def a_us_number(plan: bytes, number: str = "+15555550101") -> bytes:
    """The plan with a number in place of the text's endpoint."""
    return re.sub(rb"\+1555[0-9]{7}", number.encode(), plan)


@pytest.mark.parametrize(
    ("account", "cell", "said"),
    [
        ({}, "reachable", ""),
        (
            {"sandbox": ("+15555550101",)},
            "not reachable",
            "Texts are not reachable: the account is in the SMS sandbox. See `make doctor`.",
        ),
        (
            {"spent": 20},
            "not reachable",
            "Texts are not reachable: the month's SMS spend limit is reached. See `make doctor`.",
        ),
        (
            {"senders": ()},
            "not reachable",
            "Texts are not reachable: no origination identity for US numbers. See `make doctor`.",
        ),
        (
            {"answers": refuse("GetSMSSandboxAccountStatus")},
            "unknown",
            "Whether texts are reachable is unknown: not allowed: sns:GetSMSSandboxAccountStatus.",
        ),
    ],
)
def test_texts_are_called_what_the_doctor_would_call_them(
    account: dict[str, Any], cell: str, said: str, run: Run
) -> None:
    rows = [
        "  alert           channel  subscribers  confirmed",
        "  water critical  email    1            1",
        f"  water extreme   sms      1            {cell}",
        *([f"  {said}"] if said else []),
    ]

    code, out = run(LiveAws(**account), "--texts", plan=a_us_number(PLAN))

    assert code == 0
    assert out.split("\n\n")[1].splitlines() == ["Who receives what", *rows]


def test_in_markdown_it_is_a_line_below_the_table(run: Run) -> None:
    _, out = run(LiveAws(sandbox=()), "--texts", "--format", "markdown", plan=a_us_number(PLAN))

    assert "| water extreme | sms | 1 | not reachable |\n\n- Texts are not reachable" in out


def test_in_json_it_has_fields_of_its_own(run: Run) -> None:
    options = ("--texts", "--format", "json")

    found = json.loads(run(LiveAws(sandbox=()), *options)[1])

    assert found["texts"] == "not reachable"
    assert found["texts_obstacle"] == "the account is in the SMS sandbox"


def test_what_aws_says_is_no_part_of_what_is_accepted(run: Run) -> None:
    digests = {
        json.loads(run(aws, *options, "--format", "json")[1])["digest"]
        for aws, options in (
            (LiveAws(), ["--texts"]),
            (LiveAws(sandbox=()), ["--texts"]),
            (LiveAws(), []),
        )
    }

    assert len(digests) == 1


def test_without_being_asked_to_the_review_asks_nothing(run: Run) -> None:
    aws = LiveAws(sandbox=())

    _, out = run(aws)

    assert aws.requests == []
    assert "  water extreme   sms      1            not needed\n" in f"{out}\n"


def test_without_texts_there_is_nothing_to_ask(run: Run) -> None:
    aws = LiveAws(sandbox=())
    email = WATER[:1]

    run(aws, "--texts", plan=a_plan(a_topic("water_critical"), before=email, after=email))

    assert aws.requests == []


def test_whether_other_countries_are_reached_is_unknown(run: Run) -> None:
    plan = a_us_number(PLAN, "+4955550100")

    _, out = run(LiveAws(), "--texts", plan=plan)

    assert "  water extreme   sms      1            unknown\n" in f"{out}\n"


def test_the_topics_say_in_which_region_to_ask_and_else_the_environment(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    made = (
        an_alert("water_extreme", topic_arn="arn:aws:sns:us-west-2:123456789012:water_extreme"),
    )
    new = (an_alert("water_extreme", topic_arn=""),)
    topics = (
        a_topic("water_extreme", "create"),
        a_subscription("water_extreme", "sms/A", "create"),
    )
    regions = []
    for after in (made, new):
        aws = LiveAws()
        run(aws, "--texts", plan=a_plan(*topics, before=(), after=after))
        (sandbox,) = (r for r in aws.requests if action_of(r) == "GetSMSSandboxAccountStatus")
        regions.append(sandbox.headers["authorization"].split("/")[2])

    assert regions == ["us-west-2", "eu-central-1"]


def test_topics_that_another_state_made_are_a_risk(run: Run) -> None:
    first = a_plan(
        a_topic("water_critical", "create"),
        a_subscription("water_critical", "email/Ana", "create"),
        before=(),
        after=[an_alert("water_critical", protocols=("email",), topic_arn="")],
    )
    gone = {"GetTopicAttributes": [refused("404 Not Found", "NotFound", "canary")]}

    code, out = run(LiveAws(), "--texts", plan=first)

    assert code == 1
    assert (
        "the account has topics of these names already, and this state does not know them:"
        " water_critical; use their state, or set name_prefix"
    ) in out
    assert run(LiveAws(answers=gone), "--texts", plan=first)[0] == 0
    assert run(LiveAws(), plan=first)[0] == 0


def test_without_credentials_it_is_unknown_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # which remembers credentials
    aws = LiveAws()

    code, out = run(aws, "--texts")

    assert (code, aws.requests) == (0, [])
    assert "Whether texts are reachable is unknown: AWS credentials: there are none; set" in out

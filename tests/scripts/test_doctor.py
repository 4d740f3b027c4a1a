"""Whether a machine and an account are ready, beside an AWS that simulates what moto can't."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from runner.ledger import Entry, Ledger, dump
from scripts.doctor import main
from tests.support.live import (
    LETS_SNS_IN,
    LIVE,
    PEOPLE,
    SCHEDULED,
    TOPIC,
    LiveAws,
    action_of,
    refuse,
    state,
)
from tests.support.servers import Answer, http

Examine = Callable[..., tuple[int, str]]
RUN = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
LEDGER = {"ledger.json": dump(Ledger(alerts={"water_critical": Entry()}))}
APPLIED = state(others=SCHEDULED, ledger_bucket="city-ledger")
READY: dict[str, Any] = {"runs": [RUN], "objects": LEDGER}
# Everything in order, line by line; a test replaces what it changes.
LINES = {
    "Credentials": "ok       account 123456789012",
    "Region": "ok       us-east-1",
    "Terraform": "ok       1.11.4",
    "AWS provider": "ok       5.100.0",
    "State": "ok       6 subscriptions",
    "SMS sandbox": "ok       the account is out of it",
    "SMS spend": "ok       0.12 of 20.00 US dollars are spent this month",
    "Origination identity": "ok       a number of yours may text the US",
    "SMS type": "ok       each alert goes as Transactional, whatever the account's default is",
    "Confirmations": "ok       1 of at most 5,000 pending; `make subscriptions` names them",
    "Schedule": f"ok       the last run began in the hour after {RUN:%Y-%m-%d %H:%M} UTC",
    "Dead letters": "ok       none",
    "Ledger": "ok       free; it knows 1 alert",
}
NOT_ASKED = "unknown  AWS was not asked; see Credentials"


@pytest.fixture
def examine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Examine:
    """Run the command against an AWS; everything it prints is searched for addresses."""
    monkeypatch.setattr("scripts.doctor.ROOT", tmp_path)
    folder = tmp_path / "terraform/.terraform/providers/registry.terraform.io/hashicorp/aws/5.100.0"
    (folder / "linux_amd64").mkdir(parents=True)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def run(aws: LiveAws, text: str = APPLIED, *options: str) -> tuple[int, str]:
        (tmp_path / "state.json").write_text(text)
        with aws:
            monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
            code = main(["--state", str(tmp_path / "state.json"), *options])
        out, err = capsys.readouterr()
        assert err == ""
        assert "canary" not in out
        assert "555555" not in out
        return code, out

    return run


def printed(**changes: str) -> str:
    """The whole text for these lines; names are written with underscores."""
    lines = LINES | {name.replace("_", " "): text for name, text in changes.items()}
    todo = sum(text.startswith("to do") for text in lines.values())
    unknown = sum(text.startswith("unknown") for text in lines.values())
    rows = [f"{name:<20}  {text}" for name, text in [("CHECK", "STATE"), *lines.items()]]
    sums = f"{len(lines) - todo - unknown} ok, {todo} to do, {unknown} unknown"
    return "\n".join([*rows, "", sums, ""])


def test_an_account_with_everything_in_order_is_ready(examine: Examine) -> None:
    assert examine(LiveAws(**READY)) == (0, printed())


def test_as_json_it_is_one_object(examine: Examine) -> None:
    code, out = examine(LiveAws(**READY, sandbox=()), APPLIED, "--format", "json")

    found = json.loads(out)
    assert (code, found["exit_code"]) == (1, 1)
    assert [check["check"] for check in found["checks"]] == list(LINES)
    assert found["checks"][5] == {
        "check": "SMS sandbox",
        "state": "to do",
        "text": "texts reach verified numbers alone, and 0 of 2 numbers are verified;"
        " ask AWS Support to move SMS to production",
    }


@pytest.mark.parametrize(
    ("account", "changes"),
    [
        (
            {"sandbox": (PEOPLE["sms/Ana"],)},
            {
                "SMS_sandbox": "to do    texts reach verified numbers alone, and 1 of 2 numbers are"
                " verified; ask AWS Support to move SMS to production"
            },
        ),
        (
            {"limit": None, "spent": 0.79},
            {
                "SMS_spend": "to do    the limit is still AWS's first, 1.00 US dollars a month;"
                " ask AWS Support for a higher one, then set it in the SNS console"
            },
        ),
        (
            {"spent": 15.99},
            {"SMS_spend": "ok       15.99 of 20.00 US dollars are spent this month"},
        ),
        (
            {"spent": 16},
            {
                "SMS_spend": "to do    16.00 of 20.00 US dollars are spent this month; ask AWS"
                " Support for a higher one, then set it in the SNS console"
            },
        ),
        (
            {"senders": ()},
            {
                "Origination_identity": "to do    no number of yours may text the US; register a"
                " toll-free number, which can take 15 business days"
            },
        ),
        (
            {"senders": [("US", "PENDING", "SMS")]},
            {
                "Origination_identity": "to do    your number is not active yet; submit its"
                " registration, or wait up to 15 business days"
            },
        ),
        ({"senders": (), "voice": [{"Policy": LETS_SNS_IN}]}, {}),
        (
            {"senders": (), "voice": [{}]},
            {
                "Origination_identity": "to do    your number does not let SNS use it; allow Amazon"
                " SNS in its resource policy in End User Messaging SMS"
            },
        ),
        (
            {"live": LIVE[:2]},
            {"Confirmations": "ok       0 of at most 5,000 pending"},
        ),
        (
            {"live": LIVE[2:3] * 4000},
            {
                "Confirmations": "to do    4000 of at most 5,000 pending; wait until people confirm"
                " before you add more"
            },
        ),
        (
            {"runs": ()},
            {
                "Schedule": "to do    no run yet, or none in 2 days; if its time has passed, look"
                " at backlog-alerts-check in EventBridge Scheduler"
            },
        ),
        (
            {"errors": [RUN]},
            {
                "Schedule": f"to do    the last run began in the hour after {RUN:%Y-%m-%d %H:%M}"
                " UTC and failed; its log is /aws/lambda/backlog-alerts-check"
            },
        ),
        ({"errors": [RUN - timedelta(hours=1)]}, {}),
        (
            {"letters": {"check-failed": 2}},
            {
                "Dead_letters": "to do    2 runs failed, in check-failed; the alarm of that name"
                " says how to look and to empty it"
            },
        ),
        (
            {"objects": {"ledger.json": dump(Ledger(claim="canary 1"))}},
            {"Ledger": "to do    a check holds it, or died; run a check, which goes on from there"},
        ),
        (
            {"objects": {"ledger.json": b"canary"}},
            {
                "Ledger": "unknown  s3://city-ledger/ledger.json: it is no ledger; restore an"
                " earlier version, or delete it"
            },
        ),
    ],
)
def test_what_is_not_in_order_has_its_remedy(
    account: dict[str, Any], changes: dict[str, str], examine: Examine
) -> None:
    todo = any(text.startswith("to do") for text in changes.values())
    unknown = any(text.startswith("unknown") for text in changes.values())

    result = examine(LiveAws(**READY | account))

    assert result == (1 if todo else 2 if unknown else 0, printed(**changes))


# The call that is refused -> the line that it costs, what IAM calls it.
REFUSED = {
    "GetCallerIdentity": ("Credentials", "sts:GetCallerIdentity"),
    "GetSMSSandboxAccountStatus": ("SMS_sandbox", "sns:GetSMSSandboxAccountStatus"),
    "GetSMSAttributes": ("SMS_spend", "sns:GetSMSAttributes"),
    "GetTopicAttributes": ("Confirmations", "sns:GetTopicAttributes"),
    "GetQueueAttributes": ("Dead_letters", "sqs:GetQueueAttributes"),
    "DescribePhoneNumbers": ("Origination_identity", "sms-voice:DescribePhoneNumbers"),
    "GetResourcePolicy": ("Origination_identity", "sms-voice:GetResourcePolicy"),
}


@pytest.mark.parametrize("action", REFUSED)
def test_a_refused_call_costs_its_own_line_alone(action: str, examine: Examine) -> None:
    line, name = REFUSED[action]
    elsewhere = {"senders": (), "voice": [{}]} if name.startswith("sms-voice") else {}

    result = examine(LiveAws(**READY, **elsewhere, answers=refuse(action)))

    assert result == (2, printed(**{line: f"unknown  not allowed: {name}"}))


def test_a_refused_metric_costs_the_lines_that_it_makes(examine: Examine) -> None:
    why = "unknown  not allowed: cloudwatch:GetMetricStatistics"

    result = examine(LiveAws(**READY, answers=refuse("GetMetricStatistics")))

    assert result == (2, printed(SMS_spend=why, Schedule=why))


def test_where_the_sandbox_is_known_and_its_numbers_are_not_the_remedy_is_said(
    examine: Examine,
) -> None:
    answers = refuse("ListSMSSandboxPhoneNumbers")

    assert examine(LiveAws(**READY, sandbox=(), answers=answers)) == (
        1,
        printed(
            SMS_sandbox="to do    texts reach verified numbers alone; ask AWS Support to move SMS"
            " to production"
        ),
    )


def test_a_ledger_that_may_not_be_read_is_unknown(examine: Examine) -> None:
    code, out = examine(LiveAws(**READY, answers=refuse("GetObject")))

    assert code == 2
    assert out.splitlines()[13] == (
        "Ledger                unknown  s3://city-ledger/ledger.json: S3 answered AccessDenied"
    )


@pytest.mark.parametrize("answer", [http(b""), http(b"<html>canary</html>"), b"", http(b"{}")])
def test_mangled_answers_are_unknown_and_not_repeated(
    answer: bytes, examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    aws = LiveAws(**READY, voice=[{}])
    names = {n[1:] for n in vars(LiveAws) if n[1:2].isupper()} - {"GetCallerIdentity"}
    aws.answers = {name: [answer] for name in names}

    code, out = examine(aws)

    assert code == 2
    silent = out.count("unknown  AWS no longer answers")
    assert out.count("unknown  no whole answer from AWS (") + silent in (6, 7)


def test_throttled_questions_are_asked_again(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    aws = LiveAws(**READY)
    real, seen = aws._answer, dict[str, int]()

    def throttled(request: Any) -> Answer:
        action = action_of(request)
        seen[action] = seen.get(action, 0) + 1
        return refuse(action, "Throttling")[action] if seen[action] < 2 else real(request)

    aws._answer = throttled

    assert examine(aws) == (0, printed())


def test_without_credentials_that_is_the_first_line_and_aws_is_not_asked(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    aws = LiveAws(**READY)

    result = examine(aws)

    assert aws.requests == []
    assert result == (
        1,
        printed(
            Credentials="to do    there are none; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY",
            SMS_sandbox=NOT_ASKED,
            SMS_spend=NOT_ASKED,
            Origination_identity=NOT_ASKED,
            Confirmations=NOT_ASKED,
            Schedule=NOT_ASKED,
            Dead_letters=NOT_ASKED,
            Ledger=NOT_ASKED,
        ),
    )


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_expired_credentials_are_said_once(code: str, examine: Examine) -> None:
    aws = LiveAws(**READY, answers=refuse("GetCallerIdentity", code))

    status, out = examine(aws)

    assert status == 1
    assert out.splitlines()[1] == (
        "Credentials           to do    AWS does not take them; log in again, and check this"
        " machine's clock"
    )
    assert [action_of(request) for request in aws.requests] == ["GetCallerIdentity"]


def test_a_profile_that_does_not_exist_is_said(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nonesuch")

    status, out = examine(LiveAws(**READY))

    assert status == 1
    assert out.splitlines()[1] == (
        "Credentials           to do    AWS_PROFILE names no profile of this machine"
    )


def test_without_a_region_that_is_to_do(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    status, out = examine(LiveAws(**READY), "{}")

    assert status == 1
    assert out.splitlines()[1:3] == [
        "Credentials           ok       account 123456789012",
        "Region                to do    there is none; set AWS_REGION",
    ]


def test_topics_in_another_region_are_said(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    assert examine(LiveAws(**READY)) == (
        1,
        printed(
            Region="to do    eu-west-1, but the topics are in us-east-1; set AWS_REGION=us-east-1"
        ),
    )


def test_before_the_first_apply_it_says_what_comes_next(examine: Examine) -> None:
    """The two lines about Terraform are those of a machine that has planned."""
    aws = LiveAws(sandbox=(), senders=(), limit=None, spent=None)

    assert examine(aws, "{}") == (
        1,
        printed(
            State="to do    nothing is applied yet; run `make plan`, then `make apply`",
            SMS_sandbox="to do    texts reach verified numbers alone; ask AWS Support to move SMS"
            " to production",
            SMS_spend="to do    the limit is still AWS's first, 1.00 US dollars a month; ask AWS"
            " Support for a higher one, then set it in the SNS console",
            Origination_identity="to do    no number of yours may text the US; register a toll-free"
            " number, which can take 15 business days",
            Confirmations="ok       0 of at most 5,000 pending",
            Schedule="ok       AWS runs no check by itself; set schedule_expression for one",
            Dead_letters="ok       no schedule, no queue",
            Ledger="ok       none before the first apply",
        ),
    )


def test_a_state_that_can_not_be_read_costs_what_it_would_have_said(examine: Examine) -> None:
    why = "unknown  Terraform's state has no people in it; run `make apply` first"

    result = examine(LiveAws(**READY), '{"values": 1}')

    assert result == (
        2,
        printed(
            State=why,
            Confirmations="ok       0 of at most 5,000 pending",
            Schedule=why,
            Dead_letters=why,
            Ledger=why,
        ),
    )


def test_without_texts_nothing_is_asked_about_them(examine: Examine) -> None:
    none = "ok       no alert sends texts"
    aws = LiveAws(**READY)
    people = {"email/Ana": PEOPLE["email/Ana"]}

    result = examine(aws, state(people, others=SCHEDULED, ledger_bucket="city-ledger"))

    assert result == (
        0,
        printed(
            State="ok       1 subscription",
            SMS_sandbox=none,
            SMS_spend=none,
            Origination_identity=none,
            SMS_type=none,
        ),
    )
    assert {action_of(request) for request in aws.requests} == {
        *("GetCallerIdentity", "GetTopicAttributes", "GetMetricStatistics"),
        *("GetQueueAttributes", "GetObject"),
    }


def test_numbers_outside_the_us_are_not_known_to_be_reached(examine: Examine) -> None:
    text = state({"sms/Ana": "+4955550100"}, TOPIC, SCHEDULED, ledger_bucket="city-ledger")

    assert examine(LiveAws(**READY), text) == (
        2,
        printed(
            State="ok       1 subscription",
            Origination_identity="unknown  AWS can't be asked whether other countries than the US"
            " need a registered sender",
        ),
    )


def test_a_ledger_that_is_switched_off_is_said(examine: Examine) -> None:
    text = state(others=SCHEDULED, ledger_bucket=None)

    assert examine(LiveAws(**READY), text) == (
        0,
        printed(Ledger="ok       none, as ledger = false asks: each check sends what is over"),
    )


def test_before_terraform_is_set_up_its_state_is_not_asked_for(
    examine: Examine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("scripts.doctor.ROOT", tmp_path / "elsewhere")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    assert main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[5] == (
        "State                 unknown  not asked; Terraform is not set up yet, see AWS provider"
    )


def test_credentials_of_another_account_are_not_asked_about_texts(examine: Examine) -> None:
    aws = LiveAws(**READY)
    another = state(topic=TOPIC.replace("123456789012", "999999999999"))

    code, out = examine(aws, another)

    assert code == 1
    assert out.splitlines()[1] == (
        "Credentials           to do    account 123456789012, but the topics are in 999999999999;"
        " set AWS_PROFILE to one of that"
    )
    assert [action_of(request) for request in aws.requests] == ["GetCallerIdentity"]


@pytest.mark.parametrize("limit", ["NaN", "inf", "1e400", "much"])
def test_a_limit_that_is_no_amount_of_money_is_unknown(limit: Any, examine: Examine) -> None:
    code, out = examine(LiveAws(**READY, limit=limit))

    assert code == 2
    assert "SMS spend             unknown  no whole answer from AWS (ValueError)\n" in out


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("aws_lambda_function", {}),
        ("aws_sqs_queue", {"name": "q"}),
        ("aws_cloudwatch_metric_alarm", {"evaluation_periods": None}),
    ],
)
def test_a_state_that_is_not_whole_costs_its_own_line(
    name: str, values: dict[str, Any], examine: Examine
) -> None:
    others = [{**r, "values": values} if r["type"] == name else r for r in SCHEDULED]

    code, out = examine(LiveAws(**READY), state(others=others, ledger_bucket="city-ledger"))

    assert code == 2
    assert out.count("unknown  the state is not whole; run `make plan`") == 1


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"AWS_REGION": "us east 1"},
            "Region                to do    that is no region; set AWS_REGION, such as us-east-1",
        ),
        (
            {"AWS_SECRET_ACCESS_KEY": ""},
            "Credentials           to do    one is missing; set AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY",
        ),
    ],
)
def test_settings_that_are_not_whole_are_named(
    variables: dict[str, str], line: str, examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    code, out = examine(LiveAws(**READY), "{}")

    assert code == 1
    assert line in out.splitlines()


def test_a_machine_without_the_provider_is_told_how_to_get_it(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.doctor.ROOT", tmp_path / "elsewhere")

    assert examine(LiveAws(**READY)) == (
        1,
        printed(AWS_provider="to do    not there yet; `make plan` fetches it"),
    )

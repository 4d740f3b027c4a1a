"""Why a publish or a write failed, how often it is tried, and that AWS's own words stay unsaid."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws

from runner import aws as aws_module
from runner.aws import CALL_SECONDS, client, publish
from runner.errors import ConfigError, LedgerError, PublishError, UnreachableError
from runner.ledger import Ledger, S3Ledger, dump
from runner.messages import publish_arguments
from runner.rules import Decision
from tests.conftest import Check
from tests.support.aws import BUCKET, Aws, Fault
from tests.support.examples import an_alert
from tests.support.servers import SILENCE, Answer, Server, Sns, http, published, refused

OK = published("m-1")
LOST = "no whole answer from SNS"
NOT_ALLOWED = "not allowed; attach the policies in the output runner_policy_arns"
REPORT = "service_name,count\nWater,101\n"


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    limited = aws_module.Config

    def short(**limits: Any) -> Any:
        return limited(**{**limits, "connect_timeout": 1, "read_timeout": 1})

    monkeypatch.setattr(aws_module, "Config", short)


def publish_one(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    arguments = publish_arguments(Decision(an_alert(), "over", 120), "2026-02")
    return publish(client("sns", "us-east-1"), arguments)


@pytest.mark.parametrize(
    ("answers", "publishes", "reason"),
    [
        # Refused, and another attempt would end the same.
        ([[refused("403 Forbidden", "AuthorizationError")]], 1, NOT_ALLOWED),
        ([[refused("404 Not Found", "NotFound")]], 1, "there is no such topic; run `make apply`"),
        ([[refused("400 Bad Request", "InvalidParameter")]], 1, "SNS answered InvalidParameter"),
        ([[refused("403 Forbidden", "ExpiredToken")]], 1, "SNS answered ExpiredToken"),
        # Another attempt may help: one, since the first may have been taken in.
        ([[refused("400 Bad Request", "Throttling")]], 2, "SNS answered Throttling"),
        ([[refused("429 Too Many", "Slower")]], 2, "SNS answered Slower"),
        ([[refused("500 Error", "InternalError")]], 2, "SNS answered InternalError"),
        ([[http(b"<html>", "503 Busy")]], 2, "SNS answered 503"),
        ([SILENCE], 2, f"{LOST} (ReadTimeoutError)"),
        ([[]], 2, f"{LOST} (ConnectionClosedError)"),
        ([[refused("500 E", "InternalError")], []], 2, f"{LOST} (ConnectionClosedError)"),
        # An answer that is none.
        ([[OK[:20]]], 1, f"{LOST} (ResponseParserError)"),
        ([[http(b"<html>Log in</html>")]], 1, f"{LOST} (KeyError)"),
        ([[http(b"", "302 Found", Location="/again")]], 1, f"{LOST} (ResponseParserError)"),
    ],
)
def test_a_failed_publish_says_why_and_is_repeated_once_at_most(
    monkeypatch: pytest.MonkeyPatch, answers: list[Answer], publishes: int, reason: str
) -> None:
    with Sns(water_critical=answers) as sns, pytest.raises(PublishError) as caught:
        publish_one(sns.url, monkeypatch)

    assert sns.publishes("water_critical") == publishes
    assert str(caught.value) == reason
    assert not isinstance(caught.value, UnreachableError)


@pytest.mark.parametrize(
    "refusal", [refused("400 Bad Request", "Throttling"), http(b"", "503 Busy"), b""]
)
def test_a_publish_that_was_refused_at_first_is_sent(
    monkeypatch: pytest.MonkeyPatch, refusal: bytes
) -> None:
    with Sns(water_critical=[[refusal], [OK]]) as sns:
        assert publish_one(sns.url, monkeypatch) == "m-1"

    assert sns.publishes("water_critical") == 2


def test_no_connection_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreachableError, match=rf"^{LOST} \(EndpointConnectionError\)$"):
        publish_one("http://127.0.0.1:9", monkeypatch)


@pytest.mark.parametrize("format_", ["text", "json", "log"])
@pytest.mark.parametrize("code", ["AuthorizationError", "InvalidParameter", "Throttling"])
def test_what_sns_says_of_the_caller_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, check: Check, code: str, format_: str
) -> None:
    """A session is often named after its person's email."""
    who = "User: arn:aws:sts::123456789012:assumed-role/reader/dana@example.com may not"
    with Sns(water_critical=[[refused("403 Forbidden", code, who)]]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        outcome = check(f"--format={format_}", alerts=(an_alert(),), report=REPORT)

    assert outcome.code == 1
    assert "dana" not in outcome.out + outcome.err


def test_without_credentials_each_alert_says_what_to_do(
    no_credentials: None, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sns() as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        outcome = check("--format=json", alerts=(an_alert(),), report=REPORT)

    reason = "there are no AWS credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID"
    assert [alert["reason"] for alert in json.loads(outcome.out)["alerts"]] == [reason]
    assert sns.requests == []


def test_nothing_due_needs_no_credentials(no_credentials: None, check: Check) -> None:
    outcome = check(alerts=(an_alert(),), report="service_name,count\nWater,1\n")

    assert outcome.code == 0


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("AWS_PROFILE", "nonexistent", "ProfileNotFound"),
        ("AWS_SECRET_ACCESS_KEY", "", "PartialCredentialsError"),
        ("AWS_ENDPOINT_URL", "localhost:4566", "ValueError"),
    ],
)
def test_aws_settings_that_can_not_be_used_stop_the_run_before_anything_is_sent(
    new_session: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str, error: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        client("sns", "us-east-1")

    assert str(caught.value) == (
        f"AWS settings can't be used ({error}); see AWS_PROFILE and AWS_ENDPOINT_URL"
    )


def test_limits_are_pinned_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    limits = client("sns", "us-east-1").meta.config

    assert limits.retries == {"mode": "standard", "total_max_attempts": 2}
    assert (limits.connect_timeout, limits.read_timeout) == (3, 10)
    # The first pause of the standard mode is a second at most.
    assert 2 * (limits.connect_timeout + limits.read_timeout) + 1 == CALL_SECONDS


# --- the ledger's object ---


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as city:
        monkeypatch.setenv("AWS_ENDPOINT_URL", city.url)
        yield city


def test_a_write_replaces_only_what_was_read_before_it(aws: Aws) -> None:
    store = S3Ledger(BUCKET, "us-east-1")
    assert store.read(()) == (Ledger(), "")

    first = store.write(Ledger("one"), "")
    lost = store.write(Ledger("two"), "")
    second = store.write(Ledger("three"), first)
    late = store.write(Ledger("four"), first)

    assert first
    assert second not in ("", first)
    assert (lost, late) == ("", "")
    assert store.read(()) == (Ledger("three"), second)


@pytest.fixture
def moto() -> Iterator[S3Ledger]:
    """The ledger on an S3 that somebody else wrote."""
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield S3Ledger(BUCKET, "us-east-1")


@pytest.mark.parametrize("is_there", [False, True])
def test_of_many_writers_at_once_one_wins(moto: S3Ledger, is_there: bool) -> None:
    version = moto.write(Ledger("the first"), "") if is_there else ""
    together = threading.Barrier(8)

    def write(number: int) -> str:
        together.wait()
        return moto.write(Ledger(str(number)), version)

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, range(8)))

    (winner,) = (number for number, after in enumerate(written) if after)
    assert moto.read(()) == (Ledger(str(winner)), written[winner])


def test_a_write_over_what_was_deleted_is_lost(moto: S3Ledger) -> None:
    version = moto.write(Ledger("the first"), "")
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="ledger.json")

    assert moto.write(Ledger("ours"), version) == ""
    assert moto.read(()) == (Ledger(), "")


@pytest.mark.parametrize("status", [404, 409, 412])
def test_every_way_in_which_s3_says_that_another_was_faster_is_a_lost_write(
    aws: Aws, status: int
) -> None:
    aws.put(Ledger("another"))
    aws.always = {"PUT ledger.json": Fault(status=status)}

    assert S3Ledger(BUCKET, "us-east-1").write(Ledger("ours"), "") == ""


@pytest.mark.parametrize("status", [0, 500])
def test_a_write_whose_answer_was_lost_is_known_again(aws: Aws, status: int) -> None:
    aws.faults = {("PUT ledger.json", 1): Fault(is_done=True, status=status)}
    store = S3Ledger(BUCKET, "us-east-1")

    version = store.write(Ledger("ours"), "")

    assert aws.requests == ["PUT ledger.json", "PUT ledger.json", "GET ledger.json"]
    assert version == store.read(())[1] != ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b"<Error><Code>AccessDenied</Code></Error>", "403 F"), "S3 answered AccessDenied"),
        (http(b"<Error><Code>NoSuchBucket</Code></Error>", "404 N"), "S3 answered NoSuchBucket"),
        (http(b"<html>", "503 Busy"), "S3 answered 503"),
        (b"", "no whole answer from S3 (ConnectionClosedError)"),
        (http(dump(Ledger())[:-9], length=99), "no whole answer from S3 ("),
        (http(b"<html>Log in</html>"), "no whole answer from S3 (KeyError)"),
    ],
)
def test_whatever_else_s3_answers_is_an_error_that_names_the_object(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, reason: str
) -> None:
    with Server(lambda _: [answer]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(LedgerError) as caught:
            S3Ledger(BUCKET, "us-east-1").read(())

    assert str(caught.value).startswith(f"s3://city-ledger/ledger.json: {reason}")

"""What is due is sent once, one failure holds back no other, and every alert is accounted for."""

import socket
import threading
import time
from collections import Counter

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from moto.backends import get_backend

from runner import publish
from runner.config import Alert
from runner.deliver import Delivery
from runner.errors import ConfigError
from runner.messages import publish_arguments
from runner.rules import Decision
from tests.conftest import Check
from tests.support.examples import an_alert, deliver_all
from tests.support.servers import SILENCE, Answer, Request, Server, Sns, http, published, refused

OK = published("m-1")
AS_SHIPPED = publish.CONFIG


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Config(connect_timeout=1, read_timeout=1)
    monkeypatch.setattr(publish, "CONFIG", publish.CONFIG.merge(limits))
    monkeypatch.setattr(publish, "BACKOFF_SECONDS", 0.01)


def due(alert: Alert, count: int = 120) -> Decision:
    return Decision(alert, "due", count)


def deliver_one(server: Server, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    (delivery,) = deliver_all([due(an_alert("water_critical"))])
    return delivery


def test_what_is_due_is_sent_once_and_the_rest_is_accounted_for() -> None:
    alerts = [an_alert(f"water_{name}") for name in ("due", "below", "unknown", "also")]
    decisions = [
        due(alerts[0]),
        Decision(alerts[1], "below", 100),
        Decision(alerts[2], "unknown", None, 'row 2: "Water" has no count'),
        due(alerts[3], 7),
    ]
    with mock_aws():
        client = boto3.client("sns")
        for alert in alerts:
            client.create_topic(Name=alert.topic)
        first, below, unknown, second = deliver_all(decisions)
        topics = get_backend("sns")["123456789012"]["us-east-1"].topics
        sent = {topic.name: topic.sent_notifications for topic in topics.values()}

    assert (first.status, second.status) == ("sent", "sent")
    assert [first.decision, second.decision] == [decisions[0], decisions[3]]
    assert below == Delivery(decisions[1], "below")
    assert unknown == Delivery(decisions[2], "unknown", 'row 2: "Water" has no count')
    assert {name: [one[0] for one in all_] for name, all_ in sent.items()} == {
        "water_due": [first.message_id],
        "water_below": [],
        "water_unknown": [],
        "water_also": [second.message_id],
    }


def test_a_publish_reaches_sns_as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sns(water_critical=[[OK]]) as sns:
        delivery = deliver_one(sns, monkeypatch)

    (request,) = sns.requests
    arguments = publish_arguments(delivery.decision, "2026-02")
    assert (delivery.status, delivery.reason, delivery.message_id) == ("sent", "", "m-1")
    assert request.form["Action"] == "Publish"
    assert {name: request.form[name] for name in ("TopicArn", "Subject", "Message")} == {
        name: arguments[name] for name in ("TopicArn", "Subject", "Message")
    }
    assert request.form["MessageStructure"] == "json"


def test_nothing_due_needs_no_credentials(no_credentials: None) -> None:
    below = Decision(an_alert(), "below", 1)

    assert deliver_all([]) == []
    assert deliver_all([below]) == [Delivery(below, "below")]


def test_a_dry_run_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = [due(an_alert("water_a")), Decision(an_alert("water_b"), "below", 1)]
    with Sns() as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        deliveries = deliver_all(decisions, dry_run=True)

    assert deliveries == [
        Delivery(decisions[0], "would_send"),
        Delivery(decisions[1], "below"),
    ]
    assert sns.requests == []


def test_each_topic_is_published_to_in_its_own_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    regions = {"water_a": "us-east-1", "water_b": "us-west-2", "water_c": "us-west-2"}
    alerts = [
        an_alert(topic, topic_arn=f"arn:aws:sns:{region}:123456789012:{topic}")
        for topic, region in regions.items()
    ]
    with Sns(water_a=[[OK]], water_b=[[OK]], water_c=[[OK]]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        deliver_all([due(alert) for alert in alerts])

    # The region is in the scope of each signature: Credential=test/20260301/us-east-1/sns/...
    signed = {
        request.form["TopicArn"].rpartition(":")[2]: request.headers["authorization"].split("/")[2]
        for request in sns.requests
    }
    assert signed == regions


LOST = "no whole answer from SNS; it may have gone out"


@pytest.mark.parametrize(
    ("answers", "publishes", "reason"),
    [
        # Surely not taken in, and another attempt may help: three attempts in all.
        ([[refused("400 Bad Request", "Throttling")]], 3, "SNS answered Throttling, 3 times"),
        ([[refused("429 Too Many", "Throttled")]], 3, "SNS answered Throttled, 3 times"),
        (
            [[refused("400 Bad Request", "ThrottlingException")]],
            3,
            "SNS answered ThrottlingException, 3 times",
        ),
        ([[refused("429 Too Many", "Slower")]], 3, "SNS answered Slower, 3 times"),
        ([[refused("500 Error", "InternalError")]], 3, "SNS answered InternalError, 3 times"),
        ([[http(b"<html>", "503 Busy")]], 3, "SNS answered 503, 3 times"),
        ([[http(b"", "502 Bad Gateway")]], 3, "SNS answered 502, 3 times"),
        # Surely not taken in, and another attempt would end the same.
        (
            [[refused("403 Forbidden", "AuthorizationError")]],
            1,
            "not allowed to publish; attach the policies in the output runner_policy_arns",
        ),
        (
            [[refused("403 Forbidden", "AccessDenied")]],
            1,
            "not allowed to publish; attach the policies in the output runner_policy_arns",
        ),
        ([[refused("403 Forbidden", "ExpiredToken")]], 1, "the AWS credentials have expired"),
        (
            [[refused("403 Forbidden", "InvalidClientTokenId")]],
            1,
            "the AWS credentials are not valid",
        ),
        (
            [[refused("400 Bad Request", "KMSAccessDenied")]],
            1,
            "not allowed to use the topic's encryption key",
        ),
        ([[refused("404 Not Found", "NotFound")]], 1, "there is no such topic; run `make apply`"),
        ([[refused("400 Bad Request", "InvalidParameter")]], 1, "SNS answered InvalidParameter"),
        # Perhaps taken in: never again, or somebody hears twice.
        ([SILENCE], 1, f"{LOST} (ReadTimeoutError)"),
        ([[OK[:100], 60.0]], 1, f"{LOST} (ReadTimeoutError)"),
        ([[]], 1, f"{LOST} (ConnectionClosedError)"),
        ([[OK[:20]]], 1, f"{LOST} (ResponseParserError)"),
        ([[OK[:-30]]], 1, f"{LOST} (ResponseParserError)"),
        ([[http(b"", length=None)]], 1, f"{LOST} (ResponseParserError)"),
        ([[http(b"<html>Log in</html>")]], 1, f"{LOST} (KeyError)"),
        ([[http(b"Log in")]], 1, f"{LOST} (ResponseParserError)"),
        ([[http(b"<html>", "403 Forbidden")]], 1, f"{LOST} (ResponseParserError)"),
        ([[http(b"", "302 Found", Location="/again")]], 1, f"{LOST} (ResponseParserError)"),
        # A refusal first, then another ending.
        ([[refused("400 Bad Request", "Throttling")], SILENCE], 2, f"{LOST} (ReadTimeoutError)"),
        ([[refused("500 Error", "InternalError")], []], 2, f"{LOST} (ConnectionClosedError)"),
        (
            [[refused("500 Error", "InternalError")], [refused("404 Not Found", "NotFound")]],
            2,
            "there is no such topic; run `make apply`",
        ),
    ],
)
def test_a_failed_publish_says_why_and_is_repeated_only_if_surely_nobody_heard(
    monkeypatch: pytest.MonkeyPatch, answers: list[Answer], publishes: int, reason: str
) -> None:
    with Sns(water_critical=answers) as sns:
        delivery = deliver_one(sns, monkeypatch)

    assert sns.publishes("water_critical") == publishes
    assert (delivery.status, delivery.message_id) == ("failed", None)
    assert delivery.reason == reason


@pytest.mark.parametrize(
    "refusal",
    [
        refused("400 Bad Request", "Throttling"),
        refused("429 Too Many", "Throttled"),
        refused("500 Error", "InternalError"),
        http(b"", "503 Busy"),
    ],
)
@pytest.mark.parametrize("refusals", [1, 2])
def test_a_publish_that_was_refused_at_first_is_sent(
    monkeypatch: pytest.MonkeyPatch, refusal: bytes, refusals: int
) -> None:
    with Sns(water_critical=[*[[refusal]] * refusals, [OK]]) as sns:
        delivery = deliver_one(sns, monkeypatch)

    assert (delivery.status, delivery.message_id) == ("sent", "m-1")
    assert sns.publishes("water_critical") == refusals + 1


def test_a_refused_connection_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = "http://127.0.0.1:{1}".format(*closed.getsockname())
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    (delivery,) = deliver_all([due(an_alert())])

    assert (delivery.status, delivery.reason) == (
        "failed",
        "SNS could not be reached, 3 times (EndpointConnectionError)",
    )


def test_attempts_are_further_and_further_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.5 to 1 times 2, then 4 times BACKOFF_SECONDS."""
    monkeypatch.setattr(publish, "BACKOFF_SECONDS", 0.1)
    times: list[float] = []

    def answer(request: Request) -> Answer:
        times.append(time.monotonic())
        return [refused("400 Bad Request", "Throttling")]

    with Server(answer) as server:
        deliver_one(server, monkeypatch)

    first, second, third = times
    assert second - first >= 0.1
    assert third - second >= 0.2


def test_alerts_go_out_several_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight publishes are answered only once all eight have come."""
    together = threading.Barrier(8, timeout=5)

    def answer(request: Request) -> Answer:
        together.wait()
        return [OK]

    monkeypatch.setattr(publish, "CONFIG", publish.CONFIG.merge(Config(read_timeout=5)))
    with Server(answer) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        deliveries = deliver_all([due(an_alert(f"water_{n}")) for n in range(8)])

    assert Counter(delivery.status for delivery in deliveries) == {"sent": 8}


def test_many_alerts_are_sent_once_each_and_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = [an_alert(f"water_{n:03}") for n in range(60)]
    with Sns(**{alert.topic: [[published(alert.topic)]] for alert in alerts}) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        deliveries = deliver_all([due(alert) for alert in alerts])

    assert [delivery.message_id for delivery in deliveries] == [alert.topic for alert in alerts]
    assert [sns.publishes(alert.topic) for alert in alerts] == [1] * 60


def test_one_failure_of_any_kind_holds_back_no_other_and_all_are_told(
    monkeypatch: pytest.MonkeyPatch, check: Check
) -> None:
    throttled = refused("400 Bad Request", "Throttling", "Rate exceeded")
    who = "arn:aws:sts::123456789012:assumed-role/reader/dana@example.com"
    answers: dict[str, list[Answer]] = {
        "a_sent": [[published("m-a")]],
        "b_denied": [[refused("403 Forbidden", "AuthorizationError", f"User: {who} may not")]],
        "c_throttled": [[throttled], [published("m-c")]],
        "d_throttled": [[throttled]],
        "e_error": [[refused("500 Error", "InternalError")]],
        "f_hanging": [SILENCE],
        "g_cut": [[published("m-g")[:-9]]],
        "h_closed": [[]],
        "i_slow": [[0.2, published("m-i")]],
        "j_sent": [[published("m-j")]],
    }
    alerts = tuple(an_alert(topic, services=("Water",)) for topic in answers)
    report = "service_name,count\nWater,101\n"
    started = time.monotonic()

    with Sns(**answers) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        outcome = check(alerts=alerts, report=report)

    assert outcome.code == 1
    assert outcome.err == ""
    assert outcome.out == (
        "report.csv: 2026-02, 1 rows\n"
        "\n"
        "TOPIC        COUNT  THRESHOLD  STATUS\n"
        "a_sent         101        100  sent\n"
        "b_denied       101        100  failed  not allowed to publish;"
        " attach the policies in the output runner_policy_arns\n"
        "c_throttled    101        100  sent\n"
        "d_throttled    101        100  failed  SNS answered Throttling, 3 times\n"
        "e_error        101        100  failed  SNS answered InternalError, 3 times\n"
        "f_hanging      101        100  failed  no whole answer from SNS;"
        " it may have gone out (ReadTimeoutError)\n"
        "g_cut          101        100  failed  no whole answer from SNS;"
        " it may have gone out (ResponseParserError)\n"
        "h_closed       101        100  failed  no whole answer from SNS;"
        " it may have gone out (ConnectionClosedError)\n"
        "i_slow         101        100  sent\n"
        "j_sent         101        100  sent\n"
        "\n"
        "4 sent, 6 failed, 0 unknown\n"
    )
    assert {topic: sns.publishes(topic) for topic in answers} == {
        "a_sent": 1,
        "b_denied": 1,
        "c_throttled": 2,
        "d_throttled": 3,
        "e_error": 3,
        "f_hanging": 1,
        "g_cut": 1,
        "h_closed": 1,
        "i_slow": 1,
        "j_sent": 1,
    }
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    "code", ["AuthorizationError", "AccessDenied", "InvalidParameter", "Throttling"]
)
def test_what_sns_says_of_the_caller_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, check: Check, code: str, format_: str
) -> None:
    """A session is often named after its person's email."""
    who = "User: arn:aws:sts::123456789012:assumed-role/reader/dana@example.com may not"
    with Sns(water_critical=[[refused("403 Forbidden", code, who)]]) as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        outcome = check(
            f"--format={format_}", alerts=(an_alert(),), report="service_name,count\nWater,101\n"
        )

    assert outcome.code == 1
    assert "dana" not in outcome.out + outcome.err


def test_no_credentials_are_a_failure_of_each_alert_that_says_what_to_do(
    no_credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sns() as sns:
        delivery = deliver_one(sns, monkeypatch)

    assert (delivery.status, delivery.reason) == (
        "failed",
        "there are no AWS credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID",
    )
    assert sns.requests == []


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
    with Sns() as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
        monkeypatch.setenv(name, value)
        with pytest.raises(ConfigError) as caught:
            deliver_all([due(an_alert())])

    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        f"AWS settings can't be used ({error}); see AWS_PROFILE and AWS_ENDPOINT_URL"
    )
    assert sns.requests == []


def test_the_sdk_repeats_no_publish_and_waits_for_none_forever() -> None:
    """The limits themselves; the other tests run with shorter ones."""
    assert AS_SHIPPED.retries == {"mode": "standard", "total_max_attempts": 1}
    assert (AS_SHIPPED.connect_timeout, AS_SHIPPED.read_timeout) == (3, 10)

"""One check: what is due is claimed at once, sent, and recorded, whatever fails on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from runner import check as check_module
from runner.ledger import Entry, Ledger
from runner.report import Report
from runner.rules import validate_report
from scripts.terraform import ROOT
from tests.conftest import Check
from tests.support.aws import BUCKET, Aws, Fault, faults_at
from tests.support.examples import an_alert, runner_config
from tests.support.servers import SILENCE, Server

WATER, TREES = an_alert("water_critical"), an_alert("trees_critical")
BOTH = (TREES, WATER)
OVER = "service_name,count\nTrees,120\nWater,130\n"
ARN = "arn:aws:sns:us-east-1:123456789012:"
LEDGER = {"ledger_bucket": BUCKET}
OPERATORS = {"operators_topic_arn": f"{ARN}backlog-operators"}
PUT, GET, LIST = "PUT ledger.json", "GET ledger.json", "GET list"
NOW = datetime(2026, 4, 2, 7, tzinfo=timezone.utc)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setattr(check_module, "LEASE_SECONDS", 0.6)
    monkeypatch.setattr(check_module, "POLL_SECONDS", 0.05)
    with Aws() as city:
        monkeypatch.setenv("AWS_ENDPOINT_URL", city.url)
        yield city


def an_entry(topic: str = "water_critical", **changes: object) -> Entry:
    """An alert that is over and was sent for 2026-02."""
    entry = Entry(
        state="over",
        count=130,
        month="2026-02",
        since="2026-02",
        sent_at="2026-03-02T07:00:00+00:00",
        sent_month="2026-02",
        topic_arn=ARN + topic,
        services=(topic.partition("_")[0].capitalize(),),
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def statuses(out: str) -> dict[str, tuple[str, str | None]]:
    """Topic to status and reason, of a result as JSON."""
    return {
        alert["topic"]: (alert["status"], alert["reason"]) for alert in json.loads(out)["alerts"]
    }


def messages(aws: Aws, topic: str = "backlog-operators") -> list[tuple[str, str]]:
    """Subject and text of each message to a topic."""
    found = [form for form in aws.published if form["TopicArn"] == ARN + topic]
    return [(form["Subject"], form["Message"]) for form in found]


# --- what is asked of AWS ---


def test_the_first_check_claims_sends_and_records(check: Check, aws: Aws) -> None:
    outcome = check("--format=json", alerts=BOTH, report=OVER, **LEDGER)

    assert outcome.code == 0
    assert {status for status, _ in statuses(outcome.out).values()} == {"sent"}
    assert aws.requests[:4] == [GET, LIST, "GET ledger/report.json", PUT]
    assert sorted(name for name in aws.requests if name.startswith("POST")) == [
        "POST trees_critical",
        "POST water_critical",
    ]
    assert aws.requests[-1] == PUT
    claimed, *_, last = aws.written
    assert claimed.claim
    assert (claimed.alerts, last.claim) == ({}, "")
    assert {topic: entry.state for topic, entry in last.alerts.items()} == {
        "trees_critical": "over",
        "water_critical": "over",
    }
    assert list(last.reports) == ["2026-02"]


def test_a_check_in_which_nothing_changed_reads_the_ledger_and_writes_nothing(
    check: Check, aws: Aws
) -> None:
    check(alerts=BOTH, report=OVER, **LEDGER)
    aws.forget()

    outcome = check(alerts=BOTH, report=OVER, **LEDGER)

    assert outcome.code == 0
    assert "0 sent, 0 failed, 0 unknown, 2 already sent\n" in outcome.out
    assert aws.requests == [GET]


def test_what_changes_in_silence_is_one_write_without_a_claim(check: Check, aws: Aws) -> None:
    check(alerts=BOTH, report="service_name,count\nTrees,1\nWater,2\n", **LEDGER)

    assert [ledger.claim for ledger in aws.written] == [""]
    assert aws.ledger.alerts["water_critical"].count == 2


def test_each_record_changes_the_claim_so_that_others_see_the_progress(
    check: Check, aws: Aws
) -> None:
    alerts = tuple(an_alert(f"d{n:02}_high", services=("Water",)) for n in range(40))
    aws.publish_seconds = 0.02

    check(alerts=alerts, report=OVER, **LEDGER)

    claims = [ledger.claim for ledger in aws.written]
    assert len(set(claims)) == len(claims) > 2
    assert all(claim.startswith(claims[0]) for claim in claims[:-1])
    assert claims[-1] == ""
    recorded = [len(ledger.alerts) for ledger in aws.written]
    assert recorded == sorted(recorded)
    assert recorded[-1] == 40


def test_several_are_published_at_a_time(check: Check, aws: Aws) -> None:
    alerts = tuple(an_alert(f"d{n:02}_high", services=("Water",)) for n in range(16))
    aws.publish_seconds = 0.3
    began = time.monotonic()

    assert check(alerts=alerts, report=OVER).code == 0
    assert time.monotonic() - began < 3


def test_resend_neither_reads_nor_writes_the_ledger(check: Check, aws: Aws) -> None:
    aws.put(Ledger(alerts={"water_critical": an_entry()}))

    outcome = check("--resend", alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 0
    assert aws.requests == ["POST water_critical"]


@pytest.mark.parametrize(
    ("entry", "report", "status", "reason"),
    [
        (None, OVER, "would_send", None),
        (an_entry(), OVER, "already_sent", "on 2026-03-02, for 2026-02"),
        (an_entry(), "service_name,count\nWater,90\n", "would_send", "back to normal"),
        (None, "service_name,count\nWater,90\n", "below", None),
    ],
)
def test_a_dry_run_waits_for_no_claim_and_changes_nothing(
    check: Check, aws: Aws, entry: Entry | None, report: str, status: str, reason: str | None
) -> None:
    aws.put(Ledger("another check", {}, {"water_critical": entry} if entry else {}))
    before = dict(aws.objects)
    options = ("--dry-run", "--format=json")

    outcome = check(*options, alerts=(WATER,), report=report, notify_recovery=True, **LEDGER)

    assert outcome.code == 0
    assert statuses(outcome.out) == {"water_critical": (status, reason)}
    assert aws.requests == [GET]
    assert aws.objects == before


# --- other checks ---


class Progress(Aws):
    """Another check holds the claim, and changes it before each GET until it has sent."""

    steps = 20

    def _serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.command == "GET" and self.steps:
            self.steps -= 1
            self.put(
                Ledger(f"another check {self.steps}")
                if self.steps
                else Ledger("", {}, {"water_critical": an_entry()})
            )
        super()._serve(handler, body)


def test_a_claim_that_makes_progress_is_waited_for_beyond_a_lease(
    check: Check, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Progress() as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL", other.url)
        began = time.monotonic()
        outcome = check(alerts=(WATER,), report=OVER, **LEDGER)

        assert time.monotonic() - began > check_module.LEASE_SECONDS
        assert outcome.code == 0
        assert "1 already sent" in outcome.out
        assert other.requests == [GET] * 20 + [PUT], "the report is noted, and nothing is sent"


@pytest.mark.parametrize("number", [1, 100])
def test_the_claim_of_a_dead_check_is_taken_over_after_one_lease(
    check: Check, aws: Aws, number: int
) -> None:
    alerts = tuple(an_alert(f"d{n:03}_high", services=("Water",)) for n in range(number))
    aws.put(Ledger("a check that died"))
    began = time.monotonic()

    outcome = check(alerts=alerts, report=OVER, **LEDGER)

    assert outcome.code == 0
    assert 0.6 <= time.monotonic() - began < 5
    assert aws.requests.count(GET) <= 13, "with a pause between two of them"
    assert aws.sent() == {alert.topic: 1 for alert in alerts}
    assert aws.ledger.claim == ""


def test_a_dead_claim_is_cleared_where_nothing_is_due(check: Check, aws: Aws) -> None:
    aws.put(Ledger("a check that died", {}, {}))

    check(alerts=(WATER,), report="service_name,count\nWater,1\n", **LEDGER)

    assert aws.ledger.claim == ""
    assert aws.published == []


def test_a_lost_write_is_tried_again(check: Check, aws: Aws) -> None:
    aws.faults = faults_at(PUT, [1, 2], Fault(status=412))

    outcome = check(alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 0
    assert aws.sent() == {"water_critical": 1}


def test_losing_without_end_ends_after_the_limit_and_nothing_is_sent(
    check: Check, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_module, "WAIT_SECONDS", 0.5)
    aws.always = {PUT: Fault(status=412)}

    outcome = check("--format=json", alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 1
    reason = "not sent: other checks kept the ledger for 0.5 seconds"
    assert statuses(outcome.out) == {"water_critical": ("failed", reason)}
    assert aws.published == []
    assert aws.requests.count(PUT) < 12


def test_a_claim_that_never_ends_is_waited_for_no_longer_than_the_limit(
    check: Check, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_module, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(check_module, "LEASE_SECONDS", 60)
    aws.put(Ledger("another check"))

    outcome = check(alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 1
    assert "other checks kept the ledger" in outcome.out
    assert aws.published == []


def test_the_times_fit_together() -> None:
    """A claim's lease covers a write, a read of it, a publish and a write, all attempts of them."""
    attempt = 3 + 10  # seconds to connect and to read; see runner.aws
    call = 2 * attempt + 1

    assert 4 * call < check_module.LEASE_SECONDS
    assert check_module.LEASE_SECONDS < check_module.WAIT_SECONDS < 300


# --- a ledger that fails ---


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is no ledger; restore an earlier version, or delete it"),
        (b"{}", "it is no ledger; restore an earlier version, or delete it"),
        (b"not JSON", "it is no ledger; restore an earlier version, or delete it"),
        (b'{"claim": "", "reports": {}, "alerts": {"a": {"x": 1}}}', "it is no ledger; restore an"),
    ],
)
def test_without_a_ledger_that_can_be_read_nothing_is_sent(
    check: Check, aws: Aws, body: bytes, reason: str
) -> None:
    aws.objects["ledger.json"] = body

    outcome = check("--format=json", alerts=(WATER,), report=OVER, **LEDGER, **OPERATORS)

    assert outcome.code == 1
    ((status, said),) = statuses(outcome.out).values()
    assert status == "failed"
    assert said is not None
    assert said.startswith(f"s3://city-ledger/ledger.json: {reason}")
    assert aws.sent() == {"backlog-operators": 1}
    assert "130" in messages(aws)[0][1]
    assert aws.objects["ledger.json"] == body


@pytest.mark.parametrize("request_", [GET, PUT])
@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_ledger_that_s3_refuses_is_named_and_nothing_is_sent(
    check: Check, aws: Aws, request_: str, status: int
) -> None:
    aws.always = {request_: Fault(status=status)}

    outcome = check("--format=json", alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 1
    assert statuses(outcome.out) == {
        "water_critical": ("failed", "s3://city-ledger/ledger.json: S3 answered Fault")
    }
    assert aws.published == []
    assert "canary" not in outcome.out + outcome.err


@pytest.mark.parametrize("number", [1, 2])
def test_a_write_that_is_dropped_each_time_is_said_and_nothing_more_begins(
    check: Check, aws: Aws, number: int
) -> None:
    """The first is the claim, the second the first record; each is tried twice."""
    alerts = tuple(an_alert(f"d{n:02}_high", services=("Water",)) for n in range(80))
    aws.publish_seconds = 0.5
    aws.faults = faults_at(PUT, [number, number + 1], Fault())

    outcome = check("--format=json", alerts=alerts, report=OVER, **LEDGER)

    assert outcome.code == 1
    found = statuses(outcome.out)
    assert {status for status, _ in found.values()} == {"failed"}
    assert len(aws.published) < 80
    if number == 1:
        reason = "s3://city-ledger/ledger.json: no whole answer from S3 (ConnectionClosedError)"
        assert {reason for _, reason in found.values()} == {reason}
        assert aws.published == []


@pytest.mark.parametrize("is_done", [True, False])
def test_a_claim_whose_answer_was_lost_is_recognised(check: Check, aws: Aws, is_done: bool) -> None:
    """The SDK writes it again; that it is there already is no other check's doing."""
    aws.faults = {(PUT, 1): Fault(is_done=is_done)}

    outcome = check(alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 0
    assert aws.sent() == {"water_critical": 1}
    assert aws.ledger.claim == ""


def test_a_record_that_fails_is_said_and_nothing_more_begins(check: Check, aws: Aws) -> None:
    alerts = tuple(an_alert(f"d{n:02}_high", services=("Water",)) for n in range(80))
    aws.publish_seconds = 0.5
    aws.faults = faults_at(PUT, range(2, 99), Fault(status=500))

    outcome = check("--format=json", alerts=alerts, report=OVER, **LEDGER)

    assert outcome.code == 1
    found = statuses(outcome.out)
    reasons = {reason for _, reason in found.values()}
    assert reasons == {
        "sent, but the ledger does not say so; the next check may send it again",
        "not sent: the ledger could not be written",
    }
    assert {status for status, _ in found.values()} == {"failed"}
    unrecorded = [topic for topic, (_, reason) in found.items() if "does not say so" in str(reason)]
    assert sorted(aws.sent()) == sorted(unrecorded)
    assert len(unrecorded) < 80
    assert aws.requests.count(PUT) == 3, "the claim, and the record's two attempts"


def test_a_claim_that_another_check_took_over_is_left_to_it(check: Check, aws: Aws) -> None:
    aws.faults = {(PUT, 2): Fault(status=412)}

    outcome = check("--format=json", alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 1
    ((_, reason),) = statuses(outcome.out).values()
    assert reason == "sent, but the ledger does not say so; the next check may send it again"
    assert len(aws.written) == 1


# --- SNS that fails ---


@pytest.mark.parametrize("status", [429, 500, 503, 0])
@pytest.mark.parametrize("is_done", [True, False])
def test_a_lost_answer_is_one_more_copy_at_most(
    check: Check, aws: Aws, status: int, is_done: bool
) -> None:
    aws.always = {"POST water_critical": Fault(is_done=is_done, status=status)}

    outcome = check("--format=json", alerts=BOTH, report=OVER, **LEDGER)

    assert outcome.code == 1
    assert aws.requests.count("POST water_critical") == 2
    found = statuses(outcome.out)
    assert found["trees_critical"][0] == "sent", "one failure holds back none of the others"
    assert found["water_critical"][0] == "failed"
    assert "water_critical" not in aws.ledger.alerts
    aws.always = {}
    assert check(alerts=BOTH, report=OVER, **LEDGER).code == 0
    assert aws.ledger.alerts["water_critical"].state == "over"


def test_an_answer_lost_once_is_sent(check: Check, aws: Aws) -> None:
    aws.faults = {("POST water_critical", 1): Fault(status=503)}

    assert check(alerts=(WATER,), report=OVER, **LEDGER).code == 0
    assert aws.sent() == {"water_critical": 1}


def test_where_sns_can_not_be_reached_the_rest_is_not_tried(
    check: Check, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:9")
    alerts = tuple(an_alert(f"d{n:02}_high", services=("Water",)) for n in range(60))

    outcome = check("--format=json", alerts=alerts, report=OVER, **LEDGER)

    assert outcome.code == 1
    reasons = [reason for _, reason in statuses(outcome.out).values()]
    tried = "no whole answer from SNS (EndpointConnectionError)"
    assert set(reasons) == {tried, "not tried: SNS could not be reached"}
    assert reasons.count(tried) <= 32
    assert aws.ledger.claim == ""


def test_an_alert_with_an_error_nobody_foresaw_holds_back_no_other(check: Check, aws: Aws) -> None:
    odd = an_alert("trees_critical", message=7)

    outcome = check("--format=json", alerts=(odd, WATER), report=OVER, **LEDGER)

    assert outcome.code == 1
    found = statuses(outcome.out)
    assert [found[topic][0] for topic in found] == ["failed", "sent"]
    assert "TypeError" in str(found["trees_critical"][1])
    assert set(aws.ledger.alerts) == {"water_critical"}
    assert aws.ledger.claim == ""


# --- interrupted ---


def interrupted(
    folder: Path, url: str, config: str, is_time: Callable[[], bool], number: int, ignored: bool
) -> tuple[int, str, str]:
    """Run a check as a process, send it a signal in time; return its code, stdout and stderr."""
    (folder / "config.json").write_text(config)
    (folder / "report.csv").write_text(OVER)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "runner",
            "--config=config.json",
            "--month=2026-02",
            "--format=json",
        ],
        cwd=folder,
        env={**os.environ, "AWS_ENDPOINT_URL": url, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_IGN if ignored else signal.SIG_DFL
        ),
    )
    until = time.monotonic() + 20
    while not is_time() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


@pytest.mark.parametrize("ignored", [False, True], ids=["", "started with SIGINT ignored"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_gives_up_its_claim_and_prints_its_result(
    tmp_path: Path, number: signal.Signals, ignored: bool
) -> None:
    alerts = tuple(an_alert(f"d{n:02}_high", services=("Water",)) for n in range(80))
    config = runner_config(*alerts, report_url="report.csv", **LEDGER)
    with Aws() as aws:
        aws.publish_seconds = 0.8
        code, out, err = interrupted(
            tmp_path, aws.url, config, lambda: bool(aws.published), number, ignored
        )

    found = statuses(out)
    assert (code, err) == (1, "")
    assert {status for status, _ in found.values()} == {"sent", "failed"}
    assert {r for _, r in found.values()} == {None, "not sent: the check was interrupted"}
    sent = {topic for topic, (status, _) in found.items() if status == "sent"}
    assert set(aws.sent()) == sent
    assert aws.ledger.claim == ""
    assert set(aws.ledger.alerts) == sent


def test_interrupted_while_the_report_is_fetched_it_notifies_nobody(tmp_path: Path) -> None:
    with Aws() as aws, Server(lambda _: SILENCE) as silent:
        config = runner_config(WATER, report_url=silent.url, **LEDGER, **OPERATORS)
        code, out, err = interrupted(
            tmp_path, aws.url, config, lambda: bool(silent.requests), signal.SIGTERM, False
        )

    assert (code, err) == (1, "error: interrupted\n")
    assert json.loads(out) == {"error": "interrupted", "exit_code": 1}
    assert aws.requests == []


def test_interrupted_while_operators_are_notified_it_still_prints_its_result(
    tmp_path: Path,
) -> None:
    with Aws() as aws:
        aws.publish_seconds = 3
        config = runner_config(
            an_alert("parks_high"), report_url="report.csv", **LEDGER, **OPERATORS
        )
        code, out, err = interrupted(
            tmp_path, aws.url, config, lambda: bool(aws.published), signal.SIGINT, False
        )

    assert (code, err) == (3, "error: operators not notified: stopped\n")
    assert statuses(out) == {"parks_high": ("unknown", '"Parks" is not in the report')}


# --- what an entry belongs to ---


def test_an_alert_that_is_gone_for_a_month_comes_back_as_a_new_one(check: Check, aws: Aws) -> None:
    settings = {"remind": "never", **LEDGER}
    assert "2 sent" in check(alerts=BOTH, report=OVER, **settings).out
    assert (
        "1 already sent"
        in check("--month=2026-03", alerts=(TREES,), report=f"{OVER}Other,3\n", **settings).out
    )
    assert set(aws.ledger.alerts) == {"trees_critical"}

    outcome = check("--month=2026-04", alerts=BOTH, report=f"{OVER}Other,4\n", **settings)

    assert "1 sent, 0 failed, 0 unknown, 1 already sent" in outcome.out


@pytest.mark.parametrize("report", ["stale", "identical"])
def test_a_report_that_is_not_its_months_forgets_no_alert(
    check: Check, aws: Aws, tmp_path: Path, report: str
) -> None:
    check("--month=2026-01", alerts=BOTH, report=OVER, **LEDGER)
    before = dict(aws.objects)
    days = 40 if report == "stale" else 0
    os.utime(tmp_path / "report.csv", (time.time() - days * 86400,) * 2)
    options = ("--month=2026-02", "--report=report.csv")

    outcome = check(*options, alerts=(TREES,), max_report_age_days=35, **LEDGER)

    assert outcome.code == 3
    assert report in outcome.out
    assert aws.objects == before


def test_an_alert_that_is_gone_for_a_check_is_the_same_within_its_month(
    check: Check, aws: Aws
) -> None:
    check(alerts=BOTH, report=OVER, **LEDGER)
    check(alerts=(TREES,), report=f"{OVER}Other,3\n", **LEDGER)

    assert "2 already sent" in check(alerts=BOTH, report=OVER, **LEDGER).out


def test_an_alert_with_other_services_is_a_new_one(check: Check, aws: Aws) -> None:
    check(alerts=(WATER,), report=OVER, **LEDGER)

    changed = replace(WATER, services=("Trees",))

    assert "1 sent" in check(alerts=(changed,), report=OVER, **LEDGER).out


def test_a_report_of_an_earlier_month_sends_nothing(check: Check, aws: Aws) -> None:
    aws.put(Ledger("", {}, {"water_critical": an_entry(month="2026-03")}))

    outcome = check("--format=json", alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 1
    reason = "not sent: the ledger has processed 2026-03, a later month, already"
    assert statuses(outcome.out) == {"water_critical": ("failed", reason)}
    assert aws.published == []


def test_a_dry_run_of_an_earlier_month_says_what_it_would_have_sent(check: Check, aws: Aws) -> None:
    aws.put(Ledger("", {}, {"water_critical": an_entry(month="2026-03")}))

    outcome = check("--dry-run", "--format=json", alerts=(WATER,), report=OVER, **LEDGER)

    assert outcome.code == 0
    reason = "not sent: the ledger has processed 2026-03, a later month, already"
    assert statuses(outcome.out) == {"water_critical": ("would_send", reason)}


def test_a_report_of_an_earlier_month_sends_no_new_alert_either(check: Check, aws: Aws) -> None:
    aws.put(Ledger("", {"2026-03": "3" * 64}, {"water_critical": an_entry(month="2026-03")}))

    assert check(alerts=BOTH, report=OVER, **LEDGER).code == 1
    assert aws.published == []


# --- reports that are not their month's ---


def as_of(days: float) -> Report:
    return Report("r.csv", "2026-03", "3" * 64, 1, {}, {}, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("report", "limit", "seen", "said"),
    [
        (as_of(500), None, {}, ""),
        (as_of(0), 1, {}, ""),
        (as_of(35), 35, {}, ""),
        (as_of(35.99), 35, {}, ""),
        (as_of(36), 35, {}, "the report is stale: 36 days old, the limit is 35"),
        (as_of(-31), 35, {}, ""),
        (as_of(-32), 35, {}, "the report is stale: -32 days old, the limit is 35"),
        (as_of(-32), None, {}, ""),
        (
            Report("r.csv", "2026-03", "3" * 64, 1, {}, {}, None),
            35,
            {},
            "the report's age is unknown: no Last-Modified, and no month in its address",
        ),
        (as_of(0), 35, {"2026-02": "2" * 64}, ""),
        (as_of(0), 35, {"2026-02": "3" * 64}, "the report is identical to that of 2026-02"),
        (as_of(0), 35, {"2025-12": "3" * 64}, "the report is identical to that of 2025-12"),
        (as_of(0), 35, {"2025-12": "3" * 64, "2026-01": "1" * 64}, ""),
        (as_of(0), 35, {"2026-03": "3" * 64}, ""),
        (as_of(0), 35, {"2026-04": "3" * 64}, ""),
    ],
)
def test_a_report_is_its_months_or_it_is_said_why_not(
    report: Report, limit: int | None, seen: dict[str, str], said: str
) -> None:
    assert validate_report(report, NOW, limit, seen) == said


def test_last_months_report_under_this_months_name_sends_nothing_and_is_not_noted(
    check: Check, aws: Aws
) -> None:
    check(alerts=(WATER,), report=OVER, **LEDGER)
    aws.forget()

    outcome = check(
        "--month=2026-03", "--format=json", alerts=(WATER,), report=OVER, **LEDGER, **OPERATORS
    )

    assert outcome.code == 3
    reason = "the report is identical to that of 2026-02"
    assert statuses(outcome.out) == {"water_critical": ("unknown", reason)}
    assert list(aws.ledger.reports) == ["2026-02"]
    assert aws.sent() == {"backlog-operators": 1}


def test_a_stale_report_sends_nothing_and_is_not_noted(
    check: Check, aws: Aws, tmp_path: Path
) -> None:
    (tmp_path / "old.csv").write_text(OVER)
    os.utime(tmp_path / "old.csv", (time.time() - 40.5 * 86400,) * 2)
    settings = {"alerts": BOTH, "max_report_age_days": 35, **LEDGER, **OPERATORS}

    outcome = check("--report=old.csv", **settings)

    why = "the report is stale: 40 days old, the limit is 35"
    assert outcome.code == 3
    assert messages(aws) == [
        (
            "Backlog check 2026-02: 0 sent, 0 failed, 2 unknown",
            "old.csv: 2026-02, 2 rows\n\n"
            "TOPIC           COUNT  THRESHOLD  STATUS\n"
            f"trees_critical      ?        100  unknown  {why}\n"
            f"water_critical      ?        100  unknown  {why}\n\n"
            "0 sent, 0 failed, 2 unknown\n\n"
            "What failed is tried again by the next check.",
        )
    ]
    assert aws.sent() == {"backlog-operators": 1}
    assert aws.written == []
    assert check(report=OVER, **settings).code == 0, "the same report, dated today, is not known"


def test_reports_of_two_years_are_remembered(check: Check, aws: Aws) -> None:
    months = {f"20{year}-{month:02}": "5" * 64 for year in (20, 21, 22) for month in range(1, 13)}
    aws.put(Ledger("", months, {}))

    check(alerts=(WATER,), report=OVER, **LEDGER)

    assert list(aws.ledger.reports) == [*sorted(months)[-23:], "2026-02"]


# --- operators ---


def test_operators_receive_the_result_where_something_is_wrong(check: Check, aws: Aws) -> None:
    report = "service_name,count\nTrees,n/a\nWater,130\n"

    outcome = check(alerts=BOTH, report=report, **LEDGER, **OPERATORS)

    assert outcome.code == 3
    assert messages(aws) == [
        (
            "Backlog check 2026-02: 1 sent, 0 failed, 1 unknown",
            "report.csv: 2026-02, 2 rows\n\n"
            "TOPIC           COUNT  THRESHOLD  STATUS\n"
            "trees_critical      ?        100  unknown"
            '  row 2: count "n/a" is not a whole number\n'
            "water_critical    130        100  sent\n\n"
            "1 sent, 0 failed, 1 unknown\n\n"
            "What failed is tried again by the next check.",
        )
    ]


def test_operators_receive_what_was_not_sent_with_its_count(check: Check, aws: Aws) -> None:
    aws.always = {"POST water_critical": Fault(status=403)}

    outcome = check(alerts=BOTH, report=OVER, **LEDGER, **OPERATORS)

    assert outcome.code == 1
    assert messages(aws) == [
        (
            "Backlog check 2026-02: 1 sent, 1 failed, 0 unknown",
            "report.csv: 2026-02, 2 rows\n\n"
            "TOPIC           COUNT  THRESHOLD  STATUS\n"
            "trees_critical    120        100  sent\n"
            "water_critical    130        100  failed  SNS answered Fault\n\n"
            "1 sent, 1 failed, 0 unknown\n\n"
            "What failed is tried again by the next check.",
        )
    ]


def test_operators_receive_nothing_where_all_is_well(check: Check, aws: Aws) -> None:
    assert check(alerts=BOTH, report=OVER, **LEDGER, **OPERATORS).code == 0
    assert messages(aws) == []


def test_operators_are_notified_of_a_report_that_is_not_there(check: Check, aws: Aws) -> None:
    outcome = check("--report=gone.csv", alerts=(WATER,), **LEDGER, **OPERATORS)

    assert outcome.code == 3
    assert messages(aws) == [
        (
            "Backlog check 2026-02: gone.csv: No such file or directory",
            "gone.csv: No such file or directory\n\nWhat failed is tried again by the next check.",
        )
    ]


@pytest.mark.parametrize(
    "options", [("--dry-run", "--report=gone.csv"), ("--report=ftp://example.com/r.csv",)]
)
def test_a_dry_run_and_a_mistyped_command_notify_nobody(
    check: Check, aws: Aws, options: tuple[str, ...]
) -> None:
    assert check(*options, alerts=(WATER,), **LEDGER, **OPERATORS).code in (2, 3)
    assert aws.requests == []


def test_a_dry_run_of_a_report_that_is_unknown_in_part_notifies_nobody(
    check: Check, aws: Aws
) -> None:
    outcome = check("--dry-run", alerts=BOTH, report="service_name,count\nTrees,\n", **OPERATORS)

    assert outcome.code == 3
    assert aws.requests == []


def test_operators_that_can_not_be_notified_do_not_change_the_result(
    check: Check, aws: Aws
) -> None:
    aws.always = {"POST backlog-operators": Fault(status=403)}

    outcome = check("--report=gone.csv", alerts=(WATER,), **OPERATORS)

    assert outcome.code == 3
    assert outcome.err == (
        "error: operators not notified: SNS answered Fault\n"
        "error: gone.csv: No such file or directory\n"
    )


def test_a_report_of_an_earlier_month_is_not_noted(check: Check, aws: Aws) -> None:
    """Else the month that went out by mistake could not be checked again."""
    months = {"2026-03": "3" * 64}
    aws.put(Ledger("", months, {"water_critical": an_entry(month="2026-03")}))

    check(alerts=(WATER,), report=OVER, **LEDGER)

    assert aws.ledger.reports == months

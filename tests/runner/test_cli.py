"""`python -m runner` from its arguments to its exit code."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend

from runner.aws import AT_ONCE
from runner.check import exit_code, last_month
from runner.cli import main
from runner.deliver import Delivery
from runner.ledger import Entry, dump
from runner.rules import Decision
from tests.conftest import Check
from tests.support.examples import an_alert, outputs
from tests.support.servers import Answer, Sns, published

ROOT = Path(__file__).resolve().parents[2]
HEADER = "service_name,count\n"
POTHOLE, WATER = an_alert("pothole_high"), an_alert("water_critical")
EXTREME = an_alert("water_extreme", threshold=300)
ALERTS = (POTHOLE, WATER, EXTREME)


@pytest.fixture
def topics() -> Iterator[None]:
    """The topics of ALERTS, on an AWS in memory."""
    with mock_aws():
        for alert in ALERTS:
            boto3.client("sns").create_topic(Name=alert.topic)
        yield


def heard() -> dict[str, list[str]]:
    """The emails of each topic of the AWS in memory."""
    return {
        topic.name: [json.loads(text)["email"] for _, text, *_ in topic.sent_notifications]
        for topic in get_backend("sns")["123456789012"]["us-east-1"].topics.values()
    }


@pytest.mark.parametrize(
    ("count", "sent"),
    [
        (0, []),
        (99, []),
        (100, []),
        (101, ["water_critical"]),
        (300, ["water_critical"]),
        (301, ["water_critical", "water_extreme"]),
    ],
)
def test_each_alert_is_sent_when_its_own_threshold_is_exceeded(
    topics: None, check: Check, count: int, sent: list[str]
) -> None:
    outcome = check(alerts=ALERTS, report=f"{HEADER}Pothole,5\nWater,{count}\n")

    assert outcome.code == 0
    assert [topic for topic, emails in heard().items() if emails] == sent
    assert {email for emails in heard().values() for email in emails} <= {f"{count} cases of water"}


def test_a_check_prints_its_result_alone_and_ends_in_0(topics: None, check: Check) -> None:
    outcome = check(alerts=ALERTS, report=HEADER + "Pothole,100\nWater,120\n")

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "report.csv: 2026-02, 2 rows\n"
        "\n"
        "TOPIC           COUNT  THRESHOLD  STATUS\n"
        "pothole_high      100        100  below\n"
        "water_critical    120        100  sent\n"
        "water_extreme     120        300  below\n"
        "\n"
        "1 sent, 0 failed, 0 unknown, 2 below\n"
    )


def test_a_failed_publish_ends_in_1_and_the_others_are_sent(topics: None, check: Check) -> None:
    gone = an_alert("trash_gone")

    outcome = check(alerts=(*ALERTS, gone), report=HEADER + "Pothole,5\nWater,120\nTrash,999\n")

    assert outcome.code == 1
    assert heard() == {
        "pothole_high": [],
        "water_critical": ["120 cases of water"],
        "water_extreme": [],
    }
    assert "trash_gone        999        100  failed  there is no such topic" in outcome.out


def test_an_unknown_alert_ends_in_3_and_the_others_are_sent(topics: None, check: Check) -> None:
    outcome = check(alerts=ALERTS, report=HEADER + "Pothole,\nWater,120\n")

    assert outcome.code == 3
    assert heard()["water_critical"] == ["120 cases of water"]
    assert heard()["pothole_high"] == []


def test_a_failed_publish_goes_before_an_unknown_alert(topics: None, check: Check) -> None:
    gone = an_alert("trash_gone")

    outcome = check(alerts=(*ALERTS, gone), report=HEADER + "Water,120\nTrash,999\n")

    assert outcome.code == 1
    assert outcome.out.endswith("\n\n1 sent, 1 failed, 1 unknown, 1 below\n")


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ("", 0),
        ("below sent would_send", 0),
        ("failed", 1),
        ("below sent failed", 1),
        ("failed unknown", 1),
        ("unknown failed", 1),
        ("unknown", 3),
        ("sent unknown below would_send", 3),
    ],
)
def test_the_exit_code_is_that_of_the_worst_alert(statuses: str, code: int) -> None:
    deliveries = [
        Delivery(Decision(WATER, "due", 1), status)  # type: ignore[arg-type]
        for status in statuses.split()
    ]

    assert exit_code(deliveries) == code


@pytest.mark.parametrize(
    ("report", "code"), [("Pothole,5\nWater,120\n", 0), ("Pothole,n/a\nWater,120\n", 3)]
)
def test_a_dry_run_ends_like_a_check_and_sends_nothing(
    topics: None, check: Check, report: str, code: int
) -> None:
    outcome = check("--dry-run", alerts=ALERTS, report=HEADER + report)

    assert outcome.code == code
    assert "water_critical    120        100  would send\n" in outcome.out
    assert not any(heard().values())


def test_json_is_one_object_with_the_promised_fields(topics: None, check: Check) -> None:
    outcome = check("--format", "json", alerts=ALERTS, report=HEADER + "Pothole,\nWater,120\n")

    result = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (3, "")
    assert list(result) == ["report", "alerts", "sent", "failed", "unknown"]
    assert list(result["report"]) == ["address", "month", "sha256", "rows"]
    assert {tuple(alert) for alert in result["alerts"]} == {
        (
            "topic",
            "department",
            "level",
            "count",
            "threshold",
            "status",
            "reason",
            "message_id",
        )
    }
    assert [alert["status"] for alert in result["alerts"]] == ["unknown", "sent", "below"]
    assert (result["sent"], result["failed"], result["unknown"]) == (1, 0, 1)
    assert len(result["alerts"][1]["message_id"]) == 36


@pytest.mark.parametrize(
    ("options", "name", "month"),
    [
        (["--month", "2026-02"], "2026-02 feb.csv", "2026-02"),
        (["--month=2025-12"], "2025-12 dec.csv", "2025-12"),
    ],
)
def test_the_report_of_a_month_is_found_by_its_placeholders(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    name: str,
    month: str,
) -> None:
    """In the address of the command line, and in Terraform's."""
    (tmp_path / name).write_text(HEADER + "Water,1\n")
    address = f"{tmp_path}/{{yyyy}}-{{mm}} {{mon}}.csv"
    file = tmp_path / "outputs.json"
    for url, more in [("", ["--report", address]), (address, []), ("/no", ["--report", address])]:
        file.write_text(outputs(WATER, report_url=url))

        code = main(["--outputs", str(file), "--format=json", *options, *more])

        report = json.loads(capsys.readouterr().out)["report"]
        assert code == 0
        assert (report["address"], report["month"]) == (f"{tmp_path}/{name}", month)


def test_without_a_month_it_is_the_last_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.csv").write_text(HEADER + "Water,1\n")
    (tmp_path / "outputs.json").write_text(outputs(WATER, report_url=f"{tmp_path}/r.csv"))
    first = datetime.now(timezone.utc).replace(day=1)

    main(["--outputs", str(tmp_path / "outputs.json"), "--format=json"])

    month = json.loads(capsys.readouterr().out)["report"]["month"]
    assert month == (first - timedelta(days=1)).strftime("%Y-%m")


@pytest.mark.parametrize(
    ("today", "month"),
    [
        ("2026-01-01", "2025-12"),
        ("2026-01-31", "2025-12"),
        ("2026-03-01", "2026-02"),
        ("2026-03-31", "2026-02"),
        ("2024-03-31", "2024-02"),
        ("2026-05-31", "2026-04"),
        ("2026-12-31", "2026-11"),
    ],
)
def test_last_month_is_the_month_before_whatever_the_day(today: str, month: str) -> None:
    assert last_month(datetime.fromisoformat(today)) == month


def test_outputs_may_come_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.csv").write_text(HEADER + "Water,100\n")
    text = outputs(WATER, report_url=f"{tmp_path}/r.csv")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    code = main(["--outputs", "-"])

    assert code == 0
    assert "water_critical    100        100  below\n" in capsys.readouterr().out


NOT_OUTPUTS = (
    "does not hold `alerts` and `report_url` as `terraform output -json` prints them;"
    " run `make apply` first"
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "Terraform has no outputs yet; run `make apply` first"),
        (b"", NOT_OUTPUTS),
        (b"Error: No state file was found!\n", NOT_OUTPUTS),
        (b'{"alerts"', NOT_OUTPUTS),
        ("{}".encode("utf-16"), "is not UTF-8"),
        (b'{"alerts": "\xff"}', "is not UTF-8"),
    ],
)
def test_outputs_that_can_not_be_used_end_in_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    body: bytes,
    message: str,
) -> None:
    """From a file as from standard input."""
    (tmp_path / "outputs.json").write_bytes(body)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body), encoding="utf-8"))

    codes = main(["--outputs", "outputs.json"]), main(["--outputs", "-"])

    printed = capsys.readouterr()
    assert codes == (2, 2)
    assert printed.out == ""
    assert printed.err == f"error: outputs.json: {message}\nerror: standard input: {message}\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.json", "No such file or directory"), ("folder", "Is a directory")],
)
def test_an_outputs_file_that_can_not_be_read_ends_in_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    reason: str,
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)

    assert main(["--outputs", name]) == 2
    assert capsys.readouterr().err == f"error: {name}: {reason}\n"


def test_no_report_anywhere_ends_in_2(check: Check) -> None:
    outcome = check(alerts=ALERTS)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: no report: name one with --report (REPORT= with make), or set report_url and run"
        " `make apply`\n"
    )


def test_a_report_of_an_unknown_kind_ends_in_2(check: Check) -> None:
    outcome = check("--report", "ftp://user:secret@example.com/r.csv", alerts=ALERTS)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: ftp://example.com/r.csv: use https://, http://, s3://, file:// or a path\n"
    )


def test_a_report_that_is_not_there_ends_in_3(check: Check) -> None:
    outcome = check("--report", "none.csv", alerts=ALERTS)

    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == "error: none.csv: No such file or directory\n"


def test_a_profile_that_is_not_there_ends_in_2_with_nothing_sent(
    topics: None, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AWS_PROFILE", "nonexistent")
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        outcome = check(alerts=ALERTS, report=HEADER + "Pothole,999\nWater,999\n")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: AWS settings can't be used (ProfileNotFound);"
        " see AWS_PROFILE and AWS_ENDPOINT_URL\n"
    )
    assert not any(heard().values())


def test_an_error_can_not_command_the_terminal(check: Check) -> None:
    outcome = check("--report", "\x1b[2Jnone\x07.csv", alerts=ALERTS)

    assert outcome.err == "error: ?[2Jnone?.csv: No such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: --outputs"),
        (["--outputs"], "argument --outputs: expected one argument"),
        (["--outputs", "-", "r.csv"], "unrecognized arguments: r.csv"),
        (["--outputs", "-", "--dry"], "unrecognized arguments: --dry"),
        (["--outputs", "-", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
    ],
)
def test_a_mistake_in_the_arguments_ends_in_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    printed = capsys.readouterr()
    assert caught.value.code == 2
    assert printed.out == ""
    assert f"\npython -m runner: error: {message}" in printed.err


NOT_MONTHS = [
    *(
        "",
        "2026",
        "2026-2",
        "2026-00",
        "2026-13",
        "26-02",
        "2026-02-01",
        "2026/02",
        "feb",
        "0000-01",
    ),
    *("02-2026", " 2026-02", "2026-02\n", "٢٠٢٦-02", "2026-٠٢"),
]


@pytest.mark.parametrize("month", [*NOT_MONTHS, "9999-12"])
def test_a_month_that_is_none_or_has_not_begun_ends_in_2(check: Check, month: str) -> None:
    outcome = check("--month", month, alerts=(WATER,), report=HEADER + "Water,120\n")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"error: month {month}: must be YYYY-MM, such as 2026-02, and have begun\n"
    )


def test_help_names_every_option_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    text = capsys.readouterr().out
    assert caught.value.code == 0
    for option in ("--outputs FILE", "--report ADDRESS", "--month YYYY-MM", "--dry-run"):
        assert f"\n  {option}" in text
    assert text.endswith(
        "exit codes:\n"
        "  0  everything checked, everything due sent\n"
        "  1  something due was not sent\n"
        "  2  usage or configuration; nothing checked\n"
        "  3  the report, or part of it, can't be read or trusted; the rest was still sent\n"
    )


def test_the_module_runs_as_a_command(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(HEADER + "Water,n/a\n")

    options = ["--outputs=-", f"--report={tmp_path}/r.csv", "--month=2026-02"]

    done = subprocess.run(
        [sys.executable, "-m", "runner", *options],
        input=outputs(WATER),
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == (
        f"{tmp_path}/r.csv: 2026-02, 1 rows\n"
        "\n"
        "TOPIC           COUNT  THRESHOLD  STATUS\n"
        'water_critical      ?        100  unknown  row 2: count "n/a" is not a whole number\n'
        "\n"
        "0 sent, 0 failed, 1 unknown\n"
    )


def process(tmp_path: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a dry check, whose service is not in the report, as a process."""
    (tmp_path / "outputs.json").write_text(outputs(an_alert(services=("Wässer",))))
    (tmp_path / "report.csv").write_text(HEADER + "Water,120\n")
    files = ["--outputs", str(tmp_path / "outputs.json"), "--report", str(tmp_path / "report.csv")]
    command = [sys.executable, "-m", "runner", *files, "--dry-run"]
    return subprocess.run(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, **options
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_result_that_cannot_be_written_is_said_and_keeps_its_exit_code(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = process(tmp_path, stdout=full)

    assert done.returncode == 3
    assert done.stderr == "error: the result could not be written: No space left on device\n"


def test_a_terminal_without_an_alphabet_still_gets_the_result(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = process(tmp_path, stdout=subprocess.PIPE, env=env)

    assert done.returncode == 3
    assert r'"W\xe4sser" is not in the report' in done.stdout


def test_a_check_that_waits_for_another_one_is_interrupted_at_once(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text(outputs(WATER))
    (tmp_path / "report.csv").write_text(HEADER + "Water,120\n")
    (tmp_path / "ledger").mkdir()
    entry = dump(Entry(claim="another check"))
    (tmp_path / "ledger" / "water_critical.json").write_bytes(entry)
    files = ["--outputs", "outputs.json", "--report", "report.csv", "--ledger", "ledger"]

    with Sns() as sns:
        env = {**os.environ, "AWS_ENDPOINT_URL": sns.url, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "runner", *files]
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while not (tmp_path / "ledger" / "report.json").exists():
                time.sleep(0.01)
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)  # the lease is longer

    assert (process.returncode, err) == (1, "")
    assert "failed  not sent: the check was interrupted" in out
    assert sns.requests == []
    assert (tmp_path / "ledger" / "water_critical.json").read_bytes() == entry


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_tells_what_was_sent_and_begins_nothing_more(
    stop: signal.Signals, tmp_path: Path
) -> None:
    """One more is due than go out at once: it waits, and is not begun."""
    alerts = [an_alert(f"d{n}_critical", services=("Water",)) for n in range(AT_ONCE + 1)]
    (tmp_path / "outputs.json").write_text(outputs(*alerts, an_alert("z_z", services=("Trees",))))
    (tmp_path / "report.csv").write_text(HEADER + "Water,120\nTrees,1\n")
    files = ["--outputs", str(tmp_path / "outputs.json"), "--report", str(tmp_path / "report.csv")]
    answer: Answer = [2.0, published("id-1")]

    with Sns(**{alert.topic: [answer] for alert in alerts}) as sns:
        env = {**os.environ, "AWS_ENDPOINT_URL": sns.url}
        command = [sys.executable, "-m", "runner", *files]
        with subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            while len(sns.requests) < AT_ONCE:
                time.sleep(0.01)
            process.send_signal(stop)
            out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (1, "")
    assert out.endswith(f"\n{AT_ONCE} sent, 1 failed, 0 unknown, 1 below\n")
    assert out.count("failed  not sent: the check was interrupted") == 1
    assert len(sns.requests) == AT_ONCE

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
import pandas as pd
import pytest
from moto import mock_aws
from moto.backends import get_backend

from runner.aws import AT_ONCE
from runner.check import exit_code, last_month
from runner.cli import main
from runner.ledger import Delivery, Ledger, dump
from runner.rules import Decision
from tests.conftest import Check
from tests.support.examples import an_alert, runner_config
from tests.support.servers import SILENCE, Answer, Server, Sns, http, published

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


def emails() -> dict[str, list[str]]:
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
    assert [topic for topic, received in emails().items() if received] == sent
    assert {text for received in emails().values() for text in received} <= {
        f"{count} cases of water"
    }


def test_a_check_prints_its_result_alone_and_exits_with_0(topics: None, check: Check) -> None:
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


def test_a_failed_publish_exits_with_1_and_the_others_are_sent(topics: None, check: Check) -> None:
    gone = an_alert("trash_gone")

    outcome = check(alerts=(*ALERTS, gone), report=HEADER + "Pothole,5\nWater,120\nTrash,999\n")

    assert outcome.code == 1
    assert emails() == {
        "pothole_high": [],
        "water_critical": ["120 cases of water"],
        "water_extreme": [],
    }
    assert "trash_gone        999        100  failed  there is no such topic" in outcome.out


def test_an_unknown_alert_exits_with_3_and_the_others_are_sent(topics: None, check: Check) -> None:
    outcome = check(alerts=ALERTS, report=HEADER + "Pothole,\nWater,120\n")

    assert outcome.code == 3
    assert emails()["water_critical"] == ["120 cases of water"]
    assert emails()["pothole_high"] == []


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
    deliveries = [Delivery(Decision(WATER, "over", 1), status) for status in statuses.split()]

    assert exit_code(deliveries) == code


@pytest.mark.parametrize(
    ("report", "code"), [("Pothole,5\nWater,120\n", 0), ("Pothole,n/a\nWater,120\n", 3)]
)
def test_a_dry_run_exits_like_a_check_and_sends_nothing(
    topics: None, check: Check, report: str, code: int
) -> None:
    outcome = check("--dry-run", alerts=ALERTS, report=HEADER + report)

    assert outcome.code == code
    assert "water_critical    120        100  would send\n" in outcome.out
    assert not any(emails().values())


def test_json_is_one_object_with_the_promised_fields(topics: None, check: Check) -> None:
    outcome = check("--format", "json", alerts=ALERTS, report=HEADER + "Pothole,\nWater,120\n")

    result = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (3, "")
    assert list(result) == ["report", "alerts", "sent", "failed", "unknown"]
    assert list(result["report"]) == ["address", "month", "sha256", "rows"]
    about = ("topic", "department", "level", "threshold")
    became = ("count", "status", "reason", "message_id")
    assert {tuple(alert) for alert in result["alerts"]} == {(*about, *became)}
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
    file = tmp_path / "config.json"
    for url, more in [("", ["--report", address]), (address, []), ("/no", ["--report", address])]:
        file.write_text(runner_config(WATER, report_url=url))

        code = main(["--config", str(file), "--format=json", *options, *more])

        report = json.loads(capsys.readouterr().out)["report"]
        assert code == 0
        assert (report["address"], report["month"]) == (f"{tmp_path}/{name}", month)


def test_without_a_month_it_is_the_last_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.csv").write_text(HEADER + "Water,1\n")
    (tmp_path / "config.json").write_text(runner_config(WATER, report_url=f"{tmp_path}/r.csv"))
    first = datetime.now(timezone.utc).replace(day=1)

    main(["--config", str(tmp_path / "config.json"), "--format=json"])

    month = json.loads(capsys.readouterr().out)["report"]["month"]
    assert month == (first - timedelta(days=1)).strftime("%Y-%m")


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("2026-02.csv", "2026-02"),
        ("Feb-2026.csv", "2026-02"),
        ("cases_2026_february.csv", "2026-02"),
        ("sept 2025.csv", "2025-09"),
        ("202512.csv", "2025-12"),
        ("2026-02-15.csv", None),
        ("marketing-2026.csv", None),
        ("2026-13.csv", None),
        ("r.csv", None),
    ],
)
def test_without_a_month_it_is_the_one_that_the_address_names(
    name: str, month: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "2025-01"  # which is not the report's name
    folder.mkdir()
    (folder / name).write_text(HEADER + "Water,1\n")
    (tmp_path / "config.json").write_text(runner_config(WATER, report_url=f"{folder}/{name}"))
    last = last_month(datetime.now(timezone.utc))

    code = main(["--config", str(tmp_path / "config.json"), "--format=json"])

    assert (code, json.loads(capsys.readouterr().out)["report"]["month"]) == (0, month or last)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("2026-02.csv", ["--month=2026-03"], "names 2026-02, not 2026-03"),
        ("feb-2026.csv", ["--month=2025-02"], "names 2026-02, not 2025-02"),
        ("2026-01.csv?key=2026-02", ["--month=2026-02"], "names 2026-01, not 2026-02"),
        ("2026-01 to feb-2026.csv", ["--month=2026-01"], "names 2026-02, not 2026-01"),
    ],
)
def test_another_month_than_the_address_names_is_an_error(
    name: str, options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One wrong month would keep the next checks silent until it is over."""
    (tmp_path / "config.json").write_text(
        runner_config(WATER, report_url=f"https://reports.example.com/{name}")
    )

    code = main(["--config", str(tmp_path / "config.json"), *options])

    assert (code, *capsys.readouterr()) == (
        2,
        "",
        f"error: the address {said}; correct one\n",
    )


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


def test_the_configuration_may_come_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.csv").write_text(HEADER + "Water,100\n")
    text = runner_config(WATER, report_url=f"{tmp_path}/r.csv")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    code = main(["--config", "-"])

    assert code == 0
    assert "water_critical    100        100  below\n" in capsys.readouterr().out


NO_CONFIG = "is not the output runner_config, with one alert or more; run `make apply`"


@pytest.mark.parametrize("body", ["{}", "", "Error: No state file was found!\n", '{"alerts"'])
def test_a_configuration_that_is_none_exits_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    body: str,
) -> None:
    """From a file as from standard input."""
    (tmp_path / "config.json").write_text(body)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body.encode())))

    codes = main(["--config", "config.json"]), main(["--config", "-"])

    printed = capsys.readouterr()
    assert codes == (2, 2)
    assert printed.out == ""
    assert printed.err == f"error: config.json: {NO_CONFIG}\nerror: standard input: {NO_CONFIG}\n"


@pytest.mark.parametrize("body", ["{}".encode("utf-16"), b'{"alerts": "\xff"}'])
def test_a_configuration_that_is_not_utf_8_exits_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    body: bytes,
) -> None:
    (tmp_path / "config.json").write_bytes(body)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body), encoding="utf-8"))

    codes = main(["--config", "config.json"]), main(["--config", "-"])

    printed = capsys.readouterr()
    assert codes == (2, 2)
    assert printed.out == ""
    assert printed.err == (f"error: config.json: {NO_CONFIG}\nerror: standard input: {NO_CONFIG}\n")


def test_a_configuration_on_a_server_is_named_without_its_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Server(lambda _: [http(b"{}")]) as server:
        address = server.url.replace("//", "//dana:secret@") + "/config.json?token=secret"
        code = main(["--config", address])

    assert code == 2
    assert capsys.readouterr().err == f"error: {server.url}/config.json: {NO_CONFIG}\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.json", "No such file or directory"), ("folder", "Is a directory")],
)
def test_a_configuration_file_that_can_not_be_read_exits_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    reason: str,
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)

    assert main(["--config", name]) == 2
    assert capsys.readouterr().err == f"error: {name}: {reason}\n"


def test_no_report_anywhere_exits_with_2(check: Check) -> None:
    outcome = check(alerts=ALERTS)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: no report: give --report (REPORT= with make), or set report_url\n"
    )


def test_a_report_of_an_unknown_kind_exits_with_2(check: Check) -> None:
    outcome = check("--report", "ftp://user:secret@example.com/r.csv", alerts=ALERTS)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: ftp://example.com/r.csv: use https://, http://, s3:// or a path\n"
    )


def test_a_report_that_is_not_there_exits_with_3(check: Check) -> None:
    outcome = check("--report", "none.csv", alerts=ALERTS)

    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == "error: none.csv: No such file or directory\n"


def test_a_profile_that_is_not_there_exits_with_2_with_nothing_sent(
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
    assert not any(emails().values())


@pytest.mark.parametrize("format_", ["text", "json", "log"])
@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (("--config", "none.json"), 2, "none.json: No such file or directory"),
        (("--config", "empty.csv"), 2, f"empty.csv: {NO_CONFIG}"),
        (("--report", "gs://b/r.csv"), 2, "gs://b/r.csv: use https://, http://, s3:// or a path"),
        (("--report", "{day}.csv"), 2, "{day}.csv: {day} is not one of {yyyy}, {mm}, {mon}"),
        (
            ("--month", "2026-2"),
            2,
            "month 2026-2: must be YYYY-MM, such as 2026-02, and have begun",
        ),
        (("--report", "none.csv"), 3, "none.csv: No such file or directory"),
        (("--report", "empty.csv"), 3, "empty.csv: is empty"),
    ],
)
def test_an_early_end_is_one_json_object_where_a_program_reads_it(
    tmp_path: Path, check: Check, options: tuple[str, str], code: int, error: str, format_: str
) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")

    outcome = check("--report=empty.csv", *options, f"--format={format_}", alerts=ALERTS)

    assert (outcome.code, outcome.err) == (code, f"error: {error}\n")
    is_text = format_ == "text"
    assert outcome.out == (
        "" if is_text else json.dumps({"error": error, "exit_code": code}) + "\n"
    )


OPERATORS = an_alert("pothole_high").topic_arn


def out_of_memory(*_: object, **__: object) -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("alert", "settings", "memory", "name"),
    [
        ({"threshold": "100"}, {}, None, "TypeError"),
        ({"services": [7]}, {}, None, "AttributeError"),
        ({}, {"max_report_age_days": "35"}, None, "TypeError"),
        ({}, {}, out_of_memory, "MemoryError"),
    ],
    ids=["threshold", "services", "age", "memory"],
)
def test_whatever_goes_wrong_inside_is_said_and_operators_are_notified(
    topics: None,
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    alert: dict[str, Any],
    settings: dict[str, Any],
    memory: Any,
    name: str,
) -> None:
    if memory:
        monkeypatch.setattr(pd, "read_csv", memory)

    outcome = check(
        *("--format", "json"),
        alerts=(an_alert("water_critical", **alert),),
        report=HEADER + "Water,120\n",
        operators_topic_arn=OPERATORS,
        **settings,
    )

    error = f"the check stopped on an error of its own ({name})"
    assert (outcome.code, outcome.err) == (1, f"error: {error}\n")
    assert json.loads(outcome.out) == {"error": error, "exit_code": 1}
    every_topic = get_backend("sns")["123456789012"]["us-east-1"].topics
    ((_, text, subject, *_),) = every_topic[OPERATORS].sent_notifications
    assert subject == f"Backlog check 2026-02: {error}"
    assert text == f"{error}\n\nWhat failed is tried again by the next check."
    assert not every_topic[WATER.topic_arn].sent_notifications


@pytest.mark.parametrize("arn", ["water_critical", 7])
def test_a_topic_without_an_arn_exits_with_2(check: Check, arn: Any) -> None:
    outcome = check(alerts=(an_alert(topic_arn=arn),), report=HEADER + "Water,120\n")

    assert (outcome.code, outcome.err) == (2, f"error: config.json: {NO_CONFIG}\n")


def test_an_interruption_while_the_report_is_read_is_one_json_object(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(runner_config(WATER))
    with Server(lambda _: SILENCE) as server:
        command = [sys.executable, "-m", "runner", f"--report={server.url}", "--format=json"]
        with subprocess.Popen(
            [*command, f"--config={tmp_path}/config.json"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while not server.requests:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (1, "error: interrupted\n")
    assert json.loads(out) == {"error": "interrupted", "exit_code": 1}


def test_an_error_can_not_command_the_terminal(check: Check) -> None:
    outcome = check("--report", "\x1b[2Jnone\x07.csv", alerts=ALERTS)

    assert outcome.err == "error: ?[2Jnone?.csv: No such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: --config"),
        (["--config"], "argument --config: expected one argument"),
        (["--config", "-", "r.csv"], "unrecognized arguments: r.csv"),
        (["--config", "-", "--dry"], "unrecognized arguments: --dry"),
        (["--config", "-", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
    ],
)
def test_a_mistake_in_the_arguments_exits_with_2(
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
def test_a_month_that_is_none_or_has_not_begun_exits_with_2(check: Check, month: str) -> None:
    outcome = check("--month", month, alerts=(WATER,), report=HEADER + "Water,120\n")

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"error: month {month}: must be YYYY-MM, such as 2026-02, and have begun\n"
    )


def test_help_is_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")

    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    assert caught.value.code == 0
    assert (
        capsys.readouterr().out
        == """\
usage: python -m runner [-h] --config FILE [--report ADDRESS] [--month YYYY-MM] [--dry-run]
                        [--resend] [--format {text,json,log}]

Read the monthly report and publish the alerts whose counts are over their thresholds.

FILE holds what `terraform output -json runner_config` prints. ADDRESS is https://, http://,
s3://bucket/key or a path; {yyyy}, {mm} and {mon} in it stand for the report's month.

exit codes:
  0  everything checked, everything due sent
  1  something due was not sent
  2  usage or configuration; nothing checked
  3  the report, or part of it, can't be trusted; the rest was still sent

options:
  -h, --help            show this help message and exit
  --config FILE         see above; - is standard input
  --report ADDRESS      see above (default: report_url)
  --month YYYY-MM       default: as the address says, else last month
  --dry-run             say what would be sent, send nothing
  --resend              send what is over, whatever the ledger says
  --format {text,json,log}
                        log: JSON, a line each
"""
    )


def test_the_module_runs_as_a_command(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(HEADER + "Water,n/a\n")

    options = ["--config=-", f"--report={tmp_path}/r.csv", "--month=2026-02"]

    done = subprocess.run(
        [sys.executable, "-m", "runner", *options],
        input=runner_config(WATER),
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
    (tmp_path / "config.json").write_text(runner_config(an_alert(services=("Wässer",))))
    (tmp_path / "report.csv").write_text(HEADER + "Water,120\n")
    files = ["--config", str(tmp_path / "config.json"), "--report", str(tmp_path / "report.csv")]
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
    config = runner_config(WATER, ledger_bucket="city-ledger")
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "report.csv").write_text(HEADER + "Water,120\n")
    held = http(dump(Ledger(claim="another check")), ETag='"1"')

    with Server(lambda request: [held]) as aws:
        env = {**os.environ, "AWS_ENDPOINT_URL": aws.url, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "runner", "--config=config.json", "--report=report.csv"]
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while not aws.requests:
                time.sleep(0.01)
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)  # the lease is longer

    assert (process.returncode, err) == (1, "")
    assert "failed  not sent: the check was interrupted" in out
    assert {request.path for request in aws.requests} == {"/city-ledger/ledger.json"}, "no publish"
    assert not any(request.body for request in aws.requests), "and no write"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_says_what_was_sent_and_begins_nothing_more(
    stop: signal.Signals, tmp_path: Path
) -> None:
    """One more is due than go out at once: it waits, and is not begun.

    The check does so also where the one who started it ignores Ctrl-C, as a shell's & does.
    """
    alerts = [an_alert(f"d{n}_critical", services=("Water",)) for n in range(AT_ONCE + 1)]
    (tmp_path / "config.json").write_text(
        runner_config(*alerts, an_alert("z_z", services=("Trees",)))
    )
    (tmp_path / "report.csv").write_text(HEADER + "Water,120\nTrees,1\n")
    files = ["--config", str(tmp_path / "config.json"), "--report", str(tmp_path / "report.csv")]
    answer: Answer = [2.0, published("id-1")]

    with Sns(**{alert.topic: [answer] for alert in alerts}) as sns:
        env = {**os.environ, "AWS_ENDPOINT_URL": sns.url}
        command = [sys.executable, "-m", "runner", *files]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        ) as process:
            while len(sns.requests) < AT_ONCE:
                time.sleep(0.01)
            process.send_signal(stop)
            out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (1, "")
    assert out.endswith(f"\n{AT_ONCE} sent, 1 failed, 0 unknown, 1 below\n")
    assert out.count("failed  not sent: the check was interrupted") == 1
    assert len(sns.requests) == AT_ONCE


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_closed_streams_are_no_traceback(tmp_path: Path, closed: str) -> None:
    (tmp_path / "config.json").write_text(runner_config(WATER))
    (tmp_path / "r.csv").write_text(f"{HEADER}Water,1\n")
    config = "-" if closed == "<&-" else f"'{tmp_path}/config.json'"
    command = f"'{sys.executable}' -m runner --config {config} --report '{tmp_path}/r.csv'"

    done = subprocess.run(
        f"{command} --month 2026-02 {closed}",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == (2 if closed == "<&-" else 0)
    assert "Traceback" not in done.stderr

"""The replay from its arguments to its exit code, and beside the runner itself."""

import json
import os
import pty
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from runner.cli import main as runner
from scripts.backtest.command import _progress, main
from scripts.backtest.departments import read_departments
from scripts.backtest.read import month_range
from scripts.samples import history as sample_history
from tests.conftest import Outcome
from tests.support.examples import runner_config
from tests.support.reports import HEADER, write_departments, write_reports

ROOT = Path(__file__).resolve().parents[3]
Backtest = Callable[..., Outcome]


@pytest.fixture
def backtest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Backtest:
    """Run the command in a folder with reports/ and departments.tfvars."""
    monkeypatch.chdir(tmp_path)
    write_departments(tmp_path)
    (tmp_path / "reports").mkdir()

    def run(*options: str) -> Outcome:
        given = options if options and not options[0].startswith("-") else ("reports", *options)
        code = main([*given, "--departments", "departments.tfvars"])
        return Outcome(code, *capsys.readouterr())

    return run


def test_the_table_says_when_each_alert_is_sent_and_what_stands_out(backtest: Backtest) -> None:
    counts = {"2025-11": 100, "2025-12": 101, "2026-01": None, "2026-02": 250, "2026-03": 120}
    write_reports(Path("reports"), counts)

    outcome = backtest("--target", "3", "--to", "2026-04")

    assert (outcome.code, outcome.err) == (3, "")
    assert outcome.out == (
        "2025-11 to 2026-04, 6 months\n"
        "\n"
        "TOPIC           THRESHOLD    SENT  UNKNOWN  LAST\n"
        "water_critical        100  3 of 4        2     ?\n"
        "water_extreme         300  0 of 4        2     ?\n"
        "\n"
        "Never over in a known month: water_extreme\n"
        "\n"
        "Sent in\n"
        "  water_critical: 2025-12, 2026-02 to 2026-03\n"
        "\n"
        "To be over in about 3 of 12 months, set\n"
        "  water_critical: 120 to 249, now 100 (over in 1 of 4 known months)\n"
        "  water_extreme: 120 to 249, now 300 (over in 1 of 4 known months)\n"
        "\n"
        "Unknown, not zero\n"
        '  2026-01 all alerts: "Water" is not in the report\n'
        "  2026-04 all alerts: there is no report for this month\n"
    )


def test_what_is_over_now_and_what_always_is_are_said(backtest: Backtest) -> None:
    write_reports(Path("reports"), {"2026-01": 101, "2026-02": 301})

    outcome = backtest()

    assert outcome.code == 0
    assert outcome.out == (
        "2026-01 to 2026-02, 2 months\n"
        "\n"
        "TOPIC           THRESHOLD    SENT  UNKNOWN  LAST\n"
        "water_critical        100  2 of 2        0   301  over since 2026-01\n"
        "water_extreme         300  1 of 2        0   301  over since 2026-02\n"
        "\n"
        "Over in every known month: water_critical\n"
        "\n"
        "Sent in\n"
        "  water_critical: 2026-01 to 2026-02\n"
        "  water_extreme: 2026-02\n"
    )


def test_unknown_months_in_a_row_with_one_reason_are_one_line(backtest: Backtest) -> None:
    write_reports(Path("reports"), {"2025-01": 1, "2025-06": 3, "2025-07": None, "2025-08": 2})

    out = backtest().out

    assert out.split("not zero\n")[1] == (
        "  2025-02 to 2025-05 all alerts: there is no report for this month\n"
        '  2025-07 all alerts: "Water" is not in the report\n'
    )


def test_json_holds_all_of_it(backtest: Backtest) -> None:
    write_reports(Path("reports"), {"2026-01": 99, "2026-02": None, "2026-03": 150})

    outcome = backtest("--format", "json", "--target", "12")

    found = json.loads(outcome.out)
    assert outcome.code == 3
    assert {name: found[name] for name in ("from", "to", "months")} == {
        "from": "2026-01",
        "to": "2026-03",
        "months": 3,
    }
    assert found["alerts"][0] == {
        "topic": "water_critical",
        "department": "water",
        "level": "critical",
        "threshold": 100,
        "outlook": "sometimes",
        "now": {"count": 150, "state": "over", "since": "2026-03"},
        "sent": ["2026-03"],
        "unknown": [{"month": "2026-02", "reason": '"Water" is not in the report'}],
        "counts": {"2026-01": 99, "2026-02": None, "2026-03": 150},
        "suggestion": {"threshold": 98, "highest": 98, "over": 2, "of": 2},
    }


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["nowhere"], "error: nowhere: there is no such file"),
        (["reports", "--outputs", "x.json", "--board", "b.html"], "error: x.json: No such file"),
        (["reports", "--board", "no/b.html"], "error: no/b.html: No such file or directory"),
        (["reports", "--picture", "no/b.png"], "error: no/b.png: No such file or directory"),
        (["reports", "--from", "2026-03", "--to", "2026-02"], "error: 2026-03 to 2026-02: give"),
    ],
)
def test_what_cant_be_used_exits_with_2_and_prints_nothing(
    backtest: Backtest, options: list[str], error: str
) -> None:
    write_reports(Path("reports"), {"2026-02": 1})

    outcome = backtest(*options)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(error)
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["reports", "--from", "2026-2"],
        ["reports", "--to", "2026-13"],
        ["reports", "--target", "13"],
        ["reports", "--target", "-1"],
        ["reports", "--target", "a"],
        ["reports", "--format", "html"],
    ],
)
def test_bad_usage_exits_with_2(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(options)

    assert raised.value.code == 2


def test_help_lists_the_exit_codes_and_how_a_file_names_its_month(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--help"])

    out = capsys.readouterr().out
    assert raised.value.code == 0
    assert "exit codes:\n  0  every month of every alert is known\n  2  usage" in out
    assert "2026-02, 202602, feb-2026" in out


def test_the_default_is_the_citys_own_departments(tmp_path: Path) -> None:
    """Run from elsewhere, too."""
    write_reports(tmp_path, {"2026-02": "101\nPothole,1\nStreet Light Out,1"})
    command = [sys.executable, "-m", "scripts.backtest", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )

    own = read_departments(str(ROOT / "terraform" / "departments.auto.tfvars"))
    assert all(f"\n{alert.topic} " in done.stdout for alert in own), done.stderr


def test_progress_is_shown_on_a_terminal_and_after_a_while_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for shows, step in ((False, 2.0), (True, 0.125)):
        monkeypatch.setattr(sys.stderr, "isatty", lambda shows=shows: shows)
        progress = _progress(7)
        for number in range(1, 8):
            now[0] += step
            progress(number)

    err = capsys.readouterr().err

    assert err == (
        "3 of 7 reports read\n6 of 7 reports read\n"
        "2 of 7 reports read\r4 of 7 reports read\r6 of 7 reports read\r7 of 7 reports read\n"
    )


def test_a_short_run_says_nothing_on_a_terminal_either(tmp_path: Path) -> None:
    write_reports(tmp_path, {"2026-02": "1\nPothole,1\nStreet Light Out,1"})
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "scripts.backtest", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=False)

    os.close(theirs)
    try:
        said = os.read(ours, 1000)
    except OSError:  # Linux: nothing was written, and nobody holds the other end
        said = b""
    assert (done.returncode, said) == (0, b"")


# Backtest and runner can't disagree.

ALERTS = """
departments = {
  streets = {
    services = ["Pothole", "Street Light Out"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["sms"] }
    }
  }
  trash = {
    services = ["illegal  dumping"]
    alerts   = { many = { threshold = 50, protocols = ["sms"] } }
  }
  water = {
    services = ["Water"]
    alerts   = { critical = { threshold = 100, protocols = ["email"] } }
  }
}
"""
# What can be wrong with a whole report, as a change of its text.
BROKEN: list[Callable[[str], str | None]] = [
    lambda text: None,  # no report
    lambda text: "",
    lambda text: "<html></html>",
    lambda text: HEADER,
    lambda text: text[:-1],  # cut short
    lambda text: text.replace("count", "number"),
    lambda text: text + '"',
]
CELLS = ["n/a", "", "-5", "1e3", "inf", "1,200", '"1,200"', "100.0", "100.5", " 101 ", "0"]


def a_report(chance: random.Random) -> str | None:
    """Make up a report: usually whole, often with a bad row, sometimes broken altogether."""
    names = ["Pothole", "STREET light out", "Illegal Dumping", "Water", "Graffiti"]
    names = chance.sample(names, chance.choice([5, 5, 5, 4]))
    rows = [f"{name},{chance.choice([0, 49, 50, 51, 99, 100, 101, 200, 301])}" for name in names]
    if chance.random() < 0.3:
        rows[0] = f"{names[0]},{chance.choice(CELLS)}"
    if chance.random() < 0.1:
        rows.append(rows[0])
    text = HEADER + "\n".join(rows) + "\n"
    return chance.choice(BROKEN)(text) if chance.random() < 0.15 else text


@pytest.mark.parametrize(
    ("seed", "remind"), [(0, "month"), (1, "never"), (2, "month"), (3, "never")]
)
def test_the_runner_itself_sends_the_same_alerts_in_the_same_months(
    seed: int, remind: str, backtest: Backtest, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    months = month_range("2024-03", "2026-02")
    Path("departments.tfvars").write_text(ALERTS)
    texts = dict.fromkeys(("subject", "message", "sms"), "{count}")
    alerts = [
        replace(alert, topic_arn=f"arn:aws:sns:us-east-1:123456789012:{alert.topic}", **texts)
        for alert in read_departments("departments.tfvars")
    ]
    config = runner_config(*alerts, remind=remind, ledger_bucket="ledger")
    Path("config.json").write_text(config)
    coverage = {alert.topic: {"email": 1} for alert in alerts}
    values = {"runner_config": json.loads(config), "coverage": coverage}
    Path("outputs.json").write_text(json.dumps({k: {"value": v} for k, v in values.items()}))
    for month in months:
        if (text := a_report(chance)) is not None:
            Path(f"reports/{month}.csv").write_text(text)

    known = ["--outputs", "outputs.json", "--format", "json"]
    outcome = backtest("--from", months[0], "--to", months[-1], *known)

    ours = {
        (alert["topic"], month): "unknown" if count is None else f"{count}"
        for alert in json.loads(outcome.out)["alerts"]
        for month, count in alert["counts"].items()
    }
    replayed = {
        (alert["topic"], month)
        for alert in json.loads(outcome.out)["alerts"]
        for month in alert["sent"]
    }
    theirs, sent, statuses = {}, set(), set()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="ledger")
        for alert in alerts:
            boto3.client("sns").create_topic(Name=alert.topic)
        for month in months:
            options = ["--config", "config.json", "--month", month, "--format", "json"]
            code = runner([*options, "--report", f"reports/{month}.csv"])
            rows = json.loads(capsys.readouterr().out).get("alerts", [])
            assert rows or code == 3
            theirs |= {(alert.topic, month): "unknown" for alert in alerts}
            for row in rows:
                count = row["count"]
                theirs[row["topic"], month] = "unknown" if count is None else f"{count}"
                statuses.add(row["status"])
                if row["status"] == "sent":
                    sent.add((row["topic"], month))
    assert ours == theirs
    assert replayed == sent
    silent = {"already_sent"} if remind == "never" else set()
    assert statuses == {"sent", "below", "unknown"} | silent, "a test that sees all of them"


# The sample.


def test_the_sample_is_always_the_same_24_months_and_ends_with_the_sample_report() -> None:
    sample = sample_history.sample()

    assert sample == sample_history.sample()
    assert list(sample) == [
        *(f"{m}.csv" for m in month_range("2024-03", "2026-02")),
        "departments.tfvars",
    ]
    last = dict(row.split(",") for row in sample["2026-02.csv"].splitlines())
    report = (ROOT / "scripts" / "samples" / "2026-02.csv").read_text().splitlines()
    assert len(last) == 1 + 6
    assert last.items() <= {row.split(",")[-2]: row.split(",")[-1] for row in report}.items()


def test_the_sample_holds_what_the_page_is_to_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over for a year, seasonal, never, always, and a month that is unknown."""
    assert sample_history.main([str(tmp_path / "new")]) == 0
    options = ["--departments", str(tmp_path / "new" / "departments.tfvars"), "--format", "json"]

    assert main([str(tmp_path / "new"), *options]) == 3

    alerts = {a["topic"]: a for a in json.loads(capsys.readouterr().out)["alerts"]}
    assert alerts["water_critical"]["sent"] == month_range("2025-03", "2026-02")
    assert [u["month"] for u in alerts["graffiti_critical"]["unknown"]] == ["2025-06"]
    assert {name: a["outlook"] for name, a in alerts.items()} == {
        "graffiti_critical": "always",
        "parks_critical": "never",
        "streets_critical": "sometimes",
        "streets_extreme": "sometimes",
        "trash_notifications": "sometimes",
        "water_critical": "sometimes",
        "water_extreme": "never",
    }


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_the_sample_needs_a_folder(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sample_history.main(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m scripts.samples FOLDER\n"

"""The ledger shown as a table, and forgotten after asking."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.ledger import Entry, Ledger
from scripts import ledger as command
from scripts.ledger import main
from tests.support.aws import BUCKET, Aws, Fault
from tests.support.live import state

SENT = Entry("over", 303, "2026-02", None, "", "2025-12", "2026-03-01T07:00:00+00:00", "2026-02")
FULL = Ledger(
    reports={"2026-01": "5" * 64, "2026-02": "6" * 64},
    alerts={
        "water_critical": SENT,
        "water_extreme": Entry("below", 27, "2026-02"),
    },
)
TABLE = f"""\
s3://{BUCKET}/ledger.json: reports of 2026-01, 2026-02

TOPIC           STATE  COUNT  MONTH    OVER SINCE  LAST SENT
water_critical  over     303  2026-02  2025-12     2026-03-01, for 2026-02
water_extreme   below     27  2026-02              never                    there is no such alert \
any more
"""
Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    """Somebody who can be asked, and has these answers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command beside an S3 that holds a ledger."""

    def start(
        aws: Aws, *options: str, answer: io.StringIO | None = None, text: str | None = None
    ) -> tuple[int, str, str]:
        (tmp_path / "state.json").write_text(text or state(ledger_bucket=BUCKET))
        monkeypatch.setattr("sys.stdin", answer or io.StringIO("yes\n"))
        with aws:
            monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
            code = main(["--state", str(tmp_path / "state.json"), *options])
        return (code, *capsys.readouterr())

    return start


@pytest.fixture
def aws() -> Aws:
    server = Aws()
    server.put(FULL)
    return server


def test_the_ledger_is_shown_as_a_table_and_left_as_it_is(run: Run, aws: Aws) -> None:
    assert run(aws) == (0, TABLE, "")
    assert aws.ledger == FULL


def test_a_claim_is_said(run: Run, aws: Aws) -> None:
    aws.put(Ledger(claim="abc 1", alerts={}))

    assert run(aws)[1] == (
        f"s3://{BUCKET}/ledger.json: reports of none yet\n"
        "A check holds it, or died while it did. The next check goes on from there.\n"
        "\n"
        "It remembers no alert.\n"
    )


def test_before_the_first_check_it_remembers_nothing(run: Run) -> None:
    said = f"s3://{BUCKET}/ledger.json: reports of none yet\n\nIt remembers no alert.\n"

    assert run(Aws()) == (0, said, "")


def test_one_alert_is_forgotten_after_asking(run: Run, aws: Aws) -> None:
    code, out, err = run(aws, "--reset", "water_critical", answer=Terminal("yes\n"))

    assert (code, err) == (0, "")
    assert out == TABLE + (
        "\n"
        "Forget what was sent of water_critical? The next check sends again what is over.\n"
        "Type yes to forget: Forgotten: water_critical. An earlier version of the object on S3"
        " still has it.\n"
    )
    assert aws.ledger == Ledger(
        reports=FULL.reports, alerts={"water_extreme": FULL.alerts["water_extreme"]}
    )


def test_all_of_it_is_forgotten_with_the_reports(run: Run, aws: Aws) -> None:
    code, out, _ = run(aws, "--reset=all", answer=Terminal("yes\n"))

    assert code == 0
    assert "Forget what was sent of all 2 alerts?" in out
    assert aws.ledger == Ledger()


@pytest.mark.parametrize("answer", ["no\n", "\n", "y\n", "YES please\n"])
def test_any_other_answer_forgets_nothing(answer: str, run: Run, aws: Aws) -> None:
    code, out, _ = run(aws, "--reset=all", answer=Terminal(answer))

    assert code == 1
    assert out.endswith("Nothing was forgotten.\n")
    assert aws.ledger == FULL


def test_where_nobody_can_be_asked_nothing_is_forgotten(run: Run, aws: Aws) -> None:
    code, _, err = run(aws, "--reset=all", answer=io.StringIO("yes\n"))

    assert (code, err) == (2, "error: nobody can be asked; run this in a terminal\n")
    assert aws.ledger == FULL


def test_an_alert_that_it_does_not_know_is_an_error(run: Run, aws: Aws) -> None:
    code, _, err = run(aws, "--reset=water", answer=Terminal("yes\n"))

    assert (code, err) == (
        2,
        'error: the ledger remembers no "water"; it remembers water_critical, water_extreme; or say'
        " all\n",
    )


def test_a_check_that_is_alive_keeps_what_it_holds(
    run: Run, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put(Ledger(claim="abc 2", alerts=FULL.alerts))

    def go_on(_: float) -> None:
        aws.put(Ledger(claim="abc 1", alerts=FULL.alerts))

    monkeypatch.setattr("time.sleep", go_on)

    code, _, err = run(aws, "--reset=all", answer=Terminal("yes\n"))

    assert (code, err.splitlines()[1:]) == (
        1,
        ["error: a check is at work; run this again when it is done"],
    )
    assert aws.ledger.alerts == FULL.alerts


def test_a_dead_check_s_claim_is_forgotten_with_the_rest(
    run: Run, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LEASE_SECONDS", 0.05)
    monkeypatch.setattr(command, "POLL_SECONDS", 0.02)
    aws.put(Ledger(claim="abc 2", alerts=FULL.alerts))

    assert run(aws, "--reset=all", answer=Terminal("yes\n"))[0] == 0
    assert aws.ledger == Ledger()


def test_a_check_that_comes_between_is_not_undone(run: Run, aws: Aws) -> None:
    aws.always["PUT ledger.json"] = Fault(status=412)

    code, _, err = run(aws, "--reset=all", answer=Terminal("yes\n"))

    assert (code, err) == (1, "error: a check has changed the ledger meanwhile; run this again\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "nothing is applied yet; run `make plan`, then `make apply`"),
        (state(ledger_bucket=None), "there is no ledger: ledger = false in the settings"),
    ],
)
def test_without_a_ledger_it_says_why(text: str, said: str, run: Run) -> None:
    assert run(Aws(), text=text) == (2, "", f"error: {said}\n")


def test_what_is_no_ledger_is_not_overwritten(run: Run, aws: Aws) -> None:
    aws.objects["ledger.json"] = b"canary"

    code, out, err = run(aws, "--reset=all", answer=Terminal("yes\n"))

    assert (code, out) == (1, "")
    assert err == (
        f"error: s3://{BUCKET}/ledger.json: it is no ledger; restore an earlier version, or delete"
        " it\n"
    )
    assert aws.objects["ledger.json"] == b"canary"

"""Commands that ask AWS, as programs: interrupted, and with nobody who reads what they print."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.ledger import Ledger, dump
from scripts.terraform import ROOT
from tests.support.live import LiveAws, state
from tests.support.servers import SILENCE

COMMANDS = {"doctor": 2, "subscriptions": 2, "ledger": 1}


@pytest.fixture
def env(tmp_path: Path) -> Mapping[str, str]:
    (tmp_path / "state.json").write_text(state(ledger_bucket="city-ledger"))
    return {**os.environ, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def start(command: str, folder: Path, env: Mapping[str, str], aws: LiveAws, **options: object):  # type: ignore[no-untyped-def]
    return subprocess.Popen(
        [sys.executable, "-m", f"scripts.{command}", "--state", str(folder / "state.json")],
        cwd=ROOT,
        env={**env, "AWS_ENDPOINT_URL": aws.url},
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_an_interrupt_ends_it_at_once_in_one_line(
    command: str, tmp_path: Path, env: Mapping[str, str]
) -> None:
    actions = ("GetCallerIdentity", "ListSubscriptionsByTopic", "GetObject")
    with LiveAws(answers=dict.fromkeys(actions, SILENCE)) as aws:
        process = start(command, tmp_path, env, aws, stdout=subprocess.DEVNULL)
        while not aws.requests and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=8)

    assert (process.returncode, errors) == (COMMANDS[command], "error: interrupted\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_result_that_nobody_reads_is_one_line(
    command: str, tmp_path: Path, env: Mapping[str, str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with LiveAws(objects={"ledger.json": dump(Ledger())}) as aws:
        process = start(command, tmp_path, env, aws, stdout=writer)
        os.close(writer)
        _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (
        2,
        "error: the result could not be written: Broken pipe\n",
    )


def test_a_name_that_the_terminal_can_not_show_stops_nothing(
    tmp_path: Path, env: Mapping[str, str]
) -> None:
    text = state({"email/José": "canary-ana@example.com"})
    (tmp_path / "state.json").write_text(text)
    plain = {**env, "PYTHONIOENCODING": "ascii"}
    with LiveAws() as aws:
        process = start("subscriptions", tmp_path, plain, aws, stdout=subprocess.PIPE)
        out, errors = process.communicate(timeout=30)

    assert "Jos\\xe9" in out
    assert errors == ""

"""What every test starts from: made-up credentials, no settings of the user's."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from runner.cli import main
from runner.config import Alert
from tests.support.examples import runner_config


@pytest.fixture(autouse=True)
def aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def new_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 forget credentials and profile, for a test that sets its own."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def no_credentials(new_session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")


@dataclass(frozen=True)
class Outcome:
    """What one run of the command ended in and printed."""

    code: int
    out: str
    err: str


Check = Callable[..., Outcome]


@pytest.fixture
def check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Check:
    """Run the command for 2026-02 in a folder with config.json and, if given, report.csv.

    What is named beside alerts and report goes into the runner_config.
    """

    def run(
        *options: str,
        alerts: tuple[Alert, ...],
        report: bytes | str | None = None,
        **settings: Any,
    ) -> Outcome:
        monkeypatch.chdir(tmp_path)
        Path("config.json").write_text(runner_config(*alerts, **settings), encoding="utf-8")
        arguments = ["--config", "config.json", "--month", "2026-02", *options]
        if report is not None:
            body = report.encode() if isinstance(report, str) else report
            Path("report.csv").write_bytes(body)
            arguments += ["--report", "report.csv"]
        code = main(arguments)
        return Outcome(code, *capsys.readouterr())

    return run

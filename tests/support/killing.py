"""Checks as processes, against an S3 and SNS on loopback that kill their client at a request."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Literal
from unittest.mock import patch

from runner import check as check_module
from runner.cli import main
from scripts.terraform import ROOT
from tests.support.aws import BUCKET, Aws
from tests.support.examples import an_alert, runner_config


@dataclass(frozen=True)
class Kill:
    """Kill the client at its `number`th request: before it is obeyed, or before it is answered."""

    number: int
    when: Literal["before", "after"]


@dataclass(frozen=True)
class Outcome:
    """The exit code of a check, what became of each alert, and the requests it made."""

    code: int
    statuses: dict[str, str]
    requests: list[str]


class City(Aws):
    """Departments d00, d01, ... with one alert each, all over, and the AWS of their checks."""

    def __init__(self, folder: Path, departments: int) -> None:
        super().__init__()
        alerts = [an_alert(f"d{n:02}_high", services=("Water",)) for n in range(departments)]
        self.topics = [alert.topic for alert in alerts]
        (folder / "config.json").write_text(runner_config(*alerts, ledger_bucket=BUCKET))
        (folder / "report.csv").write_text("service_name,count\nWater,120\n")
        self._folder = folder
        files = [f"--config={folder}/config.json", f"--report={folder}/report.csv"]
        self._arguments = [*files, "--month=2026-02", "--format=json"]
        self._kill: Kill | None = None
        self._victim: subprocess.Popen[bytes] | None = None

    def killed(self, kill: Kill) -> list[str]:
        """Run one check as a process, kill it, and return its requests."""
        self.requests.clear()
        self._kill = kill
        env = {**os.environ, "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "killed"}
        command = [sys.executable, "-m", "runner", *self._arguments]
        with subprocess.Popen(command, cwd=ROOT, env=env) as self._victim:
            process = self._victim
        assert process.returncode == -signal.SIGKILL
        with self._lock:
            return list(self.requests)

    def check(self) -> Outcome:
        """Run one check to its end, in this process, with a lease that can be waited for."""
        self.requests.clear()
        out = io.StringIO()
        with (
            patch.dict(os.environ, {"AWS_ENDPOINT_URL": self.url}),
            patch.multiple(check_module, LEASE_SECONDS=0.3, POLL_SECONDS=0.05),
            redirect_stdout(out),
        ):
            code = main(self._arguments)
        return _outcome(code, out.getvalue(), self.requests)

    def checks_at_once(self, number: int) -> list[Outcome]:
        """Run checks as processes that all begin at the same instant."""
        results = self._folder / "results"
        results.mkdir()
        command = [sys.executable, "-m", "tests.support.checking", str(number), str(results)]
        env = {**os.environ, "AWS_ENDPOINT_URL": self.url}
        done = subprocess.run([*command, *self._arguments], cwd=ROOT, env=env, check=False)
        return [_outcome(done.returncode, path.read_text(), []) for path in results.iterdir()]

    def in_the_air(self) -> set[str]:
        """The topics that were published to and not recorded: those that may get a second copy."""
        recorded = self.ledger.alerts if "ledger.json" in self.objects else {}
        return self.sent().keys() - recorded.keys()

    def _serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if "Credential=killed/" not in handler.headers["Authorization"]:
            super()._serve(handler, body)
            return
        with self._lock:
            if self._victim and self._kill:
                number = len(self.requests) + 1
                is_last = number == self._kill.number
                if not is_last:
                    self._answer(handler, body)
                    return
                if self._kill.when == "after":
                    self._take(handler, body)
                else:
                    self.requests.append(self._name(handler, body)[0])
                self._victim.send_signal(signal.SIGKILL)
                self._victim = None
        handler.close_connection = True  # also of what was on its way when its sender was killed
        handler.connection.close()


def _outcome(code: int, out: str, requests: list[str]) -> Outcome:
    statuses = {alert["topic"]: alert["status"] for alert in json.loads(out)["alerts"]}
    return Outcome(code, statuses, list(requests))

"""Checks as processes, against an S3 and SNS on loopback that kill their client at a request."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Literal
from unittest.mock import patch

from runner import check as check_module
from runner.cli import main
from scripts.terraform import ROOT
from tests.support.aws import BUCKET, Aws
from tests.support.examples import an_alert, runner_config

# Of a check whose predecessor was killed: one that can be waited for.
LEASE_SECONDS = 0.3


@dataclass(frozen=True)
class Kill:
    """Kill the client at its `number`th request: before it is obeyed, or before it is answered.

    To read ledger.json counts once: how often a check looks whether a claim has changed depends.
    """

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
        self._victim, self._key, self._numbers = 0, "", count()

    def killed(self, kill: Kill) -> list[str]:
        """Run one check as a process, kill it, and return its requests."""
        with self._lock:
            self.requests.clear()
            self._kill = kill
            self._key = f"killed{next(self._numbers)}"
            checks = self._begin(1, LEASE_SECONDS, AWS_ACCESS_KEY_ID=self._key)
            (self._victim,) = next(checks)
        codes = next(checks)
        with self._lock:
            assert codes == [-signal.SIGKILL], (codes, self.requests)
            return list(self.requests)

    def check(self) -> Outcome:
        """Run one check to its end, in this process, with a lease that can be waited for."""
        self.requests.clear()
        out = io.StringIO()
        with (
            patch.dict(os.environ, {"AWS_ENDPOINT_URL": self.url}),
            patch.multiple(check_module, LEASE_SECONDS=LEASE_SECONDS, POLL_SECONDS=0.05),
            redirect_stdout(out),
        ):
            code = main(self._arguments)
        return _outcome(code, out.getvalue(), self.requests)

    def checks_at_once(self, number: int) -> list[Outcome]:
        """Run checks as processes that all begin at the same instant."""
        checks = self._begin(number, 60.0)
        next(checks)
        codes = enumerate(next(checks))
        return [_outcome(code, (self._folder / str(n)).read_text(), []) for n, code in codes]

    def _begin(self, number: int, lease: float, **env: str) -> Iterator[list[int]]:
        """Begin checks as processes; yield their ids, then their exit codes."""
        job = {"number": number, "lease": lease, "folder": str(self._folder)}
        job |= {"arguments": self._arguments, "env": {"AWS_ENDPOINT_URL": self.url, **env}}
        print(json.dumps(job), file=_starter().stdin, flush=True)
        return map(json.loads, _starter().stdout or ())

    def in_the_air(self) -> set[str]:
        """The topics that were published to and not recorded: those that may get a second copy."""
        recorded = self.ledger.alerts if "ledger.json" in self.objects else {}
        return self.sent().keys() - recorded.keys()

    def _serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        credential = handler.headers["Authorization"].partition("Credential=")[2].split("/")[0]
        if not credential.startswith("killed"):
            super()._serve(handler, body)
            return
        with self._lock:
            if self._victim and self._kill and credential == self._key:
                names = [*self.requests, self._name(handler, body)[0]]
                number = 1 + sum(name != "GET ledger.json" for name in names)
                is_last = number == self._kill.number
                if not is_last:
                    self._answer(handler, body)
                    return
                if self._kill.when == "after":
                    self._take(handler, body)
                else:
                    self.requests.append(self._name(handler, body)[0])
                os.kill(self._victim, signal.SIGKILL)
                self._victim = 0
        handler.close_connection = True  # also of what was on its way when its sender was killed
        handler.connection.close()


@cache
def _starter() -> "subprocess.Popen[str]":
    """The process that starts the checks; it ends at the end of its input, with this one."""
    command = [sys.executable, "-m", "tests.support.checking"]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _outcome(code: int, out: str, requests: list[str]) -> Outcome:
    statuses = {alert["topic"]: alert["status"] for alert in json.loads(out)["alerts"]}
    return Outcome(code, statuses, list(requests))

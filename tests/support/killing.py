"""Checks as processes, against an AWS in memory that kills its client at a chosen request."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from runner import deliver
from runner.cli import main
from runner.ledger import Entry, parse
from scripts.dev.sandbox import ACCOUNT, REGION
from scripts.terraform import ROOT
from tests.support.examples import an_alert, outputs

BUCKET = "city-ledger"


@dataclass(frozen=True)
class Kill:
    """Kill the client at its `number`th request: before it is obeyed, or before it is answered."""

    number: int
    when: Literal["before", "after"]


@dataclass(frozen=True)
class Outcome:
    """What a check ended in, and asked AWS for."""

    code: int
    statuses: dict[str, str]
    requests: list[str]


class City:
    """Departments d0, d1, ... with one alert each, all over, and the AWS that serves their checks.

    It obeys one request at a time, as S3 does for one object. ledger: "bucket" or "folder".
    """

    def __init__(self, folder: Path, departments: int, ledger: str = "bucket") -> None:
        self._folder, self._ledger = folder, ledger
        alerts = [an_alert(f"d{n}_high", services=("Water",)) for n in range(departments)]
        self.topics = [alert.topic for alert in alerts]
        settings = {"ledger_bucket": BUCKET} if ledger == "bucket" else {}
        (folder / "outputs.json").write_text(outputs(*alerts, **settings))
        (folder / "report.csv").write_text("service_name,count\nWater,120\n")
        (folder / "ledger").mkdir()
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=MotoRequestHandler
        )
        self._lock = threading.Lock()
        self._requests: list[str] = []
        self._kill: Kill | None = None
        self._victim: subprocess.Popen[bytes] | None = None
        self._url = f"http://127.0.0.1:{self._server.server_port}"
        self._env = {**os.environ, "AWS_ENDPOINT_URL": self._url}
        kept = ["--ledger", f"{folder}/ledger"] if ledger == "folder" else []
        files = ["--outputs", f"{folder}/outputs.json", "--report", f"{folder}/report.csv"]
        self._arguments = [*files, *kept, "--month", "2026-02", "--format", "json"]

    def __enter__(self) -> "City":
        for service in ("s3", "sns"):
            get_backend(service).reset()
        sns, s3 = get_backend("sns")[ACCOUNT][REGION], get_backend("s3")[ACCOUNT]["aws"]
        self._sns = {topic: sns.create_topic(topic) for topic in self.topics}
        s3.create_bucket(BUCKET, REGION)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()

    def killed(self, kill: Kill) -> list[str]:
        """Run one check as a process, kill it as told, and return its requests."""
        self._requests, self._kill = [], kill
        env = {**self._env, "AWS_ACCESS_KEY_ID": "killed"}
        command = [sys.executable, "-m", "runner", *self._arguments]
        with subprocess.Popen(command, cwd=ROOT, env=env) as self._victim:
            process = self._victim
        assert process.returncode == -signal.SIGKILL
        return self._requests

    def check(self) -> Outcome:
        """Run one check to its end, in this process, with a lease that can be waited for."""
        self._requests = []
        out = io.StringIO()
        with (
            patch.dict(os.environ, {"AWS_ENDPOINT_URL": self._url}),
            patch.multiple(deliver, LEASE_SECONDS=0.3, POLL_SECONDS=0.05),
            redirect_stdout(out),
        ):
            code = main(self._arguments)
        return _outcome(code, out.getvalue(), self._requests)

    def checks_at_once(self, number: int) -> list[Outcome]:
        """Run checks as processes that all begin at the same instant."""
        results = self._folder / "results"
        results.mkdir()
        command = [sys.executable, "-m", "tests.support.checking", str(number), str(results)]
        done = subprocess.run([*command, *self._arguments], cwd=ROOT, env=self._env, check=False)
        return [_outcome(done.returncode, path.read_text(), []) for path in results.iterdir()]

    def sent(self) -> dict[str, int]:
        """How many messages each topic was given."""
        return {topic: len(self._sns[topic].sent_notifications) for topic in self.topics}

    def entries(self) -> dict[str, Entry]:
        """What the ledger holds."""
        return {topic: parse(topic, self._body(f"{topic}.json")) for topic in self.topics}

    def _body(self, name: str) -> bytes:
        if self._ledger == "folder":
            path = self._folder / "ledger" / name
            return path.read_bytes() if path.exists() else b""
        key = get_backend("s3")[ACCOUNT]["aws"].get_object(BUCKET, f"ledger/{name}")
        return key.value if key else b""

    def _serve(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            victim, kill = self._victim, self._kill
            if not victim and "Credential=killed/" in environ["HTTP_AUTHORIZATION"]:
                raise ConnectionAbortedError  # was on its way when its sender was killed
            self._requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
            is_last = victim and kill and len(self._requests) == kill.number
            answer = [] if is_last and kill.when == "before" else list(self._app(environ, start))
            if is_last:
                victim.send_signal(signal.SIGKILL)
                self._victim = None
                raise ConnectionAbortedError
            return answer


def _outcome(code: int, out: str, requests: list[str]) -> Outcome:
    statuses = {alert["topic"]: alert["status"] for alert in json.loads(out)["alerts"]}
    return Outcome(code, statuses, requests)


def in_the_window(city: City) -> set[str]:
    """The topics that were published to, and not marked: those that may get a second copy."""
    entries = city.entries()
    return {
        topic
        for topic, number in city.sent().items()
        if number and (entries[topic].claim or entries[topic].state != "over")
    }

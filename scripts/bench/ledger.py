"""One run with 200 alerts due and a ledger on an S3 that is 20 ms away, beside one without it."""

import json
import sys
import time
from collections.abc import Mapping
from hashlib import md5
from pathlib import Path
from threading import Lock
from typing import ClassVar

from scripts.bench.measure import Job, Row, medians, with_bytecode
from scripts.bench.run import SlowSns, alerts_of, serve
from scripts.dev.sandbox import StepError, local_aws
from scripts.terraform import ROOT

ALERTS = 200
S3_SECONDS = 0.02
TIMES = 2
BUCKET = "ledger"


def measure(folder: Path, rounds: int) -> list[Row]:
    """Measure whole processes, in seconds; each finds a ledger that knows of nothing."""
    services = [f"department_{number:03}" for number in range(ALERTS)]
    report = folder / "ledger_report.csv"
    report.write_text("service_name,count\n" + "".join(f"{name},150\n" for name in services))
    jobs = []
    with local_aws() as aws, serve(_SlowS3AndSns) as url:
        env = with_bytecode({**aws, "AWS_ENDPOINT_URL": url}, folder)
        for name, settings in {"with": {"ledger_bucket": {"value": BUCKET}}, "without": {}}.items():
            outputs = folder / f"{name}_ledger.json"
            outputs.write_text(json.dumps({**alerts_of(services), **settings}))
            options = ["--format=json", f"--outputs={outputs}", f"--report={report}"]
            command = [sys.executable, "-m", "runner", *options]
            jobs.append(Job(name, rounds, command, ROOT, env, _all_sent))
        found = medians(jobs)
    ours, beside = (found[name]["seconds"] for name in ("with", "without"))
    what = f"run, {ALERTS} alerts, ledger {S3_SECONDS * 1000:g} ms away; no ledger"
    return [Row(what, "s", ours, beside, ours / beside, at_most=TIMES)]


def _all_sent(output: str) -> Mapping[str, float]:
    """Judge a run, and let the ledger forget it."""
    if json.loads(output)["sent"] != ALERTS:
        raise StepError(f"not all {ALERTS} alerts were sent:\n{output}")
    _SlowS3AndSns.objects.clear()
    return {}


class _SlowS3AndSns(SlowSns):
    """As much of S3 as a ledger needs, each answer after S3_SECONDS, beside the slow SNS."""

    objects: ClassVar[dict[str, bytes]] = {}
    lock = Lock()

    def do_GET(self) -> None:  # noqa: N802
        """Read an entry."""
        body = self.objects.get(self.path)
        missing = b"<Error><Code>NoSuchKey</Code></Error>"
        self._answer(404 if body is None else 200, missing if body is None else body)

    def do_PUT(self) -> None:  # noqa: N802
        """Write an entry on its condition."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            before = self.objects.get(self.path)
            expected = self.headers["If-Match"]
            is_lost = before is not None if expected is None else _etag(before) != expected
            if not is_lost:
                self.objects[self.path] = body
        self._answer(412 if is_lost else 200, b"" if is_lost else body, shows_body=False)

    def _answer(self, status: int, body: bytes, shows_body: bool = True) -> None:
        time.sleep(S3_SECONDS)
        self.send_response(status)
        self.send_header("ETag", _etag(body))
        self.send_header("Content-Length", str(len(body) if shows_body else 0))
        self.end_headers()
        self.wfile.write(body if shows_body else b"")


def _etag(body: bytes | None) -> str:
    return f'"{md5(body or b"", usedforsecurity=False).hexdigest()}"'

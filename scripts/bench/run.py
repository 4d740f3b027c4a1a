"""One check with 40 alerts due, on an SNS that takes its time, beside the imports alone.

Both find their bytecode in place, as on every run but the first.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from scripts.bench.measure import Job, Row, expecting, medians, scaled, with_bytecode
from scripts.dev.sandbox import ACCOUNT, REGION, local_aws
from scripts.terraform import ROOT

ALERTS, ANSWER_SECONDS, SECONDS_MORE = 40, 0.05, 0.5
ONLY_IMPORTS = f"import boto3, pandas; boto3.client('sns', region_name='{REGION}')"


def measure(folder: Path, rounds: int, scale: float) -> list[Row]:
    """Measure whole processes, in seconds."""
    alerts = scaled(ALERTS, scale)
    with local_aws() as aws, serve(SlowSns) as url:
        env = with_bytecode({**aws, "AWS_ENDPOINT_URL": url}, folder)
        jobs = [
            Job("check", check_of(folder, alerts), ROOT, env, expecting("sent", alerts)),
            Job("only imports", [sys.executable, "-c", ONLY_IMPORTS], ROOT, env),
        ]
        ours, imports = (found["seconds"] for found in medians(jobs, rounds).values())
    what = f"run, {alerts} alerts; the imports alone"
    return [Row(what, "s", ours, imports, more=SECONDS_MORE)]


def check_of(folder: Path, alerts: int, **settings: str) -> Sequence[str]:
    """Write a report that is over every threshold, and return the command of its check."""
    departments = [f"department_{number:03}" for number in range(alerts)]
    report = folder / "report.csv"
    report.write_text("service_name,count\n" + "".join(f"{name},150\n" for name in departments))
    config = folder / f"{'_'.join(['runner_config', *settings.values()])}.json"
    config.write_text(json.dumps({**runner_config(departments), **settings}))
    options = ["--format=json", f"--config={config}", f"--report={report}"]
    return [sys.executable, "-m", "runner", *options]


def runner_config(departments: Sequence[str]) -> Mapping[str, object]:
    """Return what `terraform output -json runner_config` prints for an alert per department."""
    alerts = {
        f"{name}_critical": {
            "department": name,
            "level": "critical",
            "services": [name],
            "threshold": 100,
            "protocols": ["email"],
            "topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}_critical",
            "subject": "{department}",
            "message": "{count} open cases",
            "sms": "{count}",
        }
        for name in departments
    }
    unset = ("ledger_bucket", "max_report_age_days", "operators_topic_arn", "report_url")
    settings = {"remind": "month", "notify_recovery": False, **dict.fromkeys(unset)}
    return {"alerts": alerts, **settings}


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve a slow AWS on a free loopback port; yield its URL."""
    with _Server(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a dropped connection would cost its client a second


class SlowSns(BaseHTTPRequestHandler):
    """An SNS that takes in every message, each after ANSWER_SECONDS."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Take in one message."""
        self.rfile.read(int(self.headers["Content-Length"]))
        result = "<PublishResult><MessageId>1</MessageId></PublishResult>"
        self.answer(200, f"<PublishResponse>{result}</PublishResponse>".encode(), ANSWER_SECONDS)

    def answer(self, status: int, body: bytes, seconds: float, etag: str = "") -> None:
        """Answer after so many seconds."""
        time.sleep(seconds)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""

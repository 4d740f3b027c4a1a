"""One run with 40 alerts due, on an SNS that takes its time.

Beside it: a process that only imports what the runner needs, and the old way (bench_old_way).
All of them find their bytecode in place, as on every run but the first.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

from scripts.bench.measure import Job, Row, medians, with_bytecode, write_contacts
from scripts.dev.sandbox import ACCOUNT, REGION, StepError, local_aws
from scripts.terraform import ROOT

DEPARTMENTS = [f"department_{number:02}" for number in range(1, 41)]
ANSWER_SECONDS = 0.05
SECONDS_ADDED, TIMES_FASTER = 0.6, 20
ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:"
ONLY_IMPORTS = f"import boto3, pandas; boto3.client('sns', region_name='{REGION}')"


def measure(folder: Path, contacts: int, rounds: int) -> list[Row]:
    """Measure whole processes, in seconds. The old way, a minute long, runs once."""
    report, people, outputs = (folder / n for n in ("report.csv", "people.csv", "outputs.json"))
    report.write_text("service_name,count\n" + "".join(f"{name},150\n" for name in DEPARTMENTS))
    write_contacts(people, contacts, DEPARTMENTS)
    outputs.write_text(json.dumps(alerts_of(DEPARTMENTS)))
    commands = {
        "runner": ["-m", "runner", "--format=json", f"--outputs={outputs}", f"--report={report}"],
        "only imports": ["-c", ONLY_IMPORTS],
        "old way": ["-m", "scripts.bench.old_way", str(people), str(report)],
    }
    with local_aws() as aws, serve(SlowSns) as url:
        env = with_bytecode({**aws, "AWS_ENDPOINT_URL": url}, folder)
        found = medians(
            [
                Job(name, 1 if name == "old way" else rounds, [sys.executable, *c], ROOT, env, _all)
                for name, c in commands.items()
            ]
        )
    ours, imports, old = (found[name]["seconds"] for name in commands)
    what = f"run, {len(DEPARTMENTS)} alerts"
    near, far = f"{what}; only the imports", f"{what}; the old way, {contacts:,} contacts"
    return [
        Row(near, "s", ours, imports, ours - imports, "s more", at_most=SECONDS_ADDED),
        Row(far, "s", ours, old, old / ours, at_least=TIMES_FASTER),
    ]


def _all(output: str) -> Mapping[str, float]:
    """Whoever says how many alerts it sent must have sent them all."""
    if output and json.loads(output)["sent"] != len(DEPARTMENTS):
        raise StepError(f"not all {len(DEPARTMENTS)} alerts were sent:\n{output}")
    return {}


def alerts_of(departments: Sequence[str]) -> Mapping[str, object]:
    """Return what `terraform output -json` would print for one alert per department."""
    texts = {"subject": "{department}", "message": "{count} open cases", "sms": "{count}"}
    alerts = {
        f"{name}_critical": {
            **{"department": name, "level": "critical", "services": [name], "threshold": 100},
            **{"protocols": ["email"], "topic_arn": f"{ARN}{name}_critical", **texts},
        }
        for name in departments
    }
    return {"alerts": {"value": alerts}, "report_url": {"value": ""}}


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
    """As much of SNS's query protocol as is needed, each answer after ANSWER_SECONDS."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one call."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        action = form["Action"][0]
        result = {
            "Publish": "<MessageId>1</MessageId>",
            "CreateTopic": f"<TopicArn>{ARN}{form.get('Name', [''])[0]}</TopicArn>",
            "Subscribe": "<SubscriptionArn>pending confirmation</SubscriptionArn>",
        }.get(action)
        body = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        time.sleep(ANSWER_SECONDS)
        self.send_response(200 if result else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""

"""A check with 200 alerts due and a ledger on an S3 that is 20 ms away, beside no ledger.

And a check in which nothing changed, by how often it asks S3.
"""

from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from threading import Lock
from typing import ClassVar

from scripts.bench.measure import Figures, Job, Row, expecting, medians, scaled, with_bytecode
from scripts.bench.run import SlowSns, check_of, serve
from scripts.dev.sandbox import local_aws, run
from scripts.terraform import ROOT

ALERTS, S3_SECONDS = 200, 0.02
TIMES, REQUESTS = 1.2, 2


def measure(folder: Path, rounds: int, scale: float) -> list[Row]:
    """Measure whole processes, in seconds, and their requests to S3."""
    alerts = scaled(ALERTS, scale)
    empty, full = (check_of(folder, alerts, ledger_bucket=name) for name in ("empty", "full"))
    with local_aws() as aws, serve(SlowS3AndSns) as url:
        env = with_bytecode({**aws, "AWS_ENDPOINT_URL": url}, folder)
        run(full, ROOT, env)
        jobs = [
            Job("ledger", empty, ROOT, env, _counting(alerts)),
            Job("no ledger", check_of(folder, alerts), ROOT, env, expecting("sent", alerts)),
            Job("nothing changed", full, ROOT, env, _counting(0)),
        ]
        SlowS3AndSns.requests.clear()
        found = medians(jobs, rounds)
    ours, none = found["ledger"], found["no ledger"]
    what, asked = f"ledger {S3_SECONDS * 1000:g} ms away, {alerts} alerts due", "requests"
    unchanged = "S3 when nothing changed; when all are due"
    return [
        Row(f"{what}; no ledger", "s", ours["seconds"], none["seconds"], times=TIMES),
        Row(unchanged, asked, found["nothing changed"][asked], ours[asked], most=REQUESTS),
    ]


def _counting(sent: int) -> Callable[[str], Figures]:
    """Return how to read a check that sent so many, after which the empty ledger is so again."""

    def read(output: str) -> Figures:
        expecting("sent", sent)(output)
        figures = {"requests": len(SlowS3AndSns.requests)}
        SlowS3AndSns.requests.clear()
        for path in [path for path in SlowS3AndSns.objects if path.startswith("/empty/")]:
            del SlowS3AndSns.objects[path]
        return figures

    return read


class SlowS3AndSns(SlowSns):
    """As much of S3 as a ledger needs, each answer after S3_SECONDS, beside the slow SNS."""

    objects: ClassVar[dict[str, bytes]] = {}
    requests: ClassVar[list[str]] = []
    lock = Lock()

    def do_GET(self) -> None:  # noqa: N802
        """Read an object, or list that there is none of the earlier form."""
        self.requests.append(self.path)
        body = self.objects.get(self.path)
        if "list-type=2" in self.path:
            self.answer(200, b"<ListBucketResult></ListBucketResult>", S3_SECONDS)
        elif body is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>", S3_SECONDS)
        else:
            self.answer(200, body, S3_SECONDS, _etag(body))

    def do_PUT(self) -> None:  # noqa: N802
        """Write an object on its condition."""
        self.requests.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            before, expected = self.objects.get(self.path), self.headers["If-Match"]
            is_lost = before is not None if expected is None else _etag(before) != expected
            if not is_lost:
                self.objects[self.path] = body
        self.answer(412 if is_lost else 200, b"", S3_SECONDS, _etag(body))


def _etag(body: bytes | None) -> str:
    return f'"{md5(body or b"", usedforsecurity=False).hexdigest()}"'

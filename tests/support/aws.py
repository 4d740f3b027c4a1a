"""S3 and SNS on loopback: one bucket, every request noted, faults at chosen requests."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from runner.ledger import Ledger, dump, parse

BUCKET = "city-ledger"
# Status, headers and body.
Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Fault:
    """What goes wrong at a request.

    is_done: whether it is obeyed all the same. status: answered then, 0 for a closed connection.
    seconds: before the answer.
    """

    is_done: bool = False
    status: int = 0
    seconds: float = 0.0


class Aws:
    """Obeys one request at a time. faults: by name and number, such as ("PUT ledger.json", 2)."""

    def __init__(self, faults: dict[tuple[str, int], Fault] | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.written: list[Ledger] = []
        self.published: list[dict[str, str]] = []
        self.faults = faults or {}
        self.always: dict[str, Fault] = {}
        self.publish_seconds = 0.0
        self._lock = threading.Lock()
        self._number: Counter[str] = Counter()
        city = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                city._serve(self, b"")

            def do_PUT(self) -> None:
                city._serve(self, self.rfile.read(int(self.headers["Content-Length"])))

            def do_POST(self) -> None:
                self.do_PUT()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Aws":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def ledger(self) -> Ledger:
        """What the ledger holds."""
        return parse(self.objects["ledger.json"])

    def put(self, ledger: Ledger) -> None:
        """Write the ledger as another check would."""
        with self._lock:
            self.objects["ledger.json"] = dump(ledger)

    def sent(self) -> dict[str, int]:
        """How many messages each topic was given."""
        return dict(Counter(form["TopicArn"].rpartition(":")[2] for form in self.published))

    def forget(self) -> None:
        """Start counting again."""
        self.requests.clear()
        self.written.clear()
        self.published.clear()
        self._number.clear()

    def _serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._lock:
            name, *_ = self._name(handler, body)
            self._number[name] += 1
            fault = self.faults.get((name, self._number[name])) or self.always.get(name)
            if not fault or fault.is_done:
                answer = self._take(handler, body)
            else:
                self.requests.append(name)
        if fault:
            time.sleep(fault.seconds)
            if not fault.status:
                handler.close_connection = True
                handler.connection.close()
                return
            text = b"<E><Error><Code>Fault</Code><Message>canary</Message></Error></E>"
            answer = (fault.status, {}, text)
        if name.startswith("POST"):
            time.sleep(self.publish_seconds)
        _send(handler, *answer)

    def _name(
        self, handler: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[str, str, dict[str, str]]:
        """Return what a request is called, its key, and the fields of a publish."""
        fields = parse_qs(body.decode("latin-1")) if handler.command == "POST" else {}
        form = {name: values[0] for name, values in fields.items()}
        key = urlsplit(handler.path).path.removeprefix(f"/{BUCKET}").strip("/")
        topic = form.get("TopicArn", "").rpartition(":")[2]
        return f"{handler.command} {key or topic or 'list'}", key, form

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> Answer:
        """Note a request and obey it; the lock is held."""
        name, key, form = self._name(handler, body)
        self.requests.append(name)
        return self._obey(handler, name, key, form, body)

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        _send(handler, *self._take(handler, body))

    def _obey(
        self, handler: BaseHTTPRequestHandler, name: str, key: str, form: Any, body: bytes
    ) -> Answer:
        if form:
            self.published.append(form)
            number = f"m-{len(self.published)}".encode()
            text = b"<PublishResponse><PublishResult><MessageId>%s</MessageId></PublishResult>"
            return 200, {}, text % number + b"</PublishResponse>"
        if name == "GET list":
            keys = [k for k in self.objects if k.startswith("ledger/")]
            listed = "".join(f"<Contents><Key>{k}</Key></Contents>" for k in keys)
            return 200, {}, f"<ListBucketResult>{listed}</ListBucketResult>".encode()
        before = self.objects.get(key)
        if handler.command == "GET":
            if before is None:
                return 404, {}, b"<Error><Code>NoSuchKey</Code></Error>"
            return 200, {"ETag": _etag(before)}, before
        expected, must_be_new = handler.headers["If-Match"], handler.headers["If-None-Match"] == "*"
        if (must_be_new and before is not None) or (expected and _etag(before) != expected):
            return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
        self.objects[key] = body
        self.written.append(parse(body))
        return 200, {"ETag": _etag(body)}, b""


def _send(
    handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], text: bytes
) -> None:
    try:
        handler.send_response(status)
        for header, value in {"Content-Length": str(len(text)), **headers}.items():
            handler.send_header(header, value)
        handler.end_headers()
        handler.wfile.write(text)
    except OSError:  # the client is gone
        handler.close_connection = True


def _etag(body: bytes | None) -> str:
    return f'"{hashlib.md5(body or b"").hexdigest()}"'


def faults_at(name: str, numbers: Iterable[int], fault: Fault) -> dict[tuple[str, int], Fault]:
    """The same fault at several requests of one name."""
    return {(name, number): fault for number in numbers}

"""Servers on loopback that answer as they are told: well, badly, slowly or not at all."""

import contextlib
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    """What a client asked for. headers: by lower-case name."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body's fields, as SNS's query protocol sends them."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


# Pieces of an answer; a number is a pause of so many seconds. What is left out isn't sent: an
# answer without pieces is a connection that is closed at once.
Answer = Iterable[bytes | float]
SILENCE: Answer = (60.0,)


class Server:
    """Gives each connection the pieces of `answer(request)`, then closes it."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.requests: list[Request] = []
        self._answer = answer
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:{1}".format(*self._listener.getsockname())

    def __enter__(self) -> "Server":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accept that is waiting
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:  # raised when the client hangs up
            request = _read(connection)
            self.requests.append(request)
            for piece in self._answer(request):
                if isinstance(piece, bytes):
                    connection.sendall(piece)
                elif self._stopped.wait(piece):
                    return


def _read(connection: socket.socket) -> Request:
    with connection.makefile("rb") as stream:
        path = stream.readline().decode().split(" ")[1]
        lines = iter(lambda: stream.readline().decode().strip(), "")
        headers = {
            name.lower(): value.strip() for name, _, value in (s.partition(":") for s in lines)
        }
        return Request(path, headers, stream.read(int(headers.get("content-length", 0))))


def http(
    body: bytes = b"", status: str = "200 OK", length: int | None = -1, **headers: str
) -> bytes:
    """A whole answer. length: what Content-Length claims, None for no such header."""
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drip(answer: bytes, seconds: float) -> Iterator[bytes | float]:
    """The answer a byte at a time, with a pause before each."""
    for byte in answer:
        yield seconds
        yield bytes([byte])


_SNS = "http://sns.amazonaws.com/doc/2010-03-31/"


def published(message_id: str) -> bytes:
    """SNS's answer to a publish it has taken in."""
    return http(
        f'<PublishResponse xmlns="{_SNS}"><PublishResult><MessageId>{message_id}</MessageId>'
        "</PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
        "</PublishResponse>".encode()
    )


def pass_on(request: Request, url: str) -> Answer:
    """Answer a POST as another server does."""
    headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
    forwarded = urllib.request.Request(url + request.path, request.body, headers)
    try:
        with urllib.request.urlopen(forwarded) as answer:
            return [http(answer.read())]
    except urllib.error.HTTPError as error:
        return [http(error.read(), f"{error.code} Error")]


def refused(status: str, code: str, message: str = "no") -> bytes:
    """SNS's answer to a publish it has not."""
    return http(
        f'<ErrorResponse xmlns="{_SNS}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>".encode(),
        status,
    )


class Sns(Server):
    """Answers the publishes to each topic as told; the last answer is given again and again."""

    def __init__(self, **answers: list[Answer]) -> None:
        super().__init__(self._answer_publish)
        self._answers = answers

    def _answer_publish(self, request: Request) -> Answer:
        topic = _topic(request)
        number = self.publishes(topic)
        return self._answers[topic][:number][-1]

    def publishes(self, topic: str) -> int:
        """How often a publish to the topic has reached the server."""
        return [_topic(request) for request in self.requests].count(topic)


def _topic(request: Request) -> str:
    return request.form["TopicArn"].rpartition(":")[2]

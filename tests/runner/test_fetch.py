"""An address -> bytes: every way a server, a bucket or a disk can let us down."""

import codecs
import gzip
import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from runner import fetch as fetch_module
from runner.errors import ConfigError, ReportError
from runner.fetch import display, fetch
from tests.conftest import Check
from tests.support.examples import an_alert
from tests.support.servers import SILENCE, Answer, Request, Server, drip, http

CSV = b"service_name,count\nWater,120\n"
MIB = 2**20
CUT_SHORT = "may be cut short; if it is whole, add a line break at its end"

zipped = partial(gzip.compress, mtime=0)  # the same in every process


@pytest.fixture(autouse=True)
def low_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "MAX_BYTES", MIB)


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "CONNECT_SECONDS", 0.4)
    monkeypatch.setattr(fetch_module, "READ_SECONDS", 0.4)
    monkeypatch.setattr(fetch_module, "TOTAL_SECONDS", 1.0)


def always(answer: bytes) -> Callable[[Request], Answer]:
    return lambda request: [answer]


def not_whole(error: str) -> str:
    return f"no whole answer from the server ({error})"


def failure_of(address: str) -> str:
    with pytest.raises(ReportError) as caught:
        fetch(address)
    return str(caught.value)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return http(body + end, length=None, Transfer_Encoding="chunked")


def redirects(number: int) -> Callable[[Request], Answer]:
    """Answer /0 with a redirect to /1, and so on, until `number` were followed."""

    def answer(request: Request) -> Answer:
        step = int(request.path.strip("/"))
        if step == number:
            return [http(CSV)]
        return [http(status="302 Found", Location=f"/{step + 1}")]

    return answer


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (http(CSV), "a length"),
        (http(CSV, length=None), "no length"),
        (chunked(CSV[:7], CSV[7:]), "chunks"),
        (http(CSV, Content_Type="text/html"), "a wrong type"),
    ],
)
def test_a_whole_answer_is_read(answer: bytes, what: str) -> None:
    with Server(always(answer)) as server:
        assert fetch(f"{server.url}/report.csv")[0] == CSV, what


def test_a_report_is_asked_for_once_at_its_whole_address() -> None:
    with Server(always(http(CSV))) as server:
        fetch(f"{server.url}/open%20cases.csv?token=x%2Fy&a=1")

    assert [request.path for request in server.requests] == ["/open%20cases.csv?token=x%2Fy&a=1"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b"no", "404 Not Found"), "the server answered 404"),
        (http(b"no", "403 Forbidden"), "the server answered 403"),
        (http(b"no", "500 Internal Server Error"), "the server answered 500"),
        (http(b"no", "503 Busy", Retry_After="1"), "the server answered 503"),
        (http(b"no", "429 Too Many Requests", Retry_After="0"), "the server answered 429"),
        (http(b"", "204 No Content"), "the server answered 204"),
        (http(CSV, "206 Partial Content"), "the server answered 206"),
        (http(CSV, "302 Found"), "the server answered 302"),
        (http(b"", "304 Not Modified"), "the server answered 304"),
        (http(CSV, length=len(CSV) + 1), not_whole("ProtocolError")),
        (http(CSV[:19], length=len(CSV)), not_whole("ProtocolError")),
        (chunked(CSV, end=b""), not_whole("ProtocolError")),
        (chunked(CSV, end=b"5\r\nTra"), not_whole("ProtocolError")),
        (chunked(CSV, end=b"zz\r\n"), not_whole("ProtocolError")),
        (b"", not_whole("ProtocolError")),
        (b"SSH-2.0-x\r\n\r\n", not_whole("ProtocolError")),
        (http(CSV, X="x" * 70_000), not_whole("ProtocolError")),
        (http(b"x" * (MIB + 1)), "is larger than 1 MiB"),
        (http(b"x" * (MIB + 1), length=None), "is larger than 1 MiB"),
        (chunked(b"x" * MIB, b"x"), "is larger than 1 MiB"),
    ],
)
def test_an_answer_that_is_not_a_whole_report_is_an_error(answer: bytes, reason: str) -> None:
    with Server(always(answer)) as server:
        assert failure_of(f"{server.url}/r.csv") == f"{server.url}/r.csv: {reason}"

    assert len(server.requests) == 1


def test_a_body_of_exactly_the_cap_is_read() -> None:
    with Server(always(http(b"x" * MIB))) as server:
        assert len(fetch(server.url)[0]) == MIB


def test_a_body_without_an_end_is_read_to_the_cap_only() -> None:
    def answer(request: Request) -> Iterator[bytes]:
        yield http(length=None)
        while True:
            yield b"x" * MIB

    with Server(answer) as server:
        assert failure_of(server.url) == f"{server.url}: is larger than 1 MiB"


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (http(CSV), 0, None),
        (http(codecs.BOM_UTF8 + CSV), 0, None),
        (http(CSV.replace(b"\n", b"\r\n"), length=None), 0, None),
        (http(b"no", "404 Not Found"), 3, "the server answered 404"),
        (http(CSV, length=99), 3, not_whole("ProtocolError")),
        (http(b"<html>Log in</html>"), 3, "is a web page, not CSV; is a login needed?"),
        *(
            (answer, 3, "is UTF-16 or compressed; save it as plain UTF-8 CSV")
            for answer in (
                http(CSV.decode().encode("utf-16")),
                http(zipped(CSV)),
                http(zipped(CSV), Content_Encoding="gzip"),
                http(zipped(CSV, 0)[:-8], length=None, Content_Encoding="gzip"),
                http(zipped(b"0" * 200 * MIB), Content_Encoding="gzip"),  # 200 KB on the wire
            )
        ),
        (http(b""), 3, "is empty"),
        (b"HTTP/1.1 200", 3, "is empty"),
        (http(CSV[:-2], length=None), 3, CUT_SHORT),
        (http(CSV[:-1], length=None), 3, CUT_SHORT),
    ],
)
def test_a_report_from_a_server_exits_with_0_or_3(
    check: Check, answer: bytes, code: int, message: str | None
) -> None:
    with Server(always(answer)) as server:
        outcome = check(f"--report={server.url}/r.csv", alerts=(an_alert(threshold=120),))

    assert outcome.code == code
    assert outcome.err == (f"error: {server.url}/r.csv: {message}\n" if message else "")


@pytest.mark.parametrize("number", [0, 1, 3])
def test_up_to_three_redirects_are_followed(number: int) -> None:
    with Server(redirects(number)) as server:
        assert fetch(f"{server.url}/0")[0] == CSV


@pytest.mark.parametrize("number", [4, 10**9])
def test_a_fourth_redirect_is_not_followed(number: int) -> None:
    with Server(redirects(number)) as server:
        assert failure_of(f"{server.url}/0") == f"{server.url}/0: {not_whole('ResponseError')}"

    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("file:///etc/passwd", "LocationValueError"),
        ("ftp://example.com/r.csv", "URLSchemeUnknown"),
        ("s3://bucket/r.csv", "URLSchemeUnknown"),
        ("http://[::1", "ValueError"),
        ("http://exa mple.com/?token=secret", "LocationParseError"),
        ("/", "ResponseError"),
    ],
)
def test_a_redirect_leads_to_a_web_address_or_nowhere(location: str, error: str) -> None:
    answer = http(status="302 Found", Location=location)
    with Server(always(answer)) as server:
        assert failure_of(f"{server.url}/r.csv") == f"{server.url}/r.csv: {not_whole(error)}"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda request: SILENCE, not_whole("ReadTimeoutError")),
        (lambda request: [http(CSV, length=99), 60.0], not_whole("ReadTimeoutError")),
        (lambda request: [http(length=999), *drip(CSV * 9, 0.05)], "took longer than 1 seconds"),
    ],
    ids=["silence", "silence in the body", "body by drips"],
)
def test_a_slow_server_is_left_in_time(
    short_waits: None, answer: Callable[[Request], Answer], reason: str
) -> None:
    started = time.monotonic()

    with Server(answer) as server:
        failure = failure_of(f"{server.url}/r.csv")

    assert failure == f"{server.url}/r.csv: {reason}"
    assert time.monotonic() - started < 5


def test_a_server_that_never_takes_the_connection_is_left_in_time(short_waits: None) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:  # until the queue is full
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        url = "http://127.0.0.1:{1}/r.csv".format(*full.getsockname())

        failure = failure_of(url)

        for client in waiting:
            client.close()
    assert failure == f"{url}: {not_whole('ConnectTimeoutError')}"


def test_a_refused_connection_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = "http://127.0.0.1:{1}/r.csv".format(*closed.getsockname())

    assert failure_of(url) == f"{url}: {not_whole('NewConnectionError')}"


def test_an_unknown_host_is_an_error() -> None:
    assert failure_of("http://reports.invalid/r.csv") == (
        f"http://reports.invalid/r.csv: {not_whole('NameResolutionError')}"
    )


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("http://", "LocationValueError"),
        ("http://:80/", "LocationValueError"),
        ("http://a b/", "LocationParseError"),
        ("http://h:99999/", "LocationParseError"),
    ],
)
def test_a_web_address_nobody_can_read_is_an_error(address: str, error: str) -> None:
    assert failure_of(address) == f"{address}: {not_whole(error)}"


@pytest.mark.parametrize("name", ["r.csv", "open cases.csv", "été #1.csv"])
def test_a_file_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CSV)

    assert fetch(f"{tmp_path}/{name}")[0] == CSV


def test_a_path_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.csv").write_bytes(CSV)
    monkeypatch.chdir(tmp_path)

    assert fetch("r.csv")[0] == CSV


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no such.csv", "No such file or directory"),
        ("", "Is a directory"),
        ("large.csv", "is larger than 1 MiB"),
        ("large.csv/r.csv", "Not a directory"),
    ],
)
def test_a_file_that_can_not_be_read_says_why(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "large.csv").write_bytes(b"x" * (MIB + 1))
    address = f"{tmp_path}/{name}"

    assert failure_of(address) == f"{address}: {reason}"


def test_an_object_in_s3_is_read() -> None:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="reports")
        client.put_object(Bucket="reports", Key="2026/open cases #1.csv", Body=CSV)

        assert fetch("s3://reports/2026/open cases #1.csv")[0] == CSV


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("s3://reports/none.csv", "there is no such object"),
        ("s3://reports/large.csv", "is larger than 1 MiB"),
        ("s3://elsewhere/r.csv", "S3 answered NoSuchBucket"),
        ("s3://", "no whole answer from S3 (ParamValidationError)"),
        ("s3://reports", "no whole answer from S3 (ParamValidationError)"),
        ("s3://reports/", "no whole answer from S3 (ParamValidationError)"),
        ("s3:///r.csv", "no whole answer from S3 (ParamValidationError)"),
        ("s3://two words/r.csv", "no whole answer from S3 (ParamValidationError)"),
    ],
)
def test_an_object_that_can_not_be_read_says_why(address: str, reason: str) -> None:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="reports")
        client.put_object(Bucket="reports", Key="large.csv", Body=b"x" * (MIB + 1))

        assert failure_of(address) == f"{address}: {reason}"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([http(CSV, length=99)], "no whole answer from S3 (IncompleteReadError)"),
        ([http(b"no", "403 Forbidden")], "S3 answered 403"),
        ([http(length=MIB), *[0.2, b"x" * 2**16] * 16], "took longer than 1 seconds"),
        pytest.param(
            [http(CSV, length=99), 60.0],
            "no whole answer from S3 (ReadTimeoutError)",
            marks=pytest.mark.soak,  # takes the SDK's 10 seconds
        ),
    ],
    ids=["cut short", "denied", "slow body", "silence in the body"],
)
def test_an_s3_that_fails_is_left_in_time(
    short_waits: None, monkeypatch: pytest.MonkeyPatch, answer: Answer, reason: str
) -> None:
    """A body cut short is one even where the cut falls between two rows."""
    started = time.monotonic()

    with Server(lambda request: answer) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        failure = failure_of("s3://reports/r.csv")

    assert failure == f"s3://reports/r.csv: {reason}"
    assert time.monotonic() - started < 15


def test_an_aws_address_nobody_can_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")

    assert failure_of("s3://reports/r.csv") == (
        "s3://reports/r.csv: AWS settings can't be used (ValueError);"
        " see AWS_PROFILE and AWS_ENDPOINT_URL"
    )


def test_s3_without_credentials_is_an_error(no_credentials: None) -> None:
    assert failure_of("s3://reports/r.csv") == (
        "s3://reports/r.csv: there are no AWS credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID"
    )


@pytest.mark.parametrize("scheme", ["ftp", "gs", "data", "file", "HTTPX", ""])
def test_an_unknown_scheme_is_a_mistake_of_configuration(scheme: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fetch(f"{scheme}://user:secret@example.com/r.csv?token=secret")

    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        f"{scheme}://example.com/r.csv: use https://, http://, s3:// or a path"
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.com/r.csv", "https://example.com/r.csv"),
        ("https://example.com:8443/a/b@c.csv", "https://..."),
        ("https://example.com/a/b@c.csv", "https://example.com/a/b@c.csv"),
        ("https://user:secret@example.com/r.csv", "https://example.com/r.csv"),
        ("https://secret@example.com/r.csv", "https://example.com/r.csv"),
        ("https://user:se@cret@example.com:8443/r.csv", "https://example.com:8443/r.csv"),
        ("https://user:se/cret@example.com/r.csv", "https://..."),
        ("https://user:se?cret@example.com/r.csv", "https://..."),
        ("https://user:se#cret@example.com/r.csv", "https://..."),
        ("https://user:se@c/ret@example.com/r.csv", "https://..."),
        ("https://example.com/r.csv?token=secret", "https://example.com/r.csv"),
        ("https://example.com?token=secret", "https://example.com"),
        ("https://example.com/r.csv#secret", "https://example.com/r.csv"),
        ("https://example.com/r.csv?email=dana@example.com", "https://example.com/r.csv"),
        ("https://[2001:db8::1]/r.csv?a=1", "https://[2001:db8::1]/r.csv"),
        ("s3://bucket/a/b.csv", "s3://bucket/a/b.csv"),
        ("reports/feb 2026?.csv", "reports/feb 2026?.csv"),
        ("https:/example.com/r.csv?token=secret", "..."),
        ("HTTPS:example.com/r.csv?token=secret", "..."),
        ("//user:secret@example.com/r.csv", "..."),
        ("user:secret@example.com/r.csv", "..."),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(address: str, shown: str) -> None:
    assert display(address) == shown


@pytest.mark.parametrize(
    "answer",
    [
        http(CSV),
        http(CSV[:-1]),
        http(b"<html>", "200 OK"),
        http(b"", "404 Not Found"),
        http(CSV, length=999),
        http(status="302 Found", Location="http://user:secret@127.0.0.1:1/?token=secret"),
        http(status="302 Found", Location="http://secret host/?token=secret"),
        http(status="302 Found", Location="ftp://secret/?token=secret"),
        http(status="302 Found", Location="/again?token=secret"),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_no_password_and_no_query_is_ever_printed(
    check: Check, answer: bytes, format_: str
) -> None:
    with Server(always(answer)) as server:
        address = server.url.replace("//", "//dana:secret@") + "/r.csv?token=secret#secret"
        outcome = check(
            f"--report={address}", f"--format={format_}", "--dry-run", alerts=(an_alert(),)
        )

    assert f"{server.url}/r.csv" in outcome.out + outcome.err
    assert "secret" not in outcome.out + outcome.err
    assert "dana" not in outcome.out + outcome.err


NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("header", "modified"),
    [
        ("Mon, 02 Mar 2026 12:00:00 GMT", NOON),
        ("Mon, 02 Mar 2026 13:00:00 +0100", NOON),
        ("Mon, 02 Mar 2026 12:00:00 -0000", NOON),
        ("2026-03-02T12:00:00Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_servers_last_modified_is_the_date_of_what_it_gives(
    header: str, modified: datetime | None
) -> None:
    with Server(always(http(CSV, Last_Modified=header))) as server:
        assert fetch(server.url)[1] == modified


def test_a_server_that_gives_no_date_has_none() -> None:
    with Server(always(http(CSV))) as server:
        assert fetch(server.url)[1] is None


def test_a_files_date_is_when_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(CSV)
    os.utime(tmp_path / "r.csv", (NOON.timestamp(), NOON.timestamp()))

    assert fetch(f"{tmp_path}/r.csv")[1] == NOON


def test_an_objects_date_is_when_it_was_put() -> None:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="reports")
        client.put_object(Bucket="reports", Key="r.csv", Body=CSV)
        put = client.head_object(Bucket="reports", Key="r.csv")["LastModified"]

        assert fetch("s3://reports/r.csv")[1] == put


@pytest.mark.parametrize(
    "date", ["Mon, 02 Mar 99999 12:00:00 GMT", "Mon, 02 Mar 2026 12:00:00 +99999999999999"]
)
def test_a_date_that_no_calendar_has_is_an_error(date: str) -> None:
    with Server(always(http(CSV, Last_Modified=date))) as server:
        assert (
            failure_of(server.url) == f"{server.url}: no whole answer from the server (ValueError)"
        )

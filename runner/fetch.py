"""Address -> bytes and their date, with deadlines and a cap on what is read."""

import os
import queue
import re
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runner.errors import ConfigError, ReportError

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # between two pieces of the body
TOTAL_SECONDS = 60.0
MAX_BYTES = 64 * 2**20
MAX_REDIRECTS = 3


class Fetched(NamedTuple):
    """What an address held, and since when, where that is told."""

    body: bytes
    modified: datetime | None


def fetch(address: str) -> Fetched:
    """Read all of `address`: https://, http://, s3://bucket/key, file:// or a path.

    Raises ConfigError for an address of another kind, and ReportError for what is not there,
    is larger than MAX_BYTES, was cut short, or took longer than TOTAL_SECONDS in all.
    """
    scheme = address.split("://", 1)[0].lower() if "://" in address else "path"
    readers: dict[str, Callable[[str], Fetched]] = {
        "http": _read_http,
        "https": _read_http,
        "s3": _read_s3,
        "file": lambda url: _read_file(unquote(urlsplit(url).path)),
        "path": _read_file,
    }
    if scheme not in readers:
        raise ConfigError(f"{display(address)}: use https://, http://, s3://, file:// or a path")
    try:
        return _within(TOTAL_SECONDS, lambda: readers[scheme](address))
    except ReportError as error:
        raise ReportError(f"{display(address)}: {error}") from None
    except ValueError:  # such as a redirect to http://[::1, or AWS_ENDPOINT_URL without http://
        raise ReportError(f"{display(address)}: leads to an address nobody can read") from None


def display(address: str) -> str:
    """Return the address without user, password and query, which may hold secrets."""
    if "://" not in address:  # a path, or an address that is mistyped
        return "..." if re.search(r"(?i)^(https?|s3|file):|^//|:.*@", address) else address
    scheme, rest = address.split("://", 1)
    host, slash, path = rest.split("?", 1)[0].split("#", 1)[0].partition("/")
    if ":" in host and "@" in rest[len(host) :]:  # maybe a password with a raw /, ? or #
        return f"{scheme}://..."
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _within(seconds: float, work: Callable[[], Fetched]) -> Fetched:
    """Run `work` for at most `seconds`, whatever it waits for: names, headers, a slow body.

    A thread that is late is left behind as a daemon, which does not keep the process alive.
    """
    outcome: queue.Queue[Fetched | Exception] = queue.Queue()

    def run() -> None:
        try:
            outcome.put(work())
        except Exception as error:
            outcome.put(error)  # raised below, in the caller's thread

    threading.Thread(target=run, daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise ReportError(f"took longer than {seconds:g} seconds") from None
    if isinstance(result, Exception):
        raise result
    return result


def _read_http(url: str) -> Fetched:
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    retries = urllib3.Retry(
        connect=0, read=0, other=0, redirect=MAX_REDIRECTS, respect_retry_after_header=False
    )
    try:
        pool = urllib3.PoolManager(timeout=timeout, retries=retries)
        response = pool.request("GET", url, preload_content=False)
        if response.status != 200:
            raise ReportError(f"the server answered {response.status}")
        return Fetched(_read_capped(response), _date(response.headers.get("Last-Modified", "")))
    except urllib3.exceptions.HTTPError as error:
        raise ReportError(_http_reason(error)) from None


def _date(header: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _http_reason(error: urllib3.exceptions.HTTPError) -> str:
    """Say what went wrong without the library's text, which repeats the whole address."""
    reasons = {
        "ConnectTimeoutError": f"no connection within {CONNECT_SECONDS:g} seconds",
        "IncompleteRead": "the body was cut short",
        "LocationValueError": "leads to an address that is not http or https",
        "NameResolutionError": "the host's name is not known",
        "NewConnectionError": "the connection was refused",
        "ProtocolError": "the connection broke before the answer was complete",
        "ReadTimeoutError": f"nothing came for {READ_SECONDS:g} seconds",
        "ResponseError": f"more than {MAX_REDIRECTS} redirects",
        "SSLError": "the server's certificate could not be verified",
        "URLSchemeUnknown": "leads to an address that is not http or https",
    }
    # A MaxRetryError wraps what happened, a ProtocolError may.
    causes = [getattr(error, "reason", None), *error.args, error]
    names = [type(cause).__name__ for cause in causes]
    return next(
        (reasons[name] for name in names if name in reasons), f"can't be read ({names[-1]})"
    )


def _read_s3(url: str) -> Fetched:
    bucket, _, key = url.split("://", 1)[1].partition("/")
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    try:
        client = boto3.client("s3", config=config)
        answer = client.get_object(Bucket=bucket, Key=key)
        return Fetched(_read_capped(answer["Body"]), answer.get("LastModified"))
    except ClientError as error:
        raise ReportError(f"S3 answered {error.response['Error']['Code']}") from None
    except (BotoCoreError, RecursionError, urllib3.exceptions.HTTPError) as error:
        raise ReportError(f"can't be read from S3 ({type(error).__name__})") from None


def _read_file(path: str) -> Fetched:
    try:
        with Path(path).open("rb") as file:
            modified = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, timezone.utc)
            return Fetched(_read_capped(file), modified)
    except OSError as error:
        raise ReportError(error.strerror or "can't be read") from None


def _read_capped(file: Any) -> bytes:
    body = b""
    # To the empty piece that ends a body: only then has a short one been compared to its length.
    while len(body) <= MAX_BYTES and (piece := file.read(MAX_BYTES + 1)):
        body += piece
    if len(body) > MAX_BYTES:
        raise ReportError(f"is larger than {MAX_BYTES // 2**20} MiB")
    return body

"""Address -> bytes and their date, with deadlines and a cap on what is read."""

import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path

import urllib3

from runner import aws
from runner.errors import ConfigError, ReportError

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0  # to read: between two pieces of an answer
TOTAL_SECONDS = 60.0
MAX_BYTES = 64 * 2**20


def fetch(address: str) -> tuple[bytes, datetime | None]:
    """Read all of `address` (https://, http://, s3://bucket/key, a path), and since when it is so.

    Raises ConfigError for an address of another kind, and ReportError for what is not there,
    is larger than MAX_BYTES, was cut short, or whose body took longer than TOTAL_SECONDS.
    """
    scheme = address.split("://", 1)[0].lower() if "://" in address else "path"
    readers = {"http": _read_http, "https": _read_http, "s3": _read_s3, "path": _read_file}
    if scheme not in readers:
        raise ConfigError(f"{display(address)}: use https://, http://, s3:// or a path")
    try:
        return readers[scheme](address)
    except Exception as error:
        why = aws.reason(error, "S3" if scheme == "s3" else "the server")
        raise ReportError(f"{display(address)}: {why}") from None


def display(address: str) -> str:
    """Return the address without user, password and query, which may hold secrets."""
    if "://" not in address:  # a path, or an address that is mistyped
        return "..." if re.search(r"(?i)^(https?|s3|file):|^//|:.*@", address) else address
    scheme, rest = address.split("://", 1)
    host, slash, path = rest.split("?", 1)[0].split("#", 1)[0].partition("/")
    if ":" in host and "@" in rest[len(host) :]:  # maybe a password with a raw /, ? or #
        return f"{scheme}://..."
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _read_http(url: str) -> tuple[bytes, datetime | None]:
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    retries = urllib3.Retry(3, connect=0, read=0, other=0, respect_retry_after_header=False)
    pool = urllib3.PoolManager(timeout=timeout, retries=retries)
    answer = pool.request("GET", url, preload_content=False, decode_content=False)
    if answer.status != 200:
        raise ReportError(f"the server answered {answer.status}")
    stamp = parsedate_tz(answer.headers.get("Last-Modified", ""))
    modified = datetime.fromtimestamp(mktime_tz(stamp), timezone.utc) if stamp else None
    return _read_all(answer.read1), modified


def _read_s3(url: str) -> tuple[bytes, datetime | None]:
    bucket, _, key = url.split("://", 1)[1].partition("/")
    answer = aws.client("s3").get_object(Bucket=bucket, Key=key)
    return _read_all(answer["Body"].read), answer["LastModified"]


def _read_file(path: str) -> tuple[bytes, datetime | None]:
    with Path(path).open("rb") as file:
        modified = datetime.fromtimestamp(Path(path).stat().st_mtime, timezone.utc)
        return _read_all(file.read), modified


def _read_all(read: Callable[[int], bytes]) -> bytes:
    """Read piece by piece to the empty one that ends a body."""
    body, until = bytearray(), time.monotonic() + TOTAL_SECONDS
    while piece := read(2**16):
        body += piece
        if len(body) > MAX_BYTES:
            raise ReportError(f"is larger than {MAX_BYTES // 2**20} MiB")
        if time.monotonic() > until:
            raise ReportError(f"took longer than {TOTAL_SECONDS:g} seconds")
    return bytes(body)

"""Where the ledger is kept: S3 or a folder. A write replaces only what was read before it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from botocore.exceptions import ClientError

from runner.aws import client, limits
from runner.errors import ConfigError, LedgerError

CONFIG = limits(attempts=3)
LOCK_SECONDS = 10.0


class Store(Protocol):
    """Keeps small objects by name, each with a version that changes with its content.

    read returns body and version, both empty where there is none. write replaces that version and
    returns the new one, empty when another is there by now. Both raise LedgerError.
    """

    def read(self, name: str) -> tuple[bytes, str]: ...  # noqa: D102

    def write(self, name: str, body: bytes, version: str) -> str: ...  # noqa: D102


class NoStore:
    """No ledger: knows nothing, keeps nothing, is never in the way."""

    def read(self, name: str) -> tuple[bytes, str]:
        """Find nothing."""
        return b"", ""

    def write(self, name: str, body: bytes, version: str) -> str:
        """Forget it."""
        return "forgotten"


class S3Store:
    """Keeps s3://bucket/ledger/NAME.json.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """

    def __init__(self, bucket: str, region: str) -> None:
        self._bucket = bucket
        self._client = client("s3", region, CONFIG)

    def read(self, name: str) -> tuple[bytes, str]:
        """See Store."""
        key = f"ledger/{name}.json"
        with _told_of(f"s3://{self._bucket}/{key}"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                return b"", ""
            return answer["Body"].read(), answer["ETag"]

    def write(self, name: str, body: bytes, version: str) -> str:
        """See Store."""
        key = f"ledger/{name}.json"
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        with _told_of(f"s3://{self._bucket}/{key}"):
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=body, **condition
                )
                return str(answer["ETag"])
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (404, 409, 412):
                    raise
        # The write may be our own: the SDK repeats one whose answer was lost.
        found, version = self.read(name)
        return version if found == body else ""


class FolderStore:
    """Keeps FOLDER/NAME.json, for checks on one machine; a killed one leaves no half a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not folder.is_dir():
            raise ConfigError(f"{folder}: there is no such folder; make it once, with mkdir")

    def read(self, name: str) -> tuple[bytes, str]:
        """See Store."""
        with _told_of(str(self._folder / f"{name}.json")):
            try:
                body = (self._folder / f"{name}.json").read_bytes()
            except FileNotFoundError:
                return b"", ""
            return body, sha256(body).hexdigest()

    def write(self, name: str, body: bytes, version: str) -> str:
        """See Store."""
        path = self._folder / f"{name}.json"
        with _told_of(str(path)), (self._folder / ".lock").open("w") as lock:
            _lock(lock.fileno())
            if self.read(name)[1] != version:
                return ""
            part = self._folder / ".part"
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            return sha256(body).hexdigest()


def _lock(file: int) -> None:
    """Lock a file until this process closes it or ends; raises OSError after LOCK_SECONDS."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
        time.sleep(0.01)


@contextmanager
def _told_of(place: str) -> Iterator[None]:
    """Turn whatever goes wrong into a LedgerError in our own words."""
    try:
        yield
    except LedgerError:
        raise
    except ClientError as error:
        reason = f"S3 answered {error.response['Error']['Code']}"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except Exception as error:  # a mangled answer makes the SDK raise anything
        reason = type(error).__name__
    else:
        return
    raise LedgerError(f"{place}: can't be read or written: {reason}")

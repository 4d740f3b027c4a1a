"""A store gives back what was written, and writes only over what was read."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from runner import store as store_module
from runner.errors import ConfigError, LedgerError
from runner.store import FolderStore, NoStore, S3Store, Store
from tests.support.servers import SILENCE, Answer, Request, Server, http

BUCKET = "city-ledger"


@pytest.fixture(params=["S3", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield FolderStore(tmp_path)
        return
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield S3Store(BUCKET, "us-east-1")


def test_what_was_never_written_is_empty(store: Store) -> None:
    assert store.read("water_critical") == (b"", "")


def test_what_was_written_comes_back_with_its_version(store: Store) -> None:
    first = store.write("water_critical", b"one", "")
    second = store.write("water_critical", b"two", first)

    assert "" not in (first, second)
    assert first != second
    assert store.read("water_critical") == (b"two", second)
    assert store.read("water_extreme") == (b"", "")


def test_a_write_over_what_another_wrote_is_lost_and_changes_nothing(store: Store) -> None:
    first = store.write("water_critical", b"one", "")
    second = store.write("water_critical", b"two", first)

    assert store.write("water_critical", b"mine", "") == ""
    assert store.write("water_critical", b"mine", first) == ""
    assert store.write("water_extreme", b"mine", second) == ""
    assert store.read("water_critical") == (b"two", second)
    assert store.read("water_extreme") == (b"", "")


def test_of_many_writers_at_once_one_wins(store: Store) -> None:
    version = store.write("water_critical", b"start", "")
    together = threading.Barrier(8)

    def write(number: int) -> str:
        together.wait()
        return store.write("water_critical", b"%d" % number, version)

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, range(8)))

    (winner,) = (number for number, version in enumerate(written) if version)
    assert store.read("water_critical") == (b"%d" % winner, written[winner])


def test_no_store_knows_nothing_and_is_never_in_the_way() -> None:
    assert NoStore().read("water_critical") == (b"", "")
    assert NoStore().write("water_critical", b"one", "")
    assert NoStore().read("water_critical") == (b"", "")


def test_a_folder_must_be_there_so_that_a_missing_one_is_not_read_as_an_empty_ledger(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError) as caught:
        FolderStore(tmp_path / "ledger")

    assert str(caught.value) == (
        f"{tmp_path}/ledger: there is no such folder; make it once, with mkdir"
    )


def test_a_folder_that_can_not_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "water_critical.json").mkdir()
    store = FolderStore(tmp_path)

    for use in (
        lambda: store.read("water_critical"),
        lambda: store.write("water_critical", b"", ""),
    ):
        with pytest.raises(LedgerError) as caught:
            use()
        assert str(caught.value) == (
            f"{tmp_path}/water_critical.json: can't be read or written: Is a directory"
        )


def test_a_lock_that_another_check_does_not_give_back_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped check keeps it, Ctrl-Z for instance."""
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.1)
    store = FolderStore(tmp_path)
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LedgerError, match="can't be read or written: Resource temporarily"):
            store.write("water_critical", b"one", "")

    assert store.write("water_critical", b"one", "")


def test_a_part_that_a_killed_check_left_is_no_entry_and_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".part").write_bytes(b"half an en")
    store = FolderStore(tmp_path)

    version = store.write("water_critical", b"one", "")

    assert store.read("water_critical") == (b"one", version)


def test_a_folder_s_entry_is_replaced_whole_never_written_over(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    version = store.write("water_critical", b"one", "")
    (tmp_path / "water_critical.json").rename(tmp_path / "before")
    (tmp_path / "water_critical.json").hardlink_to(tmp_path / "before")

    store.write("water_critical", b"two", version)

    assert (tmp_path / "before").read_bytes() == b"one"


def test_a_bucket_that_is_gone_is_an_error_not_an_empty_ledger() -> None:
    with mock_aws():
        store = S3Store(BUCKET, "us-east-1")
        for use in (lambda: store.read("x_y"), lambda: store.write("x_y", b"", "")):
            with pytest.raises(LedgerError) as caught:
                use()
            assert str(caught.value) == (
                f"s3://{BUCKET}/ledger/x_y.json: can't be read or written: S3 answered NoSuchBucket"
            )


def error(status: str, code: str) -> bytes:
    """S3's answer to a request it refuses."""
    return http(f"<Error><Code>{code}</Code><Message>arn:me</Message></Error>".encode(), status)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Callable[[Server], S3Store]:
    """A store on a server, with limits that a test can wait for."""
    short = store_module.CONFIG.merge(Config(connect_timeout=1, read_timeout=0.3))
    monkeypatch.setattr(store_module, "CONFIG", short)

    def connect(server: Server) -> S3Store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        return S3Store(BUCKET, "us-east-1")

    return connect


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([error("403 Forbidden", "AccessDenied")], "S3 answered AccessDenied"),
        ([error("403 Forbidden", "RequestTimeTooSkewed")], "S3 answered RequestTimeTooSkewed"),
        ([error("503 Slow Down", "SlowDown")], "S3 answered SlowDown"),
        ([error("400 Bad Request", "KMS.DisabledException")], "S3 answered KMS.DisabledException"),
        (SILENCE, "ReadTimeoutError"),
        ([], "ConnectionClosedError"),
        ([http(b"<html>", "500 Oops")], "S3 answered 500"),
        ([http(b"\0", "403 Forbidden")], "S3 answered 403"),
    ],
)
def test_whatever_s3_answers_is_an_error_in_our_own_words(
    s3: Callable[[Server], S3Store], answer: Answer, reason: str
) -> None:
    with Server(lambda _: answer) as server:
        store = s3(server)
        for use in (lambda: store.read("x_y"), lambda: store.write("x_y", b"", "")):
            with pytest.raises(LedgerError) as caught:
                use()
            assert str(caught.value) == (
                f"s3://{BUCKET}/ledger/x_y.json: can't be read or written: {reason}"
            )


def test_a_write_whose_answer_was_lost_is_known_again_when_the_sdk_repeats_it(
    s3: Callable[[Server], S3Store],
) -> None:
    """The server takes the first write in and hangs up; to the second, the first is in the way."""
    bodies: list[bytes] = []

    def answer(request: Request) -> Answer:
        if "if-none-match" not in request.headers:
            return [http(bodies[0], ETag='"v1"')]
        bodies.append(b"mine")
        return [] if len(bodies) == 1 else [error("412 Precondition Failed", "PreconditionFailed")]

    with Server(answer) as server:
        version = s3(server).write("x_y", b"mine", "")

    assert (len(bodies), version) == (2, '"v1"')


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict", "412 Precondition Failed"])
def test_every_way_in_which_s3_says_that_another_was_faster_is_a_lost_write(
    s3: Callable[[Server], S3Store], status: str
) -> None:
    def answer(request: Request) -> Answer:
        is_write = "if-match" in request.headers
        return [error(status, "Lost")] if is_write else [http(b"another's", ETag='"v2"')]

    with Server(answer) as server:
        assert s3(server).write("x_y", b"mine", '"v1"') == ""


def test_a_body_cut_short_is_an_error(s3: Callable[[Server], S3Store]) -> None:
    with (
        Server(lambda _: [http(b"{", length=100, ETag='"v1"')]) as server,
        pytest.raises(LedgerError, match="can't be read or written: "),
    ):
        s3(server).read("x_y")

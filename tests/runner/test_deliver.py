"""Each crossing is sent once: claims, marks, races, and what becomes of them when things fail."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from botocore.config import Config

from runner import deliver as deliver_module
from runner import publish
from runner.deliver import Delivery
from runner.errors import LedgerError
from runner.ledger import Entry, dump, parse
from runner.messages import back_to_normal
from runner.rules import Decision
from runner.store import FolderStore
from tests.support.examples import a_report, an_alert, deliver_all
from tests.support.servers import Sns, published, refused

AS_SHIPPED = deliver_module.LEASE_SECONDS
OK = [published("m-1")]
REFUSED = [refused("403 Forbidden", "AuthorizationError")]
NOW = datetime(2026, 3, 2, 7, tzinfo=timezone.utc)
ALERT = an_alert("water_critical")
DUE, BELOW = Decision(ALERT, "due", 120), Decision(ALERT, "below", 80)
UNKNOWN = Decision(ALERT, "unknown", None, "row 2")
OVER = Entry("over", 120, "2026-02", "5" * 64, "2026-03-02T07:00:00+00:00", "2026-02", "m-1")


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Config(connect_timeout=1, read_timeout=1)
    monkeypatch.setattr(publish, "CONFIG", publish.CONFIG.merge(limits))
    monkeypatch.setattr(publish, "BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(deliver_module, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(deliver_module, "POLL_SECONDS", 0.05)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def put(store: FolderStore, entry: Entry) -> None:
    topic = "water_critical"
    assert store.write(topic, dump(entry), store.read(topic)[1])


def held(store: FolderStore) -> Entry:
    return parse("water_critical", store.read("water_critical")[0])


Settle = Callable[..., Delivery]


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sns]:
    def serve(*answers: list[bytes]) -> Sns:
        server = Sns(water_critical=list(answers or [OK]))
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        return server

    return serve


def settle(
    decision: Decision, store: FolderStore, month: str = "2026-02", **options: object
) -> Delivery:
    (delivery,) = deliver_all(
        [decision],
        report=a_report(month),
        store=store,
        now=NOW,
        **options,  # type: ignore[arg-type]
    )
    return delivery


def test_a_crossing_is_sent_once_and_then_silent_with_the_day_it_was_sent(
    store: FolderStore, sns: Callable[..., Sns]
) -> None:
    with sns() as server:
        first, second = settle(DUE, store), settle(replace(DUE, count=130), store)

    assert first == Delivery(DUE, "sent", "", "m-1")
    assert (second.status, second.message_id) == ("already_sent", None)
    assert second.reason == "on 2026-03-02, for 2026-02"
    assert held(store) == replace(OVER, count=130)
    assert server.publishes("water_critical") == 1


def test_below_is_noted_and_nothing_is_sent(store: FolderStore, sns: Callable[..., Sns]) -> None:
    with sns() as server:
        assert settle(BELOW, store) == Delivery(BELOW, "below")

    assert held(store) == Entry("below", 80, "2026-02", "5" * 64)
    assert server.requests == []


def test_the_same_report_again_writes_nothing(store: FolderStore, tmp_path: Path) -> None:
    put(store, OVER)
    before = (tmp_path / "water_critical.json").stat()

    assert settle(DUE, store).status == "already_sent"
    assert (tmp_path / "water_critical.json").stat() == before


def test_unknown_asks_no_ledger_and_changes_nothing(store: FolderStore) -> None:
    put(store, OVER)

    assert settle(UNKNOWN, store) == Delivery(UNKNOWN, "unknown", "row 2")
    assert held(store) == OVER


@pytest.mark.parametrize("is_notified", [True, False])
def test_back_to_normal_is_told_once_where_it_is_wanted_and_only_after_an_alert(
    store: FolderStore, sns: Callable[..., Sns], is_notified: bool
) -> None:
    put(store, OVER)
    with sns() as server:
        statuses = [
            settle(BELOW, store, "2026-03", notify_recovery=is_notified).status for _ in range(2)
        ]

    assert statuses == ["recovered" if is_notified else "below", "below"]
    assert held(store).state == "below"
    assert [request.form["Subject"] for request in server.requests] == (
        [back_to_normal(BELOW, "2026-03")["Subject"]] if is_notified else []
    )


def test_what_is_back_to_normal_says_so_in_every_channel() -> None:
    arguments = back_to_normal(BELOW, "2026-03")

    text = "water: 80 cases, no longer over 100 (2026-03)"
    assert arguments["Subject"] == "Back to normal: water critical"
    assert json.loads(arguments["Message"]) == {
        "default": text,
        "email": text,
        "sms": f"Back to normal. {text}",
    }


def test_a_report_of_an_earlier_month_sends_nothing_and_is_no_success(
    store: FolderStore, sns: Callable[..., Sns]
) -> None:
    put(store, OVER)
    with sns() as server:
        delivery = settle(DUE, store, "2026-01")

    assert (delivery.status, delivery.reason) == (
        "failed",
        "not sent: the ledger has judged 2026-02, a later month, already",
    )
    assert settle(BELOW, store, "2026-01") == Delivery(BELOW, "below")
    assert held(store) == OVER
    assert server.requests == []


def test_a_publish_that_failed_gives_its_claim_back_and_the_next_check_sends(
    store: FolderStore, sns: Callable[..., Sns], tmp_path: Path
) -> None:
    reminded = replace(OVER, month="2026-01", sent_month="2026-01")
    for before in (None, reminded):
        if before:
            put(store, before)
        with sns(REFUSED, OK) as server:
            first = settle(DUE, store)
            after_first = held(store)
            second, third = settle(DUE, store), settle(DUE, store)

        assert (first.status, first.message_id) == ("failed", None)
        assert after_first == (before or Entry())
        assert [second.status, third.status] == ["sent", "already_sent"]
        assert server.publishes("water_critical") == 2
        (tmp_path / "water_critical.json").unlink()


@pytest.mark.parametrize(
    ("entry", "verdict", "action"),
    [
        (None, DUE, ("would_send", "")),
        (OVER, DUE, ("already_sent", "on 2026-03-02, for 2026-02")),
        (OVER, BELOW, ("would_send", "back to normal")),
        (None, BELOW, ("below", "")),
    ],
)
def test_a_dry_run_reads_the_ledger_and_changes_nothing(
    store: FolderStore,
    sns: Callable[..., Sns],
    monkeypatch: pytest.MonkeyPatch,
    entry: Entry | None,
    verdict: Decision,
    action: tuple[str, str],
) -> None:
    if entry:
        put(store, replace(entry, claim="of a check that sends right now"))
    before = store.read("water_critical")
    monkeypatch.setattr(deliver_module, "LEASE_SECONDS", 5)
    began = time.monotonic()
    with sns() as server:
        delivery = settle(verdict, store, dry_run=True, notify_recovery=True)

    assert time.monotonic() - began < 4, "it waits for no other check"

    assert (delivery.status, delivery.reason) == action
    assert store.read("water_critical") == before
    assert server.requests == []


def test_a_claim_is_waited_for_and_its_mark_is_heeded(
    store: FolderStore, sns: Callable[..., Sns]
) -> None:
    put(store, Entry(claim="another check"))
    marks = threading.Timer(0.2, lambda: put(store, OVER))
    marks.start()
    with sns() as server:
        assert settle(DUE, store).status == "already_sent"

    marks.join()
    assert server.requests == []


def test_a_claim_that_stays_unchanged_for_the_lease_is_a_dead_checks(
    store: FolderStore, sns: Callable[..., Sns]
) -> None:
    put(store, Entry(claim="a check that died"))
    began = time.monotonic()
    with sns() as server:
        assert settle(DUE, store).status == "sent"

    assert time.monotonic() - began >= 0.5
    assert server.publishes("water_critical") == 1
    assert held(store) == OVER


def test_a_new_claim_has_a_lease_of_its_own(store: FolderStore, sns: Callable[..., Sns]) -> None:
    """The first claim is given back and claimed by a third check within the lease."""
    put(store, Entry(claim="one"))
    changes = [threading.Timer(0.3, lambda: put(store, Entry(claim="two")))]
    changes += [threading.Timer(0.7, lambda: put(store, OVER))]
    for change in changes:
        change.start()
    with sns() as server:
        assert settle(DUE, store).status == "already_sent"

    for change in changes:
        change.join()
    assert server.requests == []


def test_each_claim_is_a_check_s_own(
    store: FolderStore, sns: Callable[..., Sns], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one check could take another's for its own, where S3's answer to its write was lost."""
    claims = []

    def write(name: str, body: bytes, version: str) -> str:
        claims.append(parse(name, body).claim)
        return "written"

    monkeypatch.setattr(store, "write", write)
    with sns():
        settle(DUE, store)
        settle(DUE, store)

    first, mark, second, _ = claims
    assert first
    assert second not in ("", first)
    assert mark == ""


def test_a_publish_that_failed_leaves_no_dead_check_s_claim_either(
    store: FolderStore, sns: Callable[..., Sns]
) -> None:
    put(store, Entry(claim="a check that died"))
    with sns(REFUSED):
        settle(DUE, store)

    assert held(store) == Entry()


def test_a_claim_that_took_too_long_is_not_used(
    store: FolderStore, sns: Callable[..., Sns], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its lease could end before its publish does, and another check would send, too."""
    monkeypatch.setattr(deliver_module, "CLAIM_SECONDS", 0.2)
    write = store.write

    def slow(name: str, body: bytes, version: str) -> str:
        time.sleep(0.3)
        return write(name, body, version)

    with monkeypatch.context() as patch, sns() as server:
        patch.setattr(store, "write", slow)
        delivery = settle(DUE, store)
        assert server.requests == []
        patch.undo()
        monkeypatch.setattr(deliver_module, "CLAIM_SECONDS", 15)
        assert settle(DUE, store).status == "sent"

    assert (delivery.status, delivery.reason) == (
        "failed",
        "not sent: to claim it in the ledger took too long",
    )


def test_an_alert_that_nobody_thought_of_holds_back_no_other(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Decision(an_alert("trash_high", message=7), "due", 120)
    with Sns(water_critical=[OK]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        sent, odd = deliver_all([DUE, other], store=store)

    assert (sent.status, odd.status, odd.reason) == ("sent", "failed", "not sent (TypeError)")


@pytest.mark.parametrize("verdict", [DUE, BELOW])
def test_a_dead_checks_claim_is_cleared_whatever_the_report_says(
    store: FolderStore, sns: Callable[..., Sns], verdict: Decision
) -> None:
    put(store, replace(OVER, claim="a check that died"))
    with sns():
        settle(verdict, store)

    assert held(store).claim == ""


@pytest.mark.parametrize("clock", [datetime(1970, 1, 1), datetime(2099, 1, 1)])
def test_a_clock_that_is_wrong_neither_loses_an_alert_nor_ends_a_claim_early(
    store: FolderStore, sns: Callable[..., Sns], tmp_path: Path, clock: datetime
) -> None:
    now = clock.replace(tzinfo=timezone.utc)
    put(store, Entry(claim="another check"))
    marks = threading.Timer(0.2, lambda: put(store, OVER))
    marks.start()
    with sns() as server:
        (waited,) = deliver_all([DUE], report=a_report(), store=store, now=now)
        marks.join()
        (tmp_path / "water_critical.json").unlink()
        (first,) = deliver_all([DUE], report=a_report(), store=store, now=now)
        second = settle(DUE, store)
        (reminded,) = deliver_all(
            [DUE], report=a_report("2026-03"), store=store, now=NOW, remind="400"
        )

    assert [d.status for d in (waited, first, second)] == ["already_sent", "sent", "already_sent"]
    assert reminded.status == "sent", "a message of a time to come, or of 1970, does not hold back"
    assert server.publishes("water_critical") == 2


@pytest.mark.parametrize("checks", [2, 10])
def test_checks_at_the_same_instant_send_once(
    store: FolderStore, sns: Callable[..., Sns], checks: int
) -> None:
    together = threading.Barrier(checks)

    def check(_: int) -> str:
        together.wait()
        return settle(DUE, store).status

    with sns() as server, ThreadPoolExecutor(checks) as pool:
        statuses = sorted(pool.map(check, range(checks)))

    assert statuses == ["already_sent"] * (checks - 1) + ["sent"]
    assert server.publishes("water_critical") == 1


class Failing(FolderStore):
    """A store in which the use of that number, counted from 1, and all after it fail."""

    def __init__(self, folder: Path, first: int, last: int = 99) -> None:
        super().__init__(folder)
        self._first, self._last, self._uses = first, last, 0

    def _use(self) -> None:
        self._uses += 1
        if self._first <= self._uses <= self._last:
            raise LedgerError("s3://b/ledger/water_critical.json: can't be read or written: no")

    def read(self, name: str) -> tuple[bytes, str]:
        self._use()
        return super().read(name)

    def write(self, name: str, body: bytes, version: str) -> str:
        self._use()
        with (self._folder / f"{name}.json").open("ab"):
            pass
        (self._folder / f"{name}.json").write_bytes(body)
        return "written"


@pytest.mark.parametrize(("fails_at", "what"), [(1, "the read"), (2, "the claim")])
def test_without_a_ledger_nothing_is_sent_and_it_stays_due(
    store: FolderStore, tmp_path: Path, sns: Callable[..., Sns], fails_at: int, what: str
) -> None:
    with sns() as server:
        delivery = settle(DUE, Failing(tmp_path, fails_at))
        assert server.requests == [], what
        assert settle(DUE, store).status == "sent"

    assert (delivery.status, delivery.message_id) == ("failed", None)
    assert delivery.reason == "s3://b/ledger/water_critical.json: can't be read or written: no"


def test_a_mark_that_can_not_be_written_is_told_and_the_alert_is_sent_again(
    store: FolderStore, tmp_path: Path, sns: Callable[..., Sns]
) -> None:
    """The one window in which a second copy can go out."""
    with sns() as server:
        delivery = settle(DUE, Failing(tmp_path, 3))
        assert settle(DUE, store).status == "sent"

    assert (delivery.status, delivery.message_id) == ("failed", "m-1")
    assert delivery.reason == (
        "sent, but the ledger does not say so; the next check may send it again"
    )
    assert server.publishes("water_critical") == 2


def test_a_publish_whose_answer_was_lost_stays_due(
    store: FolderStore, sns: Callable[..., Sns]
) -> None:
    """It may have gone out; at least once goes before once."""
    with sns([], OK) as server:
        first, second = settle(DUE, store), settle(DUE, store)

    assert (first.status, second.status) == ("failed", "sent")
    assert "it may have gone out" in first.reason
    assert server.publishes("water_critical") == 2


def test_a_claim_that_can_not_be_given_back_ends_by_itself(
    store: FolderStore, tmp_path: Path, sns: Callable[..., Sns]
) -> None:
    with sns(REFUSED, OK) as server:
        delivery = settle(DUE, Failing(tmp_path, 3))
        assert held(store).claim
        assert settle(DUE, store).status == "sent"

    assert delivery.status == "failed"
    assert "not allowed to publish" in delivery.reason
    assert server.publishes("water_critical") == 2


def test_a_recovery_that_can_not_be_noted_is_no_success(store: FolderStore, tmp_path: Path) -> None:
    put(store, OVER)

    assert settle(BELOW, Failing(tmp_path, 2)).status == "failed"


def test_a_corrupt_entry_holds_back_its_own_alert_alone(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "water_critical.json").write_text('{"state": "ov')
    other = Decision(an_alert("trash_high"), "due", 120)
    with Sns(trash_high=[OK], water_critical=[OK]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        corrupt, sent = deliver_all([DUE, other], store=store)

    assert sent.status == "sent"
    assert (corrupt.status, corrupt.reason) == (
        "failed",
        "water_critical.json is no entry of the ledger; delete it, and it begins anew",
    )
    assert (tmp_path / "water_critical.json").read_text() == '{"state": "ov'


def test_the_lease_is_longer_than_a_publish_can_take() -> None:
    """The limits themselves; the other tests run with shorter ones."""
    attempt = 3 + 10  # seconds to connect and to read
    pauses = 0.5 * (2 + 4)
    assert deliver_module.CLAIM_SECONDS + publish.ATTEMPTS * attempt + pauses < AS_SHIPPED

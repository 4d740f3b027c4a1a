"""What was sent already, and so what is to be sent now: a pure transition, and the object on S3."""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Literal

from runner import aws
from runner.config import Alert, Config
from runner.errors import LedgerError
from runner.rules import Decision, service_key

KEY = "ledger.json"
# Before there was one object, each alert had its own, ledger/TOPIC.json, and the reports had one.
# Such a ledger is taken over when ledger.json is written for the first time. These are the fields:
_OLD_FIELDS = ("state", "count", "month", "sent_at", "sent_month")


@dataclass(frozen=True)
class Entry:
    """What the ledger holds of one alert; without a month, nothing was processed yet.

    count, month: of the report processed last; months are YYYY-MM. previous, previous_month: of
    the month before that one. since: the month in which the alert got over its threshold.
    sent_at (UTC, ISO 8601), sent_month: of the last message that it is over.
    topic_arn, services: whose entry it is.
    """

    state: Literal["over", "below"] = "below"
    count: int = 0
    month: str = ""
    previous: int | None = None
    previous_month: str = ""
    since: str = ""
    sent_at: str = ""
    sent_month: str = ""
    topic_arn: str = ""
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """All that was sent. claim: names the check that is sending right now, empty for none.

    reports: month to SHA-256 of the report processed last. alerts: topic to entry.
    """

    claim: str = ""
    reports: dict[str, str] = field(default_factory=dict)
    alerts: dict[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """What becomes of one decision.

    status: would_send while it is due, then sent, recovered or failed; or already_sent, below,
    unknown.

    entry: what the ledger holds once that is done. message_id: SNS's, None unless one was sent.
    """

    decision: Decision
    status: str
    reason: str = ""
    entry: Entry = Entry()
    message_id: str | None = None


def transition(
    entry: Entry, decision: Decision, month: str, now: datetime, config: Config, last: str = ""
) -> Delivery:
    """Say what a decision means for an alert of which the ledger holds `entry`.

    month: of the report, YYYY-MM. now: with its time zone. config: for remind, notify_recovery.
    last: the last month of which the ledger has a report. A report of a month before that, or
    before the one processed last for this alert, fails where it would be sent, and changes nothing.
    An entry of another topic or of other services counts for nothing.
    """
    if decision.verdict == "unknown" or decision.count is None:  # changes nothing
        return Delivery(decision, "unknown", decision.reason, entry)
    alert, is_over = decision.alert, decision.verdict == "over"
    is_same = {*map(service_key, entry.services)} == {*map(service_key, alert.services)}
    if not is_same or entry.topic_arn != alert.topic_arn:
        entry = Entry(topic_arn=alert.topic_arn, services=alert.services)
    if month < (last := max(last, entry.month)):
        reason = f"not sent: the ledger has processed {last}, a later month, already"
        return Delivery(decision, *(("failed", reason) if is_over else ("below", "")), entry)
    was_over = entry.state == "over"
    since = "" if not is_over else entry.since if was_over else month
    after = replace(entry, state=decision.verdict, count=decision.count, month=month, since=since)
    if entry.month and entry.month != month:
        after = replace(after, previous=entry.count, previous_month=entry.month)
    if not is_over:
        recovers = was_over and config.notify_recovery
        what = ("would_send", "back to normal") if recovers else ("below", "")
        return Delivery(decision, *what, after)
    if was_over and not _is_reminder_due(entry, month, now, config.remind):
        sent = f"on {entry.sent_at[:10]}, for {entry.sent_month}"
        return Delivery(decision, "already_sent", sent, after)
    sent_at = now.isoformat(timespec="seconds")
    return Delivery(decision, "would_send", "", replace(after, sent_at=sent_at, sent_month=month))


def _is_reminder_due(entry: Entry, month: str, now: datetime, remind: str) -> bool:
    if remind in ("month", "never") or month == entry.sent_month:
        return remind == "month" and month != entry.sent_month
    days = (now - datetime.fromisoformat(entry.sent_at)).days
    return not 0 <= days < int(remind)  # before 0: by a clock that was wrong then, or is now


def dump(ledger: Ledger) -> bytes:
    """Return a ledger as its JSON object."""
    return json.dumps(asdict(ledger), indent=1).encode()


def parse(body: bytes) -> Ledger:
    """Read a ledger's JSON object. Raises LedgerError, also for an empty one."""
    try:
        values = json.loads(body)
        alerts = {t: {**e, "services": tuple(e["services"])} for t, e in values["alerts"].items()}
        entries = {topic: Entry(**entry) for topic, entry in alerts.items()}
        return Ledger(values["claim"] + "", {**values["reports"]}, entries)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise LedgerError("it is no ledger; restore an earlier version, or delete it") from None


# Knows nothing, keeps nothing, is never in the way: for a check without a ledger.
NO_LEDGER = SimpleNamespace(read=lambda alerts: (Ledger(), ""), write=lambda *_: "forgotten")


class S3Ledger:
    """Keeps s3://bucket/ledger.json; a write replaces only what was read before it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """

    def __init__(self, bucket: str, region: str) -> None:
        self._bucket, self._client = bucket, aws.client("s3", region)

    def read(self, alerts: tuple[Alert, ...]) -> tuple[Ledger, str]:
        """Return the ledger and its version, empty where there is none yet. Raises LedgerError.

        alerts: whose entries are taken over from the earlier form.
        """
        try:
            body, version = self._get(KEY)
            return (parse(body) if version else self._old(alerts)), version
        except Exception as error:  # a mangled answer makes the SDK raise anything
            raise LedgerError(f"s3://{self._bucket}/{KEY}: {aws.reason(error, 'S3')}") from None

    def write(self, ledger: Ledger, version: str) -> str:
        """Return the new version, empty when another one is there by now. Raises LedgerError."""
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        content = {"Bucket": self._bucket, "Key": KEY, "Body": dump(ledger)}
        try:
            return str(self._client.put_object(**content, **condition)["ETag"])
        except Exception as error:
            answer = (getattr(error, "response", None) or {}).get("ResponseMetadata", {})
            if answer.get("HTTPStatusCode") not in (404, 409, 412):
                raise LedgerError(f"s3://{self._bucket}/{KEY}: {aws.reason(error, 'S3')}") from None
        # The write may be our own: the SDK repeats one whose answer was lost.
        found, version = self.read(())
        return version if found == ledger else ""

    def _get(self, key: str) -> tuple[bytes, str]:
        """Return an object and its version, which is empty where there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read(), answer["ETag"]
        except self._client.exceptions.NoSuchKey:
            return b"{}", ""

    def _old(self, alerts: tuple[Alert, ...]) -> Ledger:
        """Take over what the earlier form holds of these alerts, so that nothing is sent twice."""
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix="ledger/")
        entries = {}
        for alert in alerts if "Contents" in listed else ():
            old = json.loads(self._get(f"ledger/{alert.topic}.json")[0])
            if old.get("month"):
                kept = {name: old[name] for name in _OLD_FIELDS} | {"topic_arn": alert.topic_arn}
                entries[alert.topic] = Entry(services=alert.services, **kept)
        reports = json.loads(self._get("ledger/report.json")[0])
        return Ledger("", {**reports}, entries)

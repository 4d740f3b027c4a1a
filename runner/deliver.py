"""Decisions -> deliveries: each alert is claimed in the ledger, sent if it is due, and marked."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event
from typing import Literal
from uuid import uuid4

from runner.aws import AT_ONCE
from runner.config import Config
from runner.errors import LedgerError, NotSentError
from runner.ledger import Entry, Step, dump, parse, transition
from runner.messages import back_to_normal, publish_arguments
from runner.publish import Publish
from runner.report import Report
from runner.rules import Decision
from runner.store import Store

# Longer than a claim may take, and after it a publish with all its attempts: three of 13 seconds,
# and 3 between them.
LEASE_SECONDS = 60.0
CLAIM_SECONDS = 15.0
POLL_SECONDS = 1.0
INTERRUPTED = "not sent: the check was interrupted"


@dataclass(frozen=True)
class Delivery:
    """What became of one decision. message_id: SNS's, None unless a message was sent."""

    decision: Decision
    status: Literal["sent", "would_send", "recovered", "already_sent", "below", "unknown", "failed"]
    reason: str = ""
    message_id: str | None = None


@dataclass(frozen=True)
class Check:
    """What all deliveries of one check share. stop: set when it is interrupted."""

    report: Report
    now: datetime
    config: Config
    store: Store
    publish: Publish
    dry_run: bool
    stop: Event = field(default_factory=Event)


def deliver(decisions: Sequence[Decision], check: Check) -> list[Delivery]:
    """Settle every decision, several at a time, and account for all of them.

    One failure holds back none of the others. A dry run reads the ledger, and changes nothing.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(_settle, decision, check) for decision in decisions]
        try:
            wait(futures)
        except KeyboardInterrupt:  # what is on its way is waited for, nothing more begins
            check.stop.set()
            pool.shutdown(cancel_futures=True)
    return [
        _interrupted(decision) if future.cancelled() else future.result()
        for decision, future in zip(decisions, futures, strict=True)
    ]


def _interrupted(decision: Decision) -> Delivery:
    if decision.verdict == "due":
        return Delivery(decision, "failed", INTERRUPTED)
    return Delivery(decision, decision.verdict, decision.reason)


def _settle(decision: Decision, check: Check) -> Delivery:
    if decision.verdict == "unknown":
        return Delivery(decision, "unknown", decision.reason)
    topic = decision.alert.topic
    try:
        while True:
            entry, version = _read_unclaimed(topic, check)
            step = transition(
                entry,
                decision,
                check.report,
                check.now,
                remind=check.config.remind,
                notify_recovery=check.config.notify_recovery,
            )
            if check.dry_run or step.entry == entry:
                return _untouched(decision, entry, step)
            is_message = step.action != "keep silent"
            wanted = replace(entry, claim=uuid4().hex) if is_message else step.entry
            began = time.monotonic()
            if written := check.store.write(topic, dump(wanted), version):
                if not is_message:
                    return _untouched(decision, entry, step)
                if time.monotonic() - began > CLAIM_SECONDS:
                    raise LedgerError("not sent: to claim it in the ledger took too long")
                return _send(decision, entry, step, written, check)
            # Another check was faster: look again.
    except LedgerError as error:
        return Delivery(decision, "failed", str(error))
    except Exception as error:  # whatever it is, it holds back no other alert
        return Delivery(decision, "failed", f"not sent ({type(error).__name__})")


def _read_unclaimed(topic: str, check: Check) -> tuple[Entry, str]:
    """Read an entry; while another check holds a claim on it, wait.

    A claim seen unchanged for LEASE_SECONDS is a dead check's. No clocks are compared; source:
    https://aws.amazon.com/blogs/database/building-distributed-locks-with-the-dynamodb-lock-client/
    """
    seen, since = "", 0.0
    while True:
        if check.stop.is_set():
            raise LedgerError(INTERRUPTED)
        body, version = check.store.read(topic)
        entry = parse(topic, body)
        if version != seen:
            seen, since = version, time.monotonic()
        if not entry.claim or check.dry_run or time.monotonic() - since >= LEASE_SECONDS:
            return entry, version
        check.stop.wait(POLL_SECONDS)


def _untouched(decision: Decision, entry: Entry, step: Step) -> Delivery:
    """Account for an alert of which nothing is sent."""
    if step.action == "refuse":
        reason = f"not sent: the ledger has judged {entry.month}, a later month, already"
        return Delivery(decision, "failed", reason)
    if step.action == "recover":
        return Delivery(decision, "would_send", "back to normal")
    if step.action == "send":
        return Delivery(decision, "would_send")
    if decision.verdict == "below":
        return Delivery(decision, "below")
    return Delivery(decision, "already_sent", f"on {entry.sent_at[:10]}, for {entry.sent_month}")


def _send(decision: Decision, entry: Entry, step: Step, version: str, check: Check) -> Delivery:
    """Publish what is claimed and mark it; a publish that failed gives the claim back."""
    topic, recovers = decision.alert.topic, step.action == "recover"
    arguments = back_to_normal if recovers else publish_arguments
    try:
        message_id = check.publish(arguments(decision, check.report.month))
    except NotSentError as error:
        with suppress(LedgerError):  # then the claim ends by itself
            check.store.write(topic, dump(replace(entry, claim="")), version)
        return Delivery(decision, "failed", str(error))
    marked = dump(replace(step.entry, message_id=message_id))
    with suppress(LedgerError):
        if check.store.write(topic, marked, version):
            return Delivery(decision, "recovered" if recovers else "sent", "", message_id)
    reason = "sent, but the ledger does not say so; the next check may send it again"
    return Delivery(decision, "failed", reason, message_id)

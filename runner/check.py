"""One check: what is due is claimed in the ledger at once, sent several at a time, and recorded."""

import re
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from runner import aws, errors, messages, render, rules
from runner.config import Config
from runner.ledger import NO_LEDGER, Delivery, Entry, Ledger, S3Ledger, transition
from runner.report import MONTH, Report, months_in, read_report

POLL_SECONDS = 1.0
# A claim that makes no progress for so long is a dead check's: a write, a read that tells whether
# it was done, a publish, and the write that records it are over by then, with all attempts.
LEASE_SECONDS = 4 * aws.CALL_SECONDS + 12
# The most that a check waits for others; the scheduled function has 300 seconds.
WAIT_SECONDS = 180.0
_UNRECORDED = "sent, but the ledger does not say so; the next check may send it again"


def check_report(
    config: Config, address: str | None, month: str | None, *, resend: bool, dry_run: bool
) -> tuple[Report, list[Delivery]]:
    """Read one report, send what is due, and notify the operators of what is wrong.

    address: None for Terraform's report_url. month: None for the one that the address names, else
    last month. resend: as if nothing had ever been sent. Raises ConfigError before anything is
    done, ReportError when the report as a whole can't be read, and another BacklogError for what
    nobody foresaw.
    """
    now, address = datetime.now(timezone.utc), address or config.report_url
    if not address:
        raise errors.ConfigError("no report: give --report (REPORT= with make), or set report_url")
    named = months_in(address) - {month}
    month = month if month is not None else named.pop() if len(named) == 1 else last_month(now)
    if not re.fullmatch(MONTH, month) or month > f"{now:%Y-%m}":
        raise errors.ConfigError(f"month {month}: must be YYYY-MM, such as 2026-02, and have begun")
    if named:
        raise errors.ConfigError(f"the address names {min(named)}, not {month}; correct one")
    region = config.alerts[0].topic_arn.split(":")[3]
    bucket, sns, notice = config.ledger_bucket, aws.client("sns", region), ""
    store = S3Ledger(bucket, region) if bucket and not resend else NO_LEDGER
    try:
        report = read_report(address, month, {s for a in config.alerts for s in a.services})
        deliveries = _Check(config, report, sns, store, dry_run).run()
        notice = render.as_text(report, deliveries) if exit_code(deliveries) else ""
        return report, deliveries
    except Exception as error:
        if not isinstance(error, errors.BacklogError):
            name = type(error).__name__
            error = errors.BacklogError(f"the check stopped on an error of its own ({name})")
        notice = "" if isinstance(error, errors.ConfigError) else str(error)
        raise error from None
    finally:
        if notice and config.operators_topic_arn and not dry_run:
            subject = f"Backlog check {month}: {notice.splitlines()[-1]}"
            text = f"{notice.strip()}\n\nWhat failed is tried again by the next check."
            try:
                aws.publish(sns, messages.for_operators(config.operators_topic_arn, subject, text))
            except (errors.PublishError, KeyboardInterrupt) as error:
                print(f"error: operators not notified: {str(error) or 'stopped'}", file=sys.stderr)


def exit_code(deliveries: list[Delivery]) -> int:
    """Return 1 if anything due was not sent, else 3 if anything is unknown, else 0."""
    statuses = {delivery.status for delivery in deliveries}
    return 1 if "failed" in statuses else 3 if "unknown" in statuses else 0


def last_month(today: datetime) -> str:
    """Return the month before `today`'s as YYYY-MM."""
    return (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


@dataclass
class _Check:
    """One check under way. store: an S3Ledger, or NO_LEDGER. halt: why nothing more begins."""

    config: Config
    report: Report
    sns: Any
    store: Any
    dry_run: bool
    halt: str = ""

    def run(self) -> list[Delivery]:
        """Process every alert; Ctrl-C ends that between two steps, not within one."""
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(self._deliver)
            while not future.done():
                try:
                    wait([future], 0.2)  # a signal that another thread took is seen then
                except KeyboardInterrupt:
                    self.halt = "not sent: the check was interrupted"
            return future.result()

    def _deliver(self) -> list[Delivery]:
        """Send what is due; without a ledger that can be read and written, nothing.

        While another check holds a claim that makes progress, wait: one seen unchanged for
        LEASE_SECONDS is a dead check's. No clocks are compared; source:
        https://aws.amazon.com/blogs/database/building-distributed-locks-with-the-dynamodb-lock-client/
        """
        until = time.monotonic() + WAIT_SECONDS
        first_seen: dict[str, float] = {}  # each version of the ledger, by our own clock
        try:
            while time.monotonic() < until and not self.halt:
                ledger, version = self.store.read(self.config.alerts)
                since = first_seen.setdefault(version, time.monotonic())
                if self.dry_run or not ledger.claim or time.monotonic() - since > LEASE_SECONDS:
                    deliveries, claimed = self._plan(ledger)
                    if self.dry_run or claimed == ledger:  # nothing is due, and nothing changed
                        return deliveries
                    if version := self.store.write(claimed, version):
                        return self._send_all(deliveries, claimed, version)
                time.sleep(POLL_SECONDS)
            waited = f"not sent: other checks kept the ledger for {WAIT_SECONDS:g} seconds"
            raise errors.LedgerError(self.halt or waited)
        except errors.LedgerError as error:
            return [
                Delivery(d, "unknown" if d.reason else "failed", d.reason or str(error))
                for d in rules.decide(self.config.alerts, self.report)
            ]

    def _plan(self, ledger: Ledger) -> tuple[list[Delivery], Ledger]:
        """Return what becomes of every alert, and the ledger that claims what is due.

        That ledger keeps the old entry of an alert that is due, until its message is sent, and has
        the new entries of all others. A report that is not its month's is not noted in it.
        """
        config, report, now = self.config, self.report, datetime.now(timezone.utc)
        wrong = rules.validate_report(report, now, config.max_report_age_days, ledger.reports)
        deliveries, last = [], max(ledger.reports, default="")
        # An alert that is gone, and comes back in a later month, is a new one.
        entries = {t: e for t, e in ledger.alerts.items() if wrong or e.month >= report.month}
        for decision in rules.decide(config.alerts, report, wrong):
            before = ledger.alerts.get(decision.alert.topic, Entry())
            delivery = transition(before, decision, report.month, now, config, last)
            if self.dry_run and delivery.status == "failed":  # it says why, and what it would be
                delivery = replace(delivery, status="would_send")
            deliveries.append(delivery)
            entry = before if delivery.status == "would_send" else delivery.entry
            entries |= {decision.alert.topic: entry} if entry.month else {}
        claim = uuid4().hex if any(d.status == "would_send" for d in deliveries) else ""
        noted = {} if wrong or report.month < last else {report.month: report.sha256}
        reports = sorted({**ledger.reports, **noted}.items())[-24:]
        return deliveries, Ledger(claim, dict(reports), entries)

    def _send_all(self, plan: list[Delivery], ledger: Ledger, version: str) -> list[Delivery]:
        """Send what is due and record each batch as it completes; the last gives up the claim."""
        found, claim = {d.decision.alert.topic: d for d in plan}, ledger.claim
        with ThreadPoolExecutor(aws.AT_ONCE) as pool:
            pending = {pool.submit(self._send, d) for d in plan if d.status == "would_send"}
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                batch = [future.result() for future in done]
                found |= {delivery.decision.alert.topic: delivery for delivery in batch}
                sent = {d.decision.alert.topic: d.entry for d in batch if d.message_id}
                # The claim changes each time, so that others see the progress.
                progress = f"{claim} {len(pending)}" if pending else ""
                ledger = replace(ledger, claim=progress, alerts={**ledger.alerts, **sent})
                try:  # an empty version: another check took over, or a write failed before
                    version = version and self.store.write(ledger, version)
                except errors.LedgerError:
                    version = ""
                if not version:
                    self.halt = self.halt or "not sent: the ledger could not be written"
                    for topic in sent:
                        found[topic] = replace(found[topic], status="failed", reason=_UNRECORDED)
        return list(found.values())

    def _send(self, due: Delivery) -> Delivery:
        if self.halt:
            return replace(due, status="failed", reason=self.halt)
        is_over = due.decision.verdict == "over"
        arguments = messages.publish_arguments if is_over else messages.back_to_normal
        try:
            message_id = aws.publish(self.sns, arguments(due.decision, self.report.month))
        except Exception as error:  # whatever it is, it holds back no other alert
            if isinstance(error, errors.UnreachableError):
                self.halt = "not tried: SNS could not be reached"
            return replace(due, status="failed", reason=aws.reason(error, "SNS"))
        status = "sent" if is_over else "recovered"
        return replace(due, status=status, reason="", message_id=message_id)

"""What was sent already, and so what is due now: the transitions of one alert. Pure."""

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal

from runner.errors import LedgerError
from runner.report import Report
from runner.rules import Decision


@dataclass(frozen=True)
class Entry:
    """What the ledger holds of one alert; while the state is unknown, nothing was judged yet.

    count, month, sha256: of the report judged last; months are YYYY-MM. sent_at (UTC, ISO 8601),
    sent_month, message_id: of the last message. claim: names the check that is sending right now;
    all else is then as it was before.
    """

    state: Literal["below", "over", "unknown"] = "unknown"
    count: int = 0
    month: str = ""
    sha256: str = ""
    sent_at: str = ""
    sent_month: str = ""
    message_id: str = ""
    claim: str = ""


@dataclass(frozen=True)
class Step:
    """What to do about one alert, and what the ledger holds once it is done."""

    action: Literal["send", "recover", "keep silent", "refuse"]
    entry: Entry


def transition(
    entry: Entry,
    decision: Decision,
    report: Report,
    now: datetime,
    *,
    remind: str,
    notify_recovery: bool,
) -> Step:
    """Say what a decision means for an alert of which the ledger holds `entry`.

    now: with its time zone. remind, notify_recovery: as in runner.config. A report of a month
    before the one judged last is refused where it would be sent, and changes nothing.
    """
    if decision.count is None:  # unknown changes nothing, and is never a recovery
        return Step("keep silent", entry)
    is_due = decision.verdict == "due"
    if report.month < entry.month:
        return Step("refuse" if is_due else "keep silent", entry)
    judged = replace(
        entry,
        state="over" if is_due else "below",
        count=decision.count,
        month=report.month,
        sha256=report.sha256,
        claim="",
    )
    told = replace(
        judged, sent_at=now.isoformat(timespec="seconds"), sent_month=report.month, message_id=""
    )
    was_over = entry.state == "over"
    if is_due and (not was_over or _is_reminder_due(entry, report.month, now, remind)):
        return Step("send", told)
    if not is_due and was_over and notify_recovery:
        return Step("recover", told)
    return Step("keep silent", judged)


def _is_reminder_due(entry: Entry, month: str, now: datetime, remind: str) -> bool:
    if remind == "never" or month == entry.sent_month:
        return False
    if remind == "month":
        return True
    days = (now - datetime.fromisoformat(entry.sent_at)).days
    return not 0 <= days < int(remind)  # before 0: by a clock that was wrong then, or is now


def dump(entry: Entry) -> bytes:
    """Return an entry as its JSON object."""
    return json.dumps(asdict(entry), indent=2).encode()


MONTH = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])"


def parse(name: str, body: bytes) -> Entry:
    """Read the entry NAME.json; nothing at all is the first one. Raises LedgerError."""
    if not body:
        return Entry()
    try:
        entry = Entry(**json.loads(body))
        texts = [value for name, value in asdict(entry).items() if name != "count"]
        is_sound = type(entry.count) is int and all(isinstance(text, str) for text in texts)
        is_sound = is_sound and all(
            re.fullmatch(f"|{MONTH}", month) for month in (entry.month, entry.sent_month)
        )
        if entry.state == "over" or entry.sent_at:
            is_sound = is_sound and datetime.fromisoformat(entry.sent_at).tzinfo is not None
    except (ValueError, TypeError, RecursionError):
        is_sound = False
    if not is_sound or entry.state not in ("below", "over", "unknown"):
        raise LedgerError(f"{name}.json is no entry of the ledger; delete it, and it begins anew")
    return entry


def parse_months(body: bytes) -> dict[str, str]:
    """Read report.json, month to SHA-256 of the reports judged before. Raises LedgerError."""
    try:
        months = json.loads(body or b"{}")
        if all(re.fullmatch(MONTH, m) and isinstance(digest, str) for m, digest in months.items()):
            return dict(months)
    except (ValueError, AttributeError, RecursionError):
        pass
    raise LedgerError("report.json is not the ledger's; delete it, and it begins anew")

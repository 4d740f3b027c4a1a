"""Plan, last report and last months -> what becomes of each alert's threshold and texts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from runner.config import Alert
from runner.rules import Decision, decide
from scripts.review.people import listed, name_of
from scripts.review.read import AlertKey, Plan

if TYPE_CHECKING:
    from runner.report import Report
    from scripts.backtest.replay import History

# What the last report means before and after, of the alerts that exist on both sides.
Verdicts = Mapping[AlertKey, tuple[Decision, Decision]]
# Replays the last months of reports for some alerts.
Replay = Callable[[list[Alert]], "list[History]"]


def compare_verdicts(plan: Plan, report: Report | None) -> Verdicts:
    """Evaluate one report by the alerts as they were and as they will be."""
    if not report:
        return {}
    both = sorted(plan.alerts_before.keys() & plan.alerts_after.keys())
    sides = (plan.alerts_before, plan.alerts_after)
    decisions = [decide(tuple(alerts[key] for key in both), report) for alerts in sides]
    return dict(zip(both, zip(*decisions, strict=True), strict=True))


def threshold_risks(verdicts: Verdicts) -> Iterator[str]:
    """Name alerts that the last report was over for, and would not be any more."""
    for key, (before, after) in verdicts.items():
        old, new = before.alert.threshold, after.alert.threshold
        raised = f"{name_of(key)}: the threshold is raised from {old} to {new}"
        if before.verdict == "unknown" and new > old:
            yield f"{raised}, and the last report's count is unknown"
        elif before.verdict == "over" and after.verdict == "below" and new > old:
            yield f"{raised}; the last report's count of {after.count} would no longer alert"
        elif before.verdict == "over" and after.verdict != "over":
            count = f"the last report's count of {before.count}"
            yield f"{name_of(key)}: {count} alerted, and would no longer"


def alert_changes(plan: Plan, verdicts: Verdicts, replay: Replay | None) -> Iterator[str]:
    """Name the changes of thresholds and texts; the texts themselves are not repeated."""
    for key in sorted(plan.alerts_before.keys() | plan.alerts_after.keys()):
        before, after = plan.alerts_before.get(key), plan.alerts_after.get(key)
        if before and after:
            changed = ", ".join(_changed(before, after))
            verdict = f". {_verdict(*verdicts[key])}" if key in verdicts else ""
            same = (before.threshold, before.services) == (after.threshold, after.services)
            past = "" if same else _past([before, after], replay)
            what = f"{changed}{verdict}{past}" if changed else ""
        elif after:
            what = f"new, alerts over {after.threshold}{_past([after], replay)}"
        elif before:
            what = f"removed, alerted over {before.threshold}"
        if what:
            yield f"{name_of(key)}: {what}"


def _past(alerts: list[Alert], replay: Replay | None) -> str:
    """Say in how many of the last months each of one or two alerts would have gone out."""
    if not replay:
        return ""
    histories = replay(alerts)
    sides = (" before", " after") if len(alerts) == 2 else ("",)
    both = list(zip(sides, histories, strict=True))
    months = len(histories[0].months)
    words = f"Would have alerted in the last {f'{months} months' if months > 1 else 'month'}: "
    words += ", ".join(f"{len(history.sent_in)}{side}" for side, history in both)
    unknown = ", ".join(f"{len(history.unknown)}{side}" for side, history in both)
    is_known = not any(history.unknown for history in histories)
    return f". {words}" + ("" if is_known else f"; unknown: {unknown}")


def _changed(before: Alert, after: Alert) -> Iterator[str]:
    if before.threshold != after.threshold:
        yield f"threshold {before.threshold} -> {after.threshold}"
    if before.protocols != after.protocols:
        old, new = (listed(alert.protocols) or "none" for alert in (before, after))
        yield f"channels {old} -> {new}"
    if before.services != after.services:
        yield f"services changed ({len(before.services)} -> {len(after.services)})"
    for text in ("subject", "message", "sms"):
        if getattr(before, text) != getattr(after, text):
            yield f"text of the {text} changed"


def _verdict(before: Decision, after: Decision) -> str:
    """Say what one report meant before and means after."""
    words = {"over": "alerted", "below": "silent", "unknown": "unknown"}
    old, new = words[before.verdict], words[after.verdict]
    counts = ["?" if d.count is None else d.count for d in (before, after)]
    if before.count == after.count:
        return f"Count {counts[0]}: {old} before, {new} after"
    return f"Count {counts[0]}: {old} before; count {counts[1]}: {new} after"

"""Plan, last report and last months -> what becomes of each alert's threshold and texts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from runner.config import Alert
from runner.rules import Decision, decide
from scripts.review.people import LONGEST_LINE, listed, name_of, shown
from scripts.review.read import AlertKey, Plan

if TYPE_CHECKING:
    from runner.report import Report
    from scripts.backtest.replay import History

# What the last report means for each alert before and after; None where there is no such alert.
Verdicts = Mapping[AlertKey, tuple[Decision | None, Decision | None]]
# Replays the last months of reports for some alerts.
Replay = Callable[[list[Alert]], "list[History]"]


def compare_verdicts(plan: Plan, report: Report | None) -> Verdicts:
    """Evaluate one report by the alerts as they were and as they will be."""
    if not report:
        return {}
    sides = [
        {(d.alert.department, d.alert.level): d for d in decide(tuple(alerts.values()), report)}
        for alerts in (plan.alerts_before, plan.alerts_after)
    ]
    return {key: (sides[0].get(key), sides[1].get(key)) for key in sides[0] | sides[1]}


def threshold_risks(plan: Plan, verdicts: Verdicts) -> Iterator[str]:
    """Name alerts that the last report was over for, and would not be any more, or may not be."""
    for key in sorted(plan.alerts_after):
        old, new = plan.alerts_before.get(key), plan.alerts_after[key]
        before, after = verdicts.get(key, (None, None))
        limit = old.threshold if old else new.threshold
        is_raised = new.threshold > limit
        raised = f"{name_of(key)}: the threshold is raised from {limit} to {new.threshold}"
        if not after:
            what = "" if not old or old.services == new.services else "its services change"
            if is_raised or what:
                said = raised if is_raised else f"{name_of(key)}: {what}"
                yield f"{said}, and no report says what that means: give REPORT"
        elif after.verdict == "unknown":
            why = f"the last report's count is unknown: {shown(after.reason, LONGEST_LINE)}"
            if is_raised:
                yield f"{raised}, and {why}"
            elif not old or old.services != new.services:
                yield f"{name_of(key)}: {'its services change' if old else 'is new'}, and {why}"
        elif before and before.verdict == "over" and after.verdict == "below":
            count = f"the last report's count of {before.count}"
            if is_raised:
                yield f"{raised}; the last report's count of {after.count} would no longer alert"
            else:
                yield f"{name_of(key)}: {count} alerted, and would no longer"


def alert_changes(plan: Plan, verdicts: Verdicts, replay: Replay | None) -> Iterator[str]:
    """Name the changes of thresholds and texts; the texts themselves are not repeated."""
    for key in sorted(plan.alerts_before.keys() | plan.alerts_after.keys()):
        before, after = plan.alerts_before.get(key), plan.alerts_after.get(key)
        if before and after:
            changed = ", ".join(_changed(before, after))
            verdict = _verdict(*verdicts.get(key, (None, None)))
            same = (before.threshold, before.services) == (after.threshold, after.services)
            past = "" if same else _past([before, after], replay)
            what = f"{changed}{verdict}{past}" if changed else ""
        elif after:
            verdict = _verdict(*verdicts.get(key, (None, None)))
            what = f"new, alerts over {after.threshold}{verdict}{_past([after], replay)}"
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
        added, removed = (
            [service for service in one.services if service not in other.services]
            for one, other in ((after, before), (before, after))
        )
        changes = [f"{listed(n)} {w}" for n, w in ((added, "added"), (removed, "removed")) if n]
        yield f"services: {', '.join(changes) or 'another order'}"
    for text in ("subject", "message", "sms"):
        if getattr(before, text) != getattr(after, text):
            yield f"text of the {text} changed"


def _verdict(before: Decision | None, after: Decision | None) -> str:
    """Say what one report meant before and means after, as a sentence of its own."""
    if not after:
        return ""
    if not before:
        return f". Count {_meaning(after, 'would alert', 'would be silent')}"
    old, new = (_meaning(decision, "alerted", "silent") for decision in (before, after))
    if old == new and after.verdict == "unknown":
        return f". Count {new}"
    if before.count == after.count:
        old_word, new_word = old.partition(": ")[2], new.partition(": ")[2]
        return f". Count {after.count}: {old_word} before, {new_word} after"
    return f". Before, count {old}. After, count {new}"


def _meaning(decision: Decision, over: str, below: str) -> str:
    if decision.verdict == "unknown":
        return f"unknown: {shown(decision.reason, LONGEST_LINE)}"
    return f"{decision.count}: {over if decision.verdict == 'over' else below}"

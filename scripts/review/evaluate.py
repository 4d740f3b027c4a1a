"""Plan -> review: what it means for people, what is risky, what can't be determined. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

from runner.config import Alert
from runner.rules import Decision, decide
from scripts.review.contacts import compare_contacts
from scripts.review.people import (
    PersonChange,
    Subscribers,
    Subscription,
    count_subscribers,
    group,
    listed,
    name_of,
    person_changes,
    shown,
    subscriptions_of,
)
from scripts.review.read import (
    FITS_THE_QUOTA,
    REACHES_SOMEBODY,
    SUBSCRIPTION,
    TOPIC,
    AlertKey,
    Change,
    Plan,
)
from scripts.review.watch import CHECKS, TAGS, is_watched, watch_notes, watch_risks

if TYPE_CHECKING:
    from runner.report import Report
    from scripts.backtest.replay import History

# https://docs.aws.amazon.com/general/latest/gr/sns.html: pending subscriptions per account.
PENDING_QUOTA = 5000
MAX_REMOVED = Fraction(3, 10)
# Fewer may leave an alert at once without being a risk, whatever their share is.
FEW = 3

_POLICY = "aws_sns_topic_policy"
# Orders what ends before what begins; see terraform/modules/alert_topic.
_MARKER = ("terraform_data", "destroy_before_create")
_HARMLESS = {
    *("data.aws_s3_object", "data.aws_kms_key", "data.aws_partition"),
    *("data.aws_caller_identity", "data.aws_region"),
}
_KNOWN_ACTIONS = {"no-op", "create", "read", "update", "delete", "replace"}
_CHANNELS = {"email", "sms"}
_OVER = "due"  # the verdict

_ByAlert = defaultdict[AlertKey, list[Subscription]]
_Verdicts = Mapping[AlertKey, tuple[Decision, Decision]]
# Replays the last months of reports for some alerts.
Replay = Callable[[list[Alert]], "list[History]"]


@dataclass(frozen=True)
class Review:
    """What a person needs to decide. Empty `undetermined` and `risks` mean: nothing risky."""

    digest: str = ""
    undetermined: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    people: tuple[PersonChange, ...] = ()
    settings: tuple[str, ...] = ()
    subscribers: tuple[Subscribers, ...] = ()
    watch: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    accepted: bool = False

    @property
    def exit_code(self) -> int:
        """0 nothing risky or all accepted, 1 risky, 2 cannot determine."""
        return 2 if self.undetermined else 1 if self.risks and not self.accepted else 0


def evaluate(
    plan: Plan,
    *,
    report: Report | None = None,
    replay: Replay | None = None,
    contacts: tuple[str, str] | None = None,
    max_removed: Fraction = MAX_REMOVED,
) -> Review:
    """Say what a plan means.

    report: the last one, to say what a change of thresholds would have meant for it.
    replay: says in how many of the last months an alert would have gone out.
    contacts: texts of the contacts before and after. Raises ConfigError where they are none.
    max_removed: the share of an alert's subscribers, 0 to 1, that may leave at once.
    """
    subscriptions = subscriptions_of(plan)
    by_alert = group(subscriptions, lambda s: s.alert)
    verdicts = _verdicts(plan, report)
    silent = [key for key in plan.alerts_after if not any(s.after for s in by_alert[key])]
    emails = sum(s.after and s.channel == "email" for s in subscriptions)
    risks = [
        *_topic_risks(plan, by_alert),
        *_subscriber_risks(plan, by_alert, max_removed),
        *_alert_risks(plan),
        *_threshold_risks(verdicts),
        *_resource_risks(plan),
        *watch_risks(plan, ends=_destroys_all(plan)),
    ]
    if emails > PENDING_QUOTA:
        risks.append(
            f"{emails} email subscriptions; {PENDING_QUOTA} of an account may be pending"
            " confirmation"
        )
    explained = {REACHES_SOMEBODY: silent, FITS_THE_QUOTA: emails > PENDING_QUOTA}
    notes = [*_notes(plan, by_alert, silent)]
    if contacts:
        notes += compare_contacts(*contacts, plan, subscriptions)
    # The risks as well: a plan that is the same may be risky for another reason by now.
    digest = sha256("\n".join([plan.content, *risks]).encode()).hexdigest()[:16]
    return Review(
        digest,
        tuple(_unexplained(plan, explained)),
        tuple(risks),
        tuple(person_changes(subscriptions)),
        tuple(_settings(plan, verdicts, replay)),
        tuple(count_subscribers(plan, subscriptions)),
        tuple(watch_notes(plan)),
        tuple(notes),
    )


def _unexplained(plan: Plan, explained: Mapping[str, object]) -> Iterator[str]:
    """Name Terraform's checks that fail for a reason that this review does not know."""
    for name, status in plan.failing_checks:
        is_explained = status == "fail" and (name in CHECKS or explained.get(name))
        # Where everything is destroyed, Terraform evaluates no check.
        if not is_explained and not (status == "unknown" and _destroys_all(plan)):
            yield f"check {shown(name)}: {shown(status)}"


def _subscriber_risks(plan: Plan, by_alert: _ByAlert, max_removed: Fraction) -> Iterator[str]:
    """Name alerts without subscribers, too many who leave, invitations nobody asked for."""
    made, ended = _made_and_ended(plan)
    for key, subscriptions in sorted(by_alert.items()):
        if key in ended:
            continue  # _topic_risks says so
        name = name_of(key)
        before = {s.person for s in subscriptions if s.before}
        after = {s.person for s in subscriptions if s.after}
        again = set() if key in made else _again(subscriptions)
        received = {s.person for s in subscriptions if s.received}
        if before and not after:
            yield f"{name}: no subscriber is left; {len(before)} of {len(before)} unsubscribed"
        elif received and key not in made and not any(s.receives for s in subscriptions):
            yield f"{name}: nobody receives it until somebody confirms; {len(received)} received it"
        for people, what in ((before - after, "unsubscribed"), (again, "must confirm again")):
            if after and len(people) > FEW and len(people) > max_removed * len(before):
                yield (
                    f"{name}: {len(people)} of {len(before)} {what},"
                    f" {len(people) / len(before):.0%}; the limit is {float(max_removed):.0%} and"
                    f" {FEW} people"
                )
        if left := sorted({s.person for s in subscriptions if s.outcome == "invited_again"}):
            yield (
                f"{name}: {listed(left)} unsubscribed or never confirmed, and would be invited"
                " again; to prevent it, set Channels in the contacts"
            )
    for key in sorted(plan.alerts_after.keys() - plan.alerts_before.keys()):
        if not any(s.after for s in by_alert[key]):
            yield f"{name_of(key)}: is new and has no subscriber"


def _again(subscriptions: Iterable[Subscription]) -> set[str]:
    return {s.person for s in subscriptions if s.is_to_be_confirmed_again}


def _made_and_ended(plan: Plan) -> tuple[set[AlertKey], set[AlertKey]]:
    """Return the alerts whose topic is made, again or not, and those whose topic ends."""
    made = {plan.alert_of[c.topic] for c in plan.topics if c.action in ("create", "replace")}
    return made, {plan.alert_of[c.topic] for c in plan.topics if not c.after} - made


def _destroys_all(plan: Plan) -> bool:
    topics = [change for change in plan.changes if change.type == TOPIC]
    is_gone = any(c.before for c in topics) and not any(c.after for c in topics)
    return is_gone and not plan.alerts_after


def _topic_risks(plan: Plan, by_alert: _ByAlert) -> Iterator[str]:
    """Name topics that end, and with them everybody's confirmation."""
    made, _ = _made_and_ended(plan)
    if _destroys_all(plan):
        topics = sum(c.before for c in plan.topics)
        people = {s.person for same in by_alert.values() for s in same if s.before}
        yield f"everything is destroyed: {topics} topics, {_people(len(people))} unsubscribed"
        return
    for change in plan.topics:
        subscriptions = by_alert[plan.alert_of[change.topic]]
        again = f"{_people(len(_again(subscriptions)))} must confirm again"
        if plan.was_taken_away(change):
            yield f"topic {change.topic} was deleted by somebody and is created again; {again}"
        elif change.stays or not change.before:
            continue
        elif plan.alert_of[change.topic] in made:
            yield f"topic {change.topic} is replaced; {again}"
        else:
            people = {s.person for s in subscriptions if s.before}
            yield f"topic {change.topic} is destroyed; {_people(len(people))} unsubscribed"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _alert_risks(plan: Plan) -> Iterator[str]:
    """Name alerts that the runner would lose, or send elsewhere, though their topic stays."""
    before, after = (
        {alert.topic: alert for alert in alerts.values()}
        for alerts in (plan.alerts_before, plan.alerts_after)
    )
    for change in (c for c in plan.topics if c.after):
        old, new = before.get(change.topic), after.get(change.topic)
        name = f"topic {change.topic}"
        if not new:
            yield f"{name}: no alert in runner_config names it, so nothing is published to it"
            continue
        if old and (old.department, old.level) != (new.department, new.level):
            yield f"{name} is another department's or level's alert than before"
        if old and change.stays and old.topic_arn != new.topic_arn:
            yield f"{name}: its alert would be published to another topic"


def _verdicts(plan: Plan, report: Report | None) -> _Verdicts:
    """Evaluate one report by the alerts as they were and as they will be."""
    if not report:
        return {}
    both = sorted(plan.alerts_before.keys() & plan.alerts_after.keys())
    sides = (plan.alerts_before, plan.alerts_after)
    decisions = [decide([alerts[key] for key in both], report) for alerts in sides]
    return dict(zip(both, zip(*decisions, strict=True), strict=True))


def _threshold_risks(verdicts: _Verdicts) -> Iterator[str]:
    """Name alerts that the last report was over for, and would not be any more."""
    for key, (before, after) in verdicts.items():
        old, new = before.alert.threshold, after.alert.threshold
        raised = f"{name_of(key)}: the threshold is raised from {old} to {new}"
        if before.verdict == "unknown" and new > old:
            yield f"{raised}, and the last report's count is unknown"
        elif before.verdict == _OVER and after.verdict == "below" and new > old:
            yield f"{raised}; the last report's count of {after.count} would no longer alert"
        elif before.verdict == _OVER and after.verdict != _OVER:
            count = f"the last report's count of {before.count}"
            yield f"{name_of(key)}: {count} alerted, and would no longer"


def _resource_risks(plan: Plan) -> Iterator[str]:
    """Name what can't be put into people's words: permissions, and what isn't known here."""
    made_or_ended = {c.topic for c in plan.topics if not c.stays and (c.before or c.after)}
    policies, permissions, unknown = [], Counter[str](), Counter[str]()
    for change in plan.changes:
        kind, what = shown(change.type), f"{shown(change.type)}: {shown(change.action)}"
        if change.is_moved:
            unknown[f"{kind}: moved, imported or left over from a replacement"] += 1
        if change.action == "no-op" or (change.action == "read" and change.type in _HARMLESS):
            continue
        if change.action == "forget":
            unknown[f"{kind}: forgotten; AWS keeps it and nobody manages it"] += 1
        elif change.action not in _KNOWN_ACTIONS:
            unknown[f"{what}, an action that this review does not know"] += 1
        elif change.type == _POLICY and change.topic:
            policies += [] if change.topic in made_or_ended else [change.topic]
        elif change.type == TOPIC and change.topic and change.action == "update":
            if settings := set(change.changed) - TAGS:  # can silence it, or open it to others
                yield f"topic {change.topic} is modified: {listed(sorted(settings))}"
        elif change.type.startswith("aws_iam_"):
            if not (plan.is_first and change.type == "aws_iam_policy"):  # a note says so then
                permissions[what] += 1
        elif not ((change.topic and _is_understood(change)) or is_watched(change)):
            unknown[f"{what}, a resource that this review does not know"] += 1
    if policies:
        yield f"who may use a topic changes for {listed(sorted(policies))}"
    yield from (f"permissions change: {n} x {what}" for what, n in sorted(permissions.items()))
    yield from (f"{number} x {what}" for what, number in sorted(unknown.items()))
    if plan.runs_programs:
        yield "the configuration would run programs on the machine that applies it"


def _is_understood(change: Change) -> bool:
    """Tell what the people's part of a review speaks of, and the marker, which holds nothing."""
    if change.type == SUBSCRIPTION:
        channel = change.key.partition("/")[0]
        is_known = channel in _CHANNELS and change.protocol in (channel, "")
        return is_known and change.action in ("create", "delete", "replace")
    return change.action != "read" and (
        change.type == TOPIC or (change.type, change.key) == _MARKER
    )


def _settings(plan: Plan, verdicts: _Verdicts, replay: Replay | None) -> Iterator[str]:
    """Name the changes of thresholds and texts; the texts themselves are not repeated."""
    for key in sorted(plan.alerts_before.keys() | plan.alerts_after.keys()):
        before, after = plan.alerts_before.get(key), plan.alerts_after.get(key)
        if not after:
            what = f"removed, alerted over {before.threshold}" if before else ""
        elif not before:
            what = f"new, alerts over {after.threshold}{_past([after], replay)}"
        elif changed := list(_changed(before, after)):
            verdict = f". {_verdict(*verdicts[key])}" if key in verdicts else ""
            same = (before.threshold, before.services) == (after.threshold, after.services)
            past = "" if same else _past([before, after], replay)
            what = f"{', '.join(changed)}{verdict}{past}"
        else:
            continue
        yield f"{name_of(key)}: {what}"


def _past(alerts: list[Alert], replay: Replay | None) -> str:
    """Say in how many of the last months each of one or two alerts would have gone out."""
    if not replay:
        return ""
    replayed = replay(alerts)
    sides = ("before", "after") if len(alerts) == 2 else ("",)
    fired = (f"{len(h.fired)} {side}".rstrip() for h, side in zip(replayed, sides, strict=True))
    unknown = [len(h.unknown) for h in replayed]
    words = " before, ".join(map(str, unknown)) + " after" if len(set(unknown)) > 1 else unknown[0]
    number = len(replayed[0].months)
    months = "month" if number == 1 else f"{number} months"
    missing = f"; unknown: {words}" if any(unknown) else ""
    return f". Would have alerted in the last {months}: {', '.join(fired)}{missing}"


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
    words = {_OVER: "alerted", "below": "silent", "unknown": "unknown"}
    old, new = words[before.verdict], words[after.verdict]
    counts = ["?" if d.count is None else d.count for d in (before, after)]
    if before.count == after.count:
        return f"Count {counts[0]}: {old} before, {new} after"
    return f"Count {counts[0]}: {old} before; count {counts[1]}: {new} after"


def _notes(plan: Plan, by_alert: _ByAlert, silent: Iterable[AlertKey]) -> Iterator[str]:
    none = [
        key
        for key in silent
        if key in plan.alerts_before and not any(s.before for s in by_alert[key])
    ]
    if none:
        yield f"Without subscribers, as before: {listed(map(' '.join, sorted(none)))}."
    pending = [
        key
        for key in plan.alerts_after
        if any(s.before for s in by_alert[key])
        and not any(s.received or s.receives for s in by_alert[key])
    ]
    if pending:
        yield f"No subscriber has confirmed yet: {listed(map(' '.join, sorted(pending)))}."
    if plan.is_first:
        made = sum(c.type.startswith("aws_iam_") for c in plan.changes)
        yield f"Nothing existed before. IAM resources made with the topics: {made}."
    elif plan.alerts_after and plan.report_moves:
        yield "The report will be read from another address."
    if plan.contacts_are_elsewhere:
        yield "The contacts are not in this repository; who edited what is not compared."

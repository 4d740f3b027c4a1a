"""Plan -> review: what it means for people, what is risky, what can't be told. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

from runner.config import Alert
from scripts.review.people import (
    Audience,
    Hearing,
    PersonChange,
    alert_keys,
    audiences_of,
    hearing_of,
    listed,
    name_of,
    people_of,
    shown,
    subscriptions_of,
    told,
    was,
    will_be,
)
from scripts.review.read import SUBSCRIPTION, TOPIC, Change, Plan
from scripts.review.watch import CHECKS, is_watched, watch_notes, watch_risks

if TYPE_CHECKING:
    from runner.report import Report
    from runner.rules import Decision
    from scripts.backtest.replay import Month

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
# What may change of a topic that stays; anything else can silence it or open it to others.
_TAGS = {"tags", "tags_all"}


@dataclass(frozen=True)
class Review:
    """What a person needs to decide. An empty `cannot_tell` and `risks` mean: nothing risky."""

    digest: str = ""
    cannot_tell: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    people: tuple[PersonChange, ...] = ()
    settings: tuple[str, ...] = ()
    hearing: tuple[Hearing, ...] = ()
    watch: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    accepted: bool = False

    @property
    def exit_code(self) -> int:
        """0 nothing risky or all accepted, 1 risky, 2 it can't tell."""
        return 2 if self.cannot_tell else 1 if self.risks and not self.accepted else 0


def judge(
    plan: Plan,
    *,
    report: Report | None = None,
    history: Sequence[Month] = (),
    max_removed: Fraction = MAX_REMOVED,
) -> Review:
    """Say what a plan means.

    report: the last one, to say what a change of thresholds would have meant for it.
    history: the last months, to say in how many of them an alert would have gone out.
    max_removed: the share of an alert's people, 0 to 1, that may leave at once.
    """
    people = people_of(plan)
    audiences = audiences_of(people)
    hearing = hearing_of(plan)
    ends = _is_end_of_everything(plan)  # in which Terraform judges no check
    risks = [
        *_topic_risks(plan, audiences),
        *_people_risks(plan, audiences, max_removed),
        *_alert_risks(plan),
        *_silenced(plan, report),
        *_resource_risks(plan),
        *watch_risks(plan, ends=ends),
    ]
    unheard = [identity for identity in plan.alerts_after if not audiences[identity].after]
    invited = sum(h.after for h in hearing if h.channel == "email")
    explained = {
        "every_alert_reaches_somebody": bool(unheard),
        "invitations_fit_the_quota": invited > PENDING_QUOTA,
        **dict.fromkeys(CHECKS, True),
    }
    cannot_tell = [
        f"check {shown(name)}: {shown(status)}"
        for name, status in plan.failing_checks
        if not (status == "fail" and explained.get(name)) and not (status == "unknown" and ends)
    ]
    if invited > PENDING_QUOTA:
        risks.append(
            f"{invited} email subscriptions; an account may hold {PENDING_QUOTA} unconfirmed ones"
        )
    # The risks as well: a plan that is the same may be risky for another reason by now.
    digest = sha256("\n".join([plan.content, *risks]).encode()).hexdigest()[:16]
    return Review(
        digest,
        tuple(cannot_tell),
        tuple(risks),
        tuple(told(people)),
        tuple(_settings(plan, report, history)),
        tuple(hearing),
        tuple(watch_notes(plan)),
        tuple(_notes(plan, [i for i in unheard if not audiences[i].before])),
    )


def _people_risks(
    plan: Plan, audiences: defaultdict[tuple[str, str], Audience], max_removed: Fraction
) -> Iterator[str]:
    """Name alerts left with nobody, too many who leave, invitations nobody asked for."""
    remade, ended = _remade(plan), _ended(plan)
    sure = _sure_to_hear(plan)
    for key, alert in sorted(audiences.items()):
        name, total = name_of(key), len(alert.before)
        leaving = len(alert.before - alert.after)
        unsure = len(alert.again | alert.corrected) if key not in remade else 0
        if key in ended:
            continue  # _topic_risks says so
        if alert.before and not alert.after:
            yield f"{name}: nobody is left to hear it; {total} of {total} people leave"
        elif sure[key][0] and not sure[key][1] and key not in remade:
            yield f"{name}: nobody hears it until somebody confirms; {sure[key][0]} heard it"
        for number, verb in ((leaving, "leave"), (unsure, "must confirm again")):
            if alert.after and number > FEW and number > max_removed * total:
                share = f"{number / total:.0%}, the limit is {float(max_removed):.0%}"
                yield f"{name}: {number} of {total} people {verb}, {share} and {FEW} people"
        if alert.left:
            yield (
                f"{name}: {listed(sorted(alert.left))} left (unsubscribed, or never confirmed) and"
                " would be invited again; to leave it so, set Channels in the contacts"
            )
    for key in sorted(plan.alerts_after.keys() - plan.alerts_before.keys()):
        if not audiences[key].after:
            yield f"{name_of(key)}: is new, and nobody hears it"


def _sure_to_hear(plan: Plan) -> defaultdict[tuple[str, str], list[int]]:
    """Count per alert those who confirmed or need not, before and after."""
    sure: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for change, department, level, channel, _ in subscriptions_of(plan):
        heard = change.was_confirmed or channel == "sms"
        sure[department, level][0] += was(change) and heard
        stays = change.action in ("no-op", "update") and heard
        sure[department, level][1] += stays or (will_be(change) and channel == "sms")
    return sure


def _remade(plan: Plan) -> set[tuple[str, str]]:
    """Return the alerts whose topic is made, anew or for the first time."""
    keys = alert_keys(plan)
    return {
        keys[c.topic]
        for c in plan.changes
        if c.type == TOPIC and c.topic and c.action in ("create", "replace")
    }


def _ended(plan: Plan) -> set[tuple[str, str]]:
    """Return the alerts whose topic goes and none comes."""
    keys = alert_keys(plan)
    gone = {keys[c.topic] for c in plan.changes if c.type == TOPIC and c.topic and not will_be(c)}
    return gone - _remade(plan)


def _alert_risks(plan: Plan) -> Iterator[str]:
    """Name alerts that the runner would lose, or send elsewhere, though their topic stays."""
    before, after = (
        {alert.topic: alert for alert in alerts.values()}
        for alerts in (plan.alerts_before, plan.alerts_after)
    )
    for change in plan.changes:
        if change.type != TOPIC or not change.topic or not will_be(change):
            continue
        old, new = before.get(change.topic), after.get(change.topic)
        name = f"topic {change.topic}"
        if not new:
            yield f"{name}: no alert in the outputs names it, so nothing is published to it"
            continue
        if old and (old.department, old.level) != (new.department, new.level):
            yield f"{name}: is another department's or level's alert than before"
        if old and change.action in ("no-op", "update") and old.topic_arn != new.topic_arn:
            yield f"{name}: what is meant for it would be published to another topic"


def _is_end_of_everything(plan: Plan) -> bool:
    topics = [change for change in plan.changes if change.type == TOPIC]
    return any(map(was, topics)) and not any(map(will_be, topics)) and not plan.alerts_after


def _topic_risks(plan: Plan, audiences: defaultdict[tuple[str, str], Audience]) -> Iterator[str]:
    """Name topics that end, and with them everybody's confirmation."""
    identity, remade = alert_keys(plan), _remade(plan)
    topics = [c for c in plan.changes if c.type == TOPIC and c.topic]
    ended = [c for c in topics if c.action in ("delete", "replace", "forget")]
    gone = [c for c in topics if c.action == "create" and (TOPIC, c.topic, c.key) in plan.vanished]
    if _is_end_of_everything(plan):
        heard = {name for audience in audiences.values() for name in audience.before}
        people = _count(len(heard), "hear")
        yield f"everything is destroyed: {len(ended)} topics, {people} nothing more"
        return
    for change in [*ended, *gone]:
        audience = audiences[identity[change.topic]]
        again = f"{_count(len(audience.again))} must confirm again"
        if change in gone:
            yield f"topic {change.topic}: was deleted by somebody and is made anew; {again}"
        elif identity[change.topic] in remade:
            yield f"topic {change.topic}: is replaced; {again}"
        else:
            yield (
                f"topic {change.topic}: is destroyed; {_count(len(audience.before), 'hear')} it"
                " no more"
            )


def _verdicts(
    plan: Plan, report: Report | None
) -> dict[tuple[str, str], tuple[Decision, Decision]]:
    """Judge one report by the alerts as they were and as they will be."""
    if not report:
        return {}
    from runner.rules import decide  # with it come pandas and boto3: a second, and 100 MB

    both = sorted(plan.alerts_before.keys() & plan.alerts_after.keys())
    sides = (plan.alerts_before, plan.alerts_after)
    judged = [decide([alerts[identity] for identity in both], report) for alerts in sides]
    return dict(zip(both, zip(*judged, strict=True), strict=True))


def _silenced(plan: Plan, report: Report | None) -> Iterator[str]:
    for identity, (before, after) in _verdicts(plan, report).items():
        old, new = before.alert.threshold, after.alert.threshold
        if before.verdict == "unknown" and new > old:
            yield (
                f"{name_of(identity)}: the threshold is raised from {old} to {new}, and the last"
                " report can't say what that would have meant"
            )
        if before.verdict == "due" and after.verdict != "due":
            if after.verdict == "below" and new > old:
                yield (
                    f"{name_of(identity)}: the threshold is raised from {old} to {new}: the"
                    f" last report's count of {after.count} would no longer alert"
                )
            else:
                yield (
                    f"{name_of(identity)}: alerted with the last report's count of"
                    f" {before.count}, and would not any more"
                )


def _resource_risks(plan: Plan) -> Iterator[str]:
    """Name what can't be put into people's words: permissions, and what isn't known here."""
    is_first = not any(map(was, plan.changes))
    made_or_ended = {c.topic for c in plan.changes if c.type == TOPIC and was(c) != will_be(c)}
    made_or_ended |= {c.topic for c in plan.changes if c.type == TOPIC and c.action == "replace"}
    policies, permissions, unknown = [], Counter[str](), Counter[str]()
    for change in plan.changes:
        what = f"{shown(change.type)}: {shown(change.action)}"
        if change.is_moved:
            unknown[f"{shown(change.type)}: moved, imported or left over from a replacement"] += 1
        if change.action == "no-op" or (change.action == "read" and change.type in _HARMLESS):
            continue
        if change.action == "forget":
            unknown[f"{shown(change.type)}: forgotten; AWS keeps it and nobody manages it"] += 1
        elif change.action not in _KNOWN_ACTIONS:
            unknown[f"{what}, an action that this review does not know"] += 1
        elif change.type == _POLICY and change.topic:
            policies += [] if change.topic in made_or_ended else [change.topic]
        elif change.type == TOPIC and change.topic and change.action == "update":
            if settings := set(change.changed) - _TAGS:
                yield f"topic {change.topic}: {listed(sorted(settings))} change while it stays"
        elif change.type.startswith("aws_iam_"):
            if not (is_first and change.type == "aws_iam_policy"):  # a note tells of the first
                permissions[what] += 1
        elif not ((change.topic and _is_understood(change)) or is_watched(change)):
            unknown[f"{what}, a resource that this review does not know"] += 1
    if policies:
        yield f"who may use a topic changes for {listed(sorted(policies))}"
    for what, number in sorted(permissions.items()):
        yield f"permissions change: {number} x {what}"
    for what, number in sorted(unknown.items()):
        yield f"{number} x {what}"
    if plan.runs_programs:
        yield "the configuration would run programs on the machine that applies it"


def _is_understood(change: Change) -> bool:
    """Tell what the people's part of a review speaks of, and the marker, which holds nothing."""
    if change.type == SUBSCRIPTION:
        channel = change.key.partition("/")[0]
        is_known = channel in _CHANNELS and change.protocol in (channel, "")
        return is_known and change.action in ("create", "delete", "replace")
    if (change.type, change.key) == _MARKER:
        return change.action != "read"
    return change.type == TOPIC and change.action != "read"


def _count(number: int, verb: str = "") -> str:
    """Return "1 person hears" or "2 people hear"; the verb may be left out."""
    noun, verb = ("person", verb and verb + "s") if number == 1 else ("people", verb)
    return f"{number} {noun} {verb}".rstrip()


def _settings(plan: Plan, report: Report | None, history: Sequence[Month]) -> Iterator[str]:
    """Name the changes of thresholds and texts; the texts themselves are not repeated."""
    verdicts = _verdicts(plan, report)
    before, after = plan.alerts_before, plan.alerts_after
    for identity in sorted(before.keys() | after.keys()):
        name = name_of(identity)
        if identity not in before:
            past = _past(None, after[identity], history)
            yield f"{name}: new, alerts over {after[identity].threshold}{past}"
        elif identity not in after:
            yield f"{name}: removed, alerted over {before[identity].threshold}"
        elif changed := list(_changed(before[identity], after[identity])):
            verdict = f". {_verdict(*verdicts[identity])}" if identity in verdicts else ""
            past = _past(before[identity], after[identity], history)
            yield f"{name}: {', '.join(changed)}{verdict}{past}"


def _past(before: Alert | None, after: Alert, history: Sequence[Month]) -> str:
    """Say in how many of the last months an alert would have gone out; empty where that stays."""
    same = before and (before.threshold, before.services) == (after.threshold, after.services)
    if not history or same:
        return ""
    from scripts.backtest.replay import replay  # takes pandas

    replayed = replay([before, after] if before else [after], history)
    sides = ("before", "after") if before else ("",)
    fired = (f"{len(h.fired)} {side}".rstrip() for h, side in zip(replayed, sides, strict=True))
    unknown = [len(h.unknown) for h in replayed]
    words = " before, ".join(map(str, unknown)) + " after" if len(set(unknown)) > 1 else unknown[0]
    months = "month" if len(history) == 1 else f"{len(history)} months"
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
    words = {"due": "alerted", "below": "silent", "unknown": "unknown"}
    old, new = words[before.verdict], words[after.verdict]
    if before.count == after.count:
        return f"Count {'?' if before.count is None else before.count}: {old} before, {new} after"
    counts = ["?" if d.count is None else d.count for d in (before, after)]
    return f"Count {counts[0]}: {old} before; count {counts[1]}: {new} after"


def _notes(plan: Plan, unheard: Sequence[tuple[str, str]]) -> Iterator[str]:
    unheard = sorted(set(unheard) & plan.alerts_before.keys())
    if unheard:
        yield f"Nobody hears {listed([' '.join(i) for i in unheard])}, as before."
    invited = {(d, level) for change, d, level, *_ in subscriptions_of(plan) if was(change)}
    sure = _sure_to_hear(plan)
    silent = sorted(key for key in invited & plan.alerts_after.keys() if not any(sure[key]))
    if silent:
        yield f"Nobody who hears {listed([' '.join(key) for key in silent])} has confirmed yet."
    if not any(map(was, plan.changes)):
        made = sum(c.type.startswith("aws_iam_") for c in plan.changes)
        yield f"Nothing existed before. IAM resources made with the topics: {made}."
    elif plan.alerts_after and plan.report_moves:
        yield "The report will be read from another address."
    if plan.contacts_are_elsewhere:
        yield "The contacts are not in this repository; who edited what is not compared."

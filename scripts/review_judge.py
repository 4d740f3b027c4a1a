"""Plan -> review: what it means for people, what is risky, what can't be told. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from runner.config import Alert
from runner.report import Report
from runner.rules import Decision, decide
from scripts.review_read import SUBSCRIPTION, TOPIC, Change, Plan

# https://docs.aws.amazon.com/general/latest/gr/sns.html: pending subscriptions per account.
PENDING_QUOTA = 5000
# Fewer may leave an alert at once without being a risk, whatever their share is.
FEW = 3

LONGEST_NAME = 60
# An email, or what may be a phone number. Terraform refuses such names; this is the second lock.
_ADDRESS_LIKE = re.compile(r"[^\s@]+@[^\s@]+\.|([0-9][^\w\n]*){7}")

_POLICY = "aws_sns_topic_policy"
# In the order of work: what ends before what begins. See terraform/modules/alert_topic.
_MARKER = ("terraform_data", "ends_before_beginnings")
_HARMLESS = {"data.aws_s3_object", "data.aws_kms_key", "data.aws_partition"}
_KNOWN_ACTIONS = {"no-op", "create", "read", "update", "delete", "replace"}

Kind = Literal[
    "starts", "stops", "arrives", "departs", "narrowed", "corrected", "reinvited", "again"
]


@dataclass(frozen=True)
class PersonChange:
    """What one person of a department notices.

    kind: "arrives" and "departs" are the two sides of a move, from and to `other` departments;
    "narrowed" hears by other channels or levels than before; "again" must confirm again through
    no doing of their own. detail: which levels by which channels.
    """

    department: str
    person: str
    kind: Kind
    other: str
    detail: str


@dataclass(frozen=True)
class Hearing:
    """How many hear one alert on one channel; confirmed ones are known of what exists."""

    department: str
    level: str
    channel: str
    before: int
    confirmed_before: int
    after: int
    confirmed_after: int


@dataclass(frozen=True)
class Review:
    """What a person needs to decide. An empty `cannot_tell` and `risks` mean: nothing risky."""

    digest: str = ""
    cannot_tell: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    people: tuple[PersonChange, ...] = ()
    settings: tuple[str, ...] = ()
    hearing: tuple[Hearing, ...] = ()
    notes: tuple[str, ...] = ()
    accepted: bool = False

    @property
    def exit_code(self) -> int:
        """0 nothing risky or all accepted, 1 risky, 2 it can't tell."""
        return 2 if self.cannot_tell else 1 if self.risks and not self.accepted else 0


@dataclass
class _Person:
    """What one person of a department hears, as (level, channel)."""

    before: set[tuple[str, str]] = field(default_factory=set)
    after: set[tuple[str, str]] = field(default_factory=set)
    corrected: set[str] = field(default_factory=set)
    again: set[tuple[str, str]] = field(default_factory=set)
    left: set[tuple[str, str]] = field(default_factory=set)

    @property
    def is_new(self) -> bool:
        """Whether this person starts to hear the department, by the plan's own doing."""
        return not self.before and bool(self.after - self.left)


def judge(plan: Plan, *, report: Report | None = None, max_removed: float = 0.3) -> Review:
    """Say what a plan means.

    report: the last one, to say what a change of thresholds would have meant for it.
    max_removed: the share of an alert's people, 0 to 1, that may leave at once.
    """
    people = _people(plan)
    audiences = _audiences(people)
    hearing = _hearing(plan)
    risks = [
        *_topic_risks(plan, audiences),
        *_people_risks(plan, audiences, max_removed),
        *_silenced(plan, report),
        *_resource_risks(plan),
    ]
    unheard = [identity for identity in plan.alerts_after if not audiences[identity].after]
    invited = sum(h.after for h in hearing if h.channel == "email")
    explained = {
        "every_alert_reaches_somebody": bool(unheard),
        "invitations_fit_the_quota": invited > PENDING_QUOTA,
    }
    ends = _is_end_of_everything(plan)  # in which Terraform judges no check
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
        tuple(_told(people)),
        tuple(_settings(plan, report)),
        tuple(hearing),
        tuple(
            _notes(
                plan, [i for i in unheard if i in plan.alerts_before and not audiences[i].before]
            )
        ),
    )


def shown(name: str) -> str:
    """Return a name as one line of inert text; what looks like an address is not repeated."""
    if _ADDRESS_LIKE.search(name):
        return "(a name that looks like an address)"
    inert = "".join(c if c.isprintable() else "?" for c in name)
    return inert if len(inert) <= LONGEST_NAME else inert[: LONGEST_NAME - 3] + "..."


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Join names for people: "A, B and C", or the first of them and how many more."""
    items, more = [shown(name) for name in names[:limit]], len(names) - limit
    last = [f"{more} more"] if more > 0 else [items.pop()] if len(items) > 1 else []
    return " and ".join([", ".join(items), *last])


def people_are(number: int, verb: str = "") -> str:
    """Return "1 person" or "2 people", with a verb that fits: "1 person leaves"."""
    noun = "person" if number == 1 else "people"
    return (
        f"{number} {noun} {verb + 's' if number == 1 else verb}".rstrip()
        if verb
        else f"{number} {noun}"
    )


def _name(identity: tuple[str, str]) -> str:
    return " ".join(map(shown, identity)).strip()


def alert_keys(plan: Plan) -> dict[str, tuple[str, str]]:
    """Map topic to (department, level); a topic that no output names stands for itself."""
    known = {
        alert.topic: identity
        for alerts in (plan.alerts_before, plan.alerts_after)
        for identity, alert in alerts.items()
    }
    topics = {c.topic for c in plan.changes if c.topic}
    return {topic: known.get(topic, (topic, "")) for topic in topics}


def _subscriptions(plan: Plan) -> Iterator[tuple[Change, str, str, str, str]]:
    """Yield each subscription with its department, level, channel and person."""
    identity = alert_keys(plan)
    for change in plan.changes:
        if change.type == SUBSCRIPTION and change.topic:
            channel, _, person = change.key.partition("/")
            yield (change, *identity[change.topic], channel, person)


def _people(plan: Plan) -> dict[tuple[str, str], _Person]:
    people: dict[tuple[str, str], _Person] = defaultdict(_Person)
    kept: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for change, department, level, channel, name in _subscriptions(plan):
        person, heard = people[department, name], (level, channel)
        if _was(change):
            person.before.add(heard)
        if _will_be(change):
            person.after.add(heard)
        if change.action in ("no-op", "update"):
            kept[department, name].add(heard)
        if change.action == "replace" and "endpoint" in change.replaced_for:
            person.corrected.add(channel)
            kept[department, name].add(heard)
        if change.action == "create" and (SUBSCRIPTION, change.topic, change.key) in plan.vanished:
            is_topic_gone = (TOPIC, change.topic, "this") in plan.vanished
            (person.again if is_topic_gone else person.left).add(heard)
    for who, person in people.items():
        person.again |= (person.before & person.after) - kept[who]
    return dict(sorted(people.items()))


def _was(change: Change) -> bool:
    return change.action in ("no-op", "update", "delete", "replace", "forget")


def _will_be(change: Change) -> bool:
    return change.action in ("no-op", "update", "create", "replace")


def _hearing(plan: Plan) -> list[Hearing]:
    counts: dict[tuple[str, str, str], list[int]] = {
        (*identity, channel): [0, 0, 0, 0]
        for alerts in (plan.alerts_before, plan.alerts_after)
        for identity, alert in alerts.items()
        for channel in alert.protocols
    }
    for change, department, level, channel, _ in _subscriptions(plan):
        numbers = counts.setdefault((department, level, channel), [0, 0, 0, 0])
        stays = change.action in ("no-op", "update")
        numbers[0] += _was(change)
        numbers[1] += _was(change) and change.was_confirmed
        numbers[2] += _will_be(change)
        numbers[3] += stays and change.was_confirmed
    return [
        Hearing(shown(department), shown(level), shown(channel), *numbers)
        for (department, level, channel), numbers in sorted(counts.items())
    ]


def _told(people: Mapping[tuple[str, str], _Person]) -> Iterator[PersonChange]:
    """Say what each person notices, in the clerk's words."""
    stops, starts = defaultdict(list), defaultdict(list)
    for (department, name), person in people.items():
        if person.before and not person.after:
            stops[name].append(department)
        elif person.is_new:
            starts[name].append(department)
    for (department, name), person in people.items():
        gained, lost = (
            person.after - person.before - person.left - person.again,
            (person.before - person.after),
        )
        if person.is_new:
            kind: Kind = "arrives" if stops[name] else "starts"
            yield _change(department, name, kind, _heard(gained), stops[name])
        elif person.before and not person.after:
            kind = "departs" if starts[name] else "stops"
            yield _change(department, name, kind, _heard(lost, ""), starts[name])
        elif gained or lost:
            parts = [f"no longer {_heard(lost, '')}"] if lost else []
            parts += [f"now also {_heard(gained)}"] if gained else []
            yield _change(department, name, "narrowed", "; ".join(parts))
        if person.corrected:
            confirm = " (must confirm again)" if "email" in person.corrected else ""
            detail = " and ".join(map(shown, sorted(person.corrected))) + confirm
            yield _change(department, name, "corrected", detail)
        if person.left:
            yield _change(department, name, "reinvited", _heard(person.left))
        if again := {heard for heard in person.again if heard[1] == "email"}:
            yield _change(department, name, "again", _heard(again, ""))


def _change(
    department: str, name: str, kind: Kind, detail: str, others: Sequence[str] = ()
) -> PersonChange:
    return PersonChange(shown(department), shown(name), kind, listed(others), detail)


def _heard(pairs: Iterable[tuple[str, str]], confirm: str = " (must confirm)") -> str:
    """Say what is heard: "critical by email (must confirm) and sms, extreme by sms"."""
    channels = defaultdict(list)
    for level, channel in sorted(pairs):
        channels[shown(level)].append(shown(channel) + (confirm if channel == "email" else ""))
    return ", ".join(f"{level} by {' and '.join(by)}".strip() for level, by in channels.items())


@dataclass
class _Audience:
    """Who hears one alert, by name. replaced: those who get an email and must confirm again."""

    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


def _audiences(
    people: Mapping[tuple[str, str], _Person],
) -> defaultdict[tuple[str, str], _Audience]:
    audiences: defaultdict[tuple[str, str], _Audience] = defaultdict(_Audience)
    for (department, name), person in people.items():
        for level, _ in person.before:
            audiences[department, level].before.add(name)
        for level, _ in person.after:
            audiences[department, level].after.add(name)
        for level, channel in person.again:
            if channel == "email":
                audiences[department, level].again.add(name)
        for level, _ in person.left:
            audiences[department, level].left.add(name)
    return audiences


def _people_risks(
    plan: Plan, audiences: defaultdict[tuple[str, str], _Audience], max_removed: float
) -> Iterator[str]:
    """Name alerts left with nobody, too many who leave, invitations nobody asked for."""
    for (department, level), alert in sorted(audiences.items()):
        name = _name((department, level))
        leaving = len(alert.before - alert.after)
        if (department, level) in plan.alerts_after:
            total = len(alert.before)
            if alert.before and not alert.after:
                yield f"{name}: nobody is left to hear it; {total} of {total} people leave"
            elif leaving > FEW and leaving > max_removed * total:
                share = f"{leaving / total:.0%}, the limit is {max_removed:.0%} and {FEW} people"
                yield f"{name}: {leaving} of {total} people leave, {share}"
        if alert.left:
            yield (
                f"{name}: {listed(sorted(alert.left))} left by unsubscribing or by not confirming,"
                " and would be invited again; to let them go, set Channels in the contacts"
            )
    for department, level in sorted(plan.alerts_after.keys() - plan.alerts_before.keys()):
        if not audiences[department, level].after:
            yield f"{_name((department, level))}: is new, and nobody hears it"


def _is_end_of_everything(plan: Plan) -> bool:
    topics = [change for change in plan.changes if change.type == TOPIC]
    return any(map(_was, topics)) and not any(map(_will_be, topics)) and not plan.alerts_after


def _topic_risks(plan: Plan, audiences: defaultdict[tuple[str, str], _Audience]) -> Iterator[str]:
    """Name topics that end, and with them everybody's confirmation."""
    identity = alert_keys(plan)
    topics = [c for c in plan.changes if c.type == TOPIC and c.topic]
    ended = [c for c in topics if c.action in ("delete", "replace", "forget")]
    gone = [c for c in topics if c.action == "create" and (TOPIC, c.topic, c.key) in plan.vanished]
    if _is_end_of_everything(plan):
        heard = {n for (_, n), p in _people(plan).items() if p.before}
        people = people_are(len(heard), "hear")
        yield f"everything is destroyed: {len(ended)} topics, {people} nothing more"
        return
    begun = {identity[c.topic] for c in topics if c.action in ("create", "replace")}
    for change in [*ended, *gone]:
        audience = audiences[identity[change.topic]]
        again = f"{people_are(len(audience.again))} must confirm again"
        if change in gone:
            yield f"topic {change.topic}: was deleted by somebody and is made anew; {again}"
        elif identity[change.topic] in begun:
            yield f"topic {change.topic}: is replaced; {again}"
        else:
            yield (
                f"topic {change.topic}: is destroyed; {people_are(len(audience.before), 'hear')} it"
                " no more"
            )


def _verdicts(
    plan: Plan, report: Report | None
) -> dict[tuple[str, str], tuple[Decision, Decision]]:
    """Judge one report by the alerts as they were and as they will be."""
    both = sorted(plan.alerts_before.keys() & plan.alerts_after.keys()) if report else []
    sides = (plan.alerts_before, plan.alerts_after)
    judged = [decide([alerts[identity] for identity in both], report) for alerts in sides if report]
    return dict(zip(both, zip(*judged, strict=True), strict=True)) if judged else {}


def _silenced(plan: Plan, report: Report | None) -> Iterator[str]:
    for identity, (before, after) in _verdicts(plan, report).items():
        if before.verdict == "due" and after.verdict != "due":
            old, new = before.alert.threshold, after.alert.threshold
            if after.verdict == "below" and new > old:
                yield (
                    f"{_name(identity)}: the threshold is raised from {old} to {new}, and the"
                    f" last report's count of {after.count} is silent then"
                )
            else:
                yield (
                    f"{_name(identity)}: alerted with the last report's count of"
                    f" {before.count}, and would not any more"
                )


def _resource_risks(plan: Plan) -> Iterator[str]:
    """Name what can't be put into people's words: permissions, and what isn't known here."""
    remade = {
        c.topic for c in plan.changes if c.type == TOPIC and c.action not in ("no-op", "update")
    }
    policies, permissions, unknown = [], Counter[str](), Counter[str]()
    for change in plan.changes:
        if change.action == "no-op" or (change.action == "read" and change.type in _HARMLESS):
            continue
        what = f"{shown(change.type)}: {shown(change.action)}"
        if change.action == "forget":
            unknown[f"{shown(change.type)}: forgotten; AWS keeps it and nobody manages it"] += 1
        elif change.action not in _KNOWN_ACTIONS:
            unknown[f"{what}, an action that this review does not know"] += 1
        elif change.type == _POLICY and change.topic:
            policies += [change.topic] if change.topic not in remade else []
        elif change.type.startswith("aws_iam_"):
            permissions[what] += 1
        elif not (change.topic and (change.type in (TOPIC, SUBSCRIPTION) or _is_marker(change))):
            unknown[f"{what}, a resource that this review does not know"] += 1
    if not any(map(_was, plan.changes)):
        permissions.clear()  # the first plan of all: a note says what is made
    if policies:
        yield f"who may use a topic changes for {listed(sorted(policies))}"
    for what, number in sorted(permissions.items()):
        yield f"permissions change: {number} x {what}"
    for what, number in sorted(unknown.items()):
        yield f"{number} x {what}"


def _is_marker(change: Change) -> bool:
    """Tell the resource that orders ends before beginnings; it holds nothing."""
    return (change.type, change.key) == _MARKER


def _settings(plan: Plan, report: Report | None) -> Iterator[str]:
    """Name the changes of thresholds and texts; the texts themselves are not repeated."""
    verdicts = _verdicts(plan, report)
    before, after = plan.alerts_before, plan.alerts_after
    for identity in sorted(before.keys() | after.keys()):
        name = _name(identity)
        if identity not in before:
            yield f"{name}: new, alerts over {after[identity].threshold}"
        elif identity not in after:
            yield f"{name}: removed, alerted over {before[identity].threshold}"
        elif changed := list(_changed(before[identity], after[identity])):
            verdict = f". {_verdict(*verdicts[identity])}" if identity in verdicts else ""
            yield f"{name}: {', '.join(changed)}{verdict}"


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


def _notes(plan: Plan, unheard: Iterable[tuple[str, str]]) -> Iterator[str]:
    if unheard:
        yield f"Nobody hears {listed([' '.join(i) for i in sorted(unheard)])}, as before."
    if not any(map(_was, plan.changes)):
        made = sum(c.type.startswith("aws_iam_") for c in plan.changes)
        yield f"Nothing existed before. IAM resources made with the topics: {made}."
    updated = sorted(c.topic for c in plan.changes if c.type == TOPIC and c.action == "update")
    if updated:
        yield f"Settings of the topics {listed(updated)} change; nobody notices."

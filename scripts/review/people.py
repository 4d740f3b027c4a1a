"""Plan -> people: what each one notices, and how many hear each alert. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scripts.review.read import SUBSCRIPTION, TOPIC, Change, Plan

LONGEST_NAME = 60
# An email, or what may be a phone number. Terraform refuses such names; this is the second lock.
_ADDRESS_LIKE = re.compile(r"[^\s@][@\ufe6b\uff20]\w|(\d[\W_]*){7}")

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


@dataclass
class Person:
    """What one person of a department hears, as (level, channel).

    corrected: the channels whose address changes. again: what is subscribed anew through no doing
    of theirs. left: what they ended themselves and would be invited to again.
    """

    before: set[tuple[str, str]] = field(default_factory=set)
    after: set[tuple[str, str]] = field(default_factory=set)
    corrected: set[str] = field(default_factory=set)
    again: set[tuple[str, str]] = field(default_factory=set)
    left: set[tuple[str, str]] = field(default_factory=set)

    @property
    def is_new(self) -> bool:
        """Whether this person starts to hear the department, by the plan's own doing."""
        return not self.before and bool(self.after - self.left)


def shown(name: str) -> str:
    """Return a name as one line of inert text; what looks like an address is not repeated."""
    if _ADDRESS_LIKE.search(name):
        return "(a name that looks like an address)"
    inert = "".join(c if c.isprintable() else "?" for c in name).strip()
    return inert if len(inert) <= LONGEST_NAME else inert[: LONGEST_NAME - 3] + "..."


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Join names for people: "A, B and C", or the first of them and how many more."""
    items, more = [shown(name) for name in names[:limit]], len(names) - limit
    last = [f"{more} more"] if more > 0 else [items.pop()] if len(items) > 1 else []
    return " and ".join([", ".join(items), *last])


def name_of(identity: tuple[str, str]) -> str:
    """Return what an alert is called: "water critical"."""
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


def subscriptions_of(plan: Plan) -> Iterator[tuple[Change, str, str, str, str]]:
    """Yield each subscription with its department, level, channel and person."""
    identity = alert_keys(plan)
    for change in plan.changes:
        if change.type == SUBSCRIPTION and change.topic:
            channel, _, person = change.key.partition("/")
            yield (change, *identity[change.topic], channel, person)


def people_of(plan: Plan) -> dict[tuple[str, str], Person]:
    """Return everybody by (department, name), and what they hear before and after."""
    people: dict[tuple[str, str], Person] = defaultdict(Person)
    kept: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for change, department, level, channel, name in subscriptions_of(plan):
        person, heard = people[department, name], (level, channel)
        if was(change):
            person.before.add(heard)
        if will_be(change):
            person.after.add(heard)
        if change.action in ("no-op", "update"):
            kept[department, name].add(heard)
        if change.action == "replace" and "endpoint" in change.replaced_for:
            person.corrected.add(channel)
            kept[department, name].add(heard)
        if change.action == "create" and (SUBSCRIPTION, change.topic, change.key) in plan.vanished:
            is_topic_gone = (TOPIC, change.topic, "this") in plan.vanished
            (person.again if is_topic_gone else person.left).add(heard)
    known = alert_keys(plan)
    present = {(change.topic, change.key) for change in plan.changes if change.type == SUBSCRIPTION}
    for kind, topic, key in plan.vanished:  # ended by somebody, and not begun anew
        if kind == SUBSCRIPTION and topic in known and (topic, key) not in present:
            channel, _, name = key.partition("/")
            people[known[topic][0], name].before.add((known[topic][1], channel))
    for who, person in people.items():
        person.again |= (person.before & person.after) - kept[who]
    return dict(sorted(people.items()))


def was(change: Change) -> bool:
    """Say whether a resource exists before."""
    return change.action in ("no-op", "update", "delete", "replace", "forget")


def will_be(change: Change) -> bool:
    """Say whether a resource exists after."""
    return change.action in ("no-op", "update", "create", "replace")


def hearing_of(plan: Plan) -> list[Hearing]:
    """Count who hears each alert on each channel, before and after."""
    counts: dict[tuple[str, str, str], list[int]] = {
        (*identity, channel): [0, 0, 0, 0]
        for alerts in (plan.alerts_before, plan.alerts_after)
        for identity, alert in alerts.items()
        for channel in alert.protocols
    }
    for change, department, level, channel, _ in subscriptions_of(plan):
        numbers = counts.setdefault((department, level, channel), [0, 0, 0, 0])
        stays = change.action in ("no-op", "update")
        numbers[0] += was(change)
        numbers[1] += was(change) and change.was_confirmed
        numbers[2] += will_be(change)
        numbers[3] += stays and change.was_confirmed
    return [
        Hearing(shown(department), shown(level), shown(channel), *numbers)
        for (department, level, channel), numbers in sorted(counts.items())
    ]


def told(people: Mapping[tuple[str, str], Person]) -> Iterator[PersonChange]:
    """Say what each person notices, in the clerk's words."""
    stops, starts = defaultdict(list), defaultdict(list)
    for (department, name), person in people.items():
        if person.before and not person.after:
            stops[name].append(department)
        elif person.is_new:
            starts[name].append(department)
    for (department, name), person in people.items():
        gained = person.after - person.before - person.left - person.again
        lost = person.before - person.after
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
class Audience:
    """Who hears one alert, by name.

    again: who must confirm an email again; corrected: who must because it was corrected;
    left: who unsubscribed and would be invited.
    """

    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    corrected: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


def audiences_of(
    people: Mapping[tuple[str, str], Person],
) -> defaultdict[tuple[str, str], Audience]:
    """Return who hears each alert, by (department, level); nobody where nobody does."""
    audiences: defaultdict[tuple[str, str], Audience] = defaultdict(Audience)
    for (department, name), person in people.items():
        for level, _ in person.before:
            audiences[department, level].before.add(name)
        for level, _ in person.after:
            audiences[department, level].after.add(name)
        for level, channel in person.again:
            if channel == "email":
                audiences[department, level].again.add(name)
        for level, channel in person.before & person.after:
            if channel == "email" and channel in person.corrected:
                audiences[department, level].corrected.add(name)
        for level, _ in person.left:
            audiences[department, level].left.add(name)
    return audiences

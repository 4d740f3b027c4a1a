"""Plan -> subscriptions, and what each person and each alert notices of them. Pure."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeVar

from scripts.review.read import SUBSCRIPTION, TOPIC, AlertKey, Change, Plan

LONGEST_NAME, LONGEST_LINE = 60, 300
# An email, or what may be a phone number. Terraform rejects such names; this is the second lock.
_ADDRESS_LIKE = re.compile(r"[^\s@][@\ufe6b\uff20]\w|(\d[\W_]*){7}")

Outcome = Literal[
    "kept", "subscribed", "unsubscribed", "corrected", "confirm_again", "invited_again"
]
Kind = Literal[Outcome, "moved_in", "moved_out", "channels_changed"]
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One person's subscription to one alert on one channel, and what becomes of it.

    outcome: "corrected" has another address; "confirm_again" is made again through no doing of the
    person's; "invited_again" ended by itself: the person unsubscribed, or never confirmed.
    was_confirmed: what is known of the one that exists before.
    """

    alert: AlertKey
    channel: str
    person: str
    outcome: Outcome
    was_confirmed: bool

    @property
    def before(self) -> bool:
        """Whether the person is subscribed before."""
        return self.outcome not in ("subscribed", "invited_again")

    @property
    def after(self) -> bool:
        """Whether the person is subscribed after."""
        return self.outcome != "unsubscribed"

    @property
    def received(self) -> bool:
        """Whether it reaches the person before; a text needs no confirmation."""
        return self.before and (self.was_confirmed or self.channel == "sms")

    @property
    def receives(self) -> bool:
        """Whether it reaches the person after, with nothing to confirm."""
        is_sure = self.channel == "sms" or (self.outcome == "kept" and self.was_confirmed)
        return self.after and is_sure

    @property
    def again(self) -> bool:
        """Whether the person must confirm again."""
        return self.channel == "email" and self.outcome in ("corrected", "confirm_again")

    @property
    def invited(self) -> bool:
        """Whether the person ended it, or never confirmed, and would be invited again."""
        return self.outcome == "invited_again"


@dataclass(frozen=True)
class Audience:
    """The people of one alert, by name: those with a subscription that is so on any channel."""

    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    received: set[str] = field(default_factory=set)
    receives: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    invited: set[str] = field(default_factory=set)


Audiences = defaultdict[AlertKey, Audience]


@dataclass(frozen=True)
class PersonChange:
    """What one person of a department notices.

    kind: "moved_in" and "moved_out" are the two sides of a move, from and to `other` departments;
    "channels_changed": receives by other channels or at other levels than before; "confirm_again":
    through no doing of their own. detail: which levels by which channels.
    """

    department: str
    person: str
    kind: Kind
    other: str
    detail: str


@dataclass(frozen=True)
class Subscribers:
    """How many are subscribed to one alert on one channel, and how many of them confirmed.

    Who is subscribed by this plan has not confirmed yet; a text needs no confirmation.
    """

    department: str
    level: str
    channel: str
    before: int
    confirmed_before: int
    after: int
    confirmed_after: int


@cache
def shown(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name as one line of inert text; what looks like an address is not repeated."""
    if _ADDRESS_LIKE.search(name):
        return "(a name that looks like an address)"
    inert = "".join(c if c.isprintable() else "?" for c in name).strip()
    return inert if len(inert) <= longest else inert[: longest - 3] + "..."


def listed(names: Iterable[str], limit: int = 10) -> str:
    """Join names for people: "A, B and C", or the first of them and how many more."""
    names = list(names)
    items, more = [shown(name) for name in names[:limit]], len(names) - limit
    last = [f"{more} more"] if more > 0 else [items.pop()] if len(items) > 1 else []
    return " and ".join([", ".join(items), *last])


def several(number: int, word: str) -> str:
    """Count things: "1 person", "2 alerts"; for words that take an s."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def name_of(alert: AlertKey) -> str:
    """Return what an alert is called: "water critical"."""
    return " ".join(map(shown, alert)).strip()


def group(
    subscriptions: Iterable[Subscription], key: Callable[[Subscription], _Key]
) -> defaultdict[_Key, list[Subscription]]:
    """Group subscriptions by a key; a key that no subscription has stands for none."""
    groups: defaultdict[_Key, list[Subscription]] = defaultdict(list)
    for subscription in subscriptions:
        groups[key(subscription)].append(subscription)
    return groups


def subscriptions_of(plan: Plan) -> list[Subscription]:
    """Return all subscriptions to alerts, sorted, those that somebody else ended too."""
    found: dict[tuple[AlertKey, str, str], list[Change]] = defaultdict(list)
    for change in (*plan.changes, *(Change(*where, "delete") for where in plan.vanished)):
        if change.type == SUBSCRIPTION and change.topic in plan.alert_of:
            channel, _, person = change.key.partition("/")
            found[plan.alert_of[change.topic], person, channel].append(change)
    return [
        Subscription(alert, channel, person, outcome, any(c.was_confirmed for c in same))
        for (alert, person, channel), same in sorted(found.items())
        if (outcome := _outcome(same, plan))
    ]


def _outcome(changes: Sequence[Change], plan: Plan) -> Outcome | None:
    """Say what becomes of one subscription; two changes are two topics of an alert renamed."""
    taken = [c for c in changes if plan.was_taken_away(c)]
    if any((TOPIC, c.topic, "this") not in plan.vanished for c in taken):
        return "invited_again"
    before, after = any(c.before for c in changes), any(c.after for c in changes)
    if not (before and after):
        return "unsubscribed" if before else "subscribed" if after else None
    if any(c.stays for c in changes):
        return "kept"
    is_corrected = any(c.action == "replace" and "endpoint" in c.replaced_for for c in changes)
    return "corrected" if is_corrected else "confirm_again"


def audiences_of(subscriptions: Iterable[Subscription]) -> Audiences:
    """Return the audience of each alert; an alert without subscriptions has an empty one."""
    audiences: Audiences = defaultdict(Audience)
    for subscription in subscriptions:
        for name, people in vars(audiences[subscription.alert]).items():
            if getattr(subscription, name):
                people.add(subscription.person)
    return audiences


def count_subscribers(plan: Plan, subscriptions: Iterable[Subscription]) -> list[Subscribers]:
    """Count the subscribers of each alert on each channel, before and after."""
    none: dict[tuple[str, str, str], list[Subscription]] = {
        (*key, channel): []
        for alerts in (plan.alerts_before, plan.alerts_after)
        for key, alert in alerts.items()
        for channel in alert.protocols
    }
    groups = none | group(subscriptions, lambda s: (*s.alert, s.channel))
    return [
        Subscribers(
            shown(department),
            shown(level),
            shown(channel),
            sum(s.before for s in same),
            sum(s.received for s in same),
            sum(s.after for s in same),
            sum(s.receives for s in same),
        )
        for (department, level, channel), same in sorted(groups.items())
    ]


def person_changes(subscriptions: Iterable[Subscription]) -> Iterator[PersonChange]:
    """Say what each person notices, in the clerk's words, by department."""
    people = group(subscriptions, lambda s: (s.alert[0], s.person))
    left, joined = defaultdict(list), defaultdict(list)
    for (department, name), theirs in people.items():
        if not any(s.after for s in theirs):
            left[name].append(department)
        elif _is_new(theirs):
            joined[name].append(department)
    for (department, name), theirs in sorted(people.items()):
        for kind, others, detail in _kinds(theirs, left[name], joined[name]):
            yield PersonChange(shown(department), shown(name), kind, listed(others), detail)


def _is_new(theirs: Sequence[Subscription]) -> bool:
    is_subscribed = any(s.outcome == "subscribed" for s in theirs)
    return is_subscribed and not any(s.before for s in theirs)


def _kinds(
    theirs: Sequence[Subscription], left: Sequence[str], joined: Sequence[str]
) -> Iterator[tuple[Kind, Sequence[str], str]]:
    """Yield what one person of one department notices: kind, other departments, detail."""
    by = group(theirs, lambda s: s.outcome)
    begun, ended = _described(by["subscribed"]), _described(by["unsubscribed"], confirm="")
    if _is_new(theirs):
        yield "moved_in" if left else "subscribed", left, begun
    elif not any(s.after for s in theirs):
        yield "moved_out" if joined else "unsubscribed", joined, ended
    elif begun or ended:
        parts = [f"unsubscribed from {ended}"] if ended else []
        parts += [f"subscribed to {begun}"] if begun else []
        yield "channels_changed", (), "; ".join(parts)
    if by["corrected"]:
        channels = sorted({s.channel for s in by["corrected"]})
        confirm = " (must confirm again)" if "email" in channels else ""
        yield "corrected", (), " and ".join(map(shown, channels)) + confirm
    if by["invited_again"]:
        yield "invited_again", (), _described(by["invited_again"])
    if again := [s for s in by["confirm_again"] if s.channel == "email"]:
        yield "confirm_again", (), _described(again, confirm="")


def _described(subscriptions: Iterable[Subscription], confirm: str = " (must confirm)") -> str:
    """Name levels and channels: "critical by email (must confirm) and sms, extreme by sms"."""
    channels = defaultdict(list)
    for s in sorted(subscriptions, key=lambda s: (s.alert[1], s.channel)):
        must = confirm if s.channel == "email" else ""
        channels[shown(s.alert[1]) or "its topic"].append(shown(s.channel) + must)
    return ", ".join(f"{level} by {' and '.join(by)}" for level, by in channels.items())

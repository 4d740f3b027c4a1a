"""Plan -> review: what it means for people, what is risky, what cannot be determined. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from scripts.review import risks, thresholds, watch
from scripts.review.contacts import compare_contacts
from scripts.review.people import (
    LONGEST_LINE,
    Audiences,
    PersonChange,
    Subscribers,
    audiences_of,
    count_subscribers,
    listed,
    name_of,
    person_changes,
    shown,
    subscriptions_of,
)
from scripts.review.read import (
    EVERYBODY_RECEIVES,
    FITS_THE_QUOTA,
    HAS_IDS,
    POLICIES_FIT,
    REACHES_SOMEBODY,
    SAME_ADDRESSES,
    AlertKey,
    Plan,
)

if TYPE_CHECKING:
    from runner.report import Report

# https://docs.aws.amazon.com/general/latest/gr/sns.html: pending subscriptions per account.
PENDING_QUOTA = 5000
MAX_REMOVED = Fraction(3, 10)


@dataclass(frozen=True)
class Review:
    """What a person needs to decide. Empty `undetermined` and `risks` mean: nothing risky.

    texts: whether AWS was asked if texts are reachable, and what it said. texts_obstacle: why not.
    """

    digest: str = ""
    undetermined: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    people: tuple[PersonChange, ...] = ()
    settings: tuple[str, ...] = ()
    subscribers: tuple[Subscribers, ...] = ()
    watch: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    accepted: bool = False
    texts: Literal["not asked", "reachable", "not reachable", "unknown"] = "not asked"
    texts_obstacle: str = ""

    @property
    def exit_code(self) -> int:
        """0 nothing risky or all accepted, 1 risky, 2 cannot determine."""
        return 2 if self.undetermined else 1 if self.risks and not self.accepted else 0


def evaluate(
    plan: Plan,
    *,
    report: Report | None = None,
    replay: thresholds.Replay | None = None,
    contacts: tuple[str, str] | None = None,
    max_removed: Fraction = MAX_REMOVED,
    source: Iterable[str] = (),
) -> Review:
    """Say what a plan means.

    report: the last one, to say what a change of thresholds would have meant for it.
    replay: says in how many of the last months an alert would have gone out.
    contacts: texts of the contacts before and after. Raises ConfigError where they are none.
    max_removed: the share of an alert's subscribers, 0 to 1, that may leave at once.
    source: risks of the configuration that was planned; see scripts/review/source.py.
    """
    subscriptions = subscriptions_of(plan)
    audiences = audiences_of(subscriptions)
    verdicts = thresholds.compare_verdicts(plan, report)
    silent = [key for key in plan.alerts_after if not audiences[key].after]
    emails = sum(s.after and s.channel == "email" for s in subscriptions)
    found = [
        *source,
        *risks.topic_risks(plan, audiences),
        *risks.subscriber_risks(plan, audiences, max_removed),
        *risks.alert_risks(plan),
        *thresholds.threshold_risks(plan, verdicts),
        *risks.resource_risks(plan),
        *watch.watch_risks(plan),
    ]
    if emails > PENDING_QUOTA:
        found.append(f"{emails} email subscriptions; {PENDING_QUOTA} may be pending confirmation")
    explained = {
        **dict.fromkeys(_WARNINGS, True),
        REACHES_SOMEBODY: silent,
        FITS_THE_QUOTA: emails > PENDING_QUOTA,
    }
    notes = [*_notes(plan, audiences, silent)]
    if contacts:
        notes += compare_contacts(*contacts, plan, subscriptions)
    # The risks as well: a plan that is the same may be risky for another reason by now.
    digest = sha256("\n".join([plan.content, *found]).encode()).hexdigest()[:16]
    return Review(
        digest,
        tuple(_unexplained(plan, explained)),
        tuple(found),
        tuple(person_changes(subscriptions)),
        tuple(thresholds.alert_changes(plan, verdicts, replay)),
        tuple(count_subscribers(plan, subscriptions)),
        tuple(watch.watch_notes(plan)),
        tuple(notes),
    )


def _unexplained(plan: Plan, explained: Mapping[str, object]) -> Iterator[str]:
    """Name Terraform's checks that fail for a reason that this review does not know."""
    for name, status, message in plan.failing_checks:
        is_explained = status == "fail" and (name in watch.CHECKS or explained.get(name))
        if not is_explained and not (status == "unknown" and plan.destroys_all):
            says = f": {shown(message, LONGEST_LINE)}" if message else ""
            yield f"check {shown(name)}: {shown(status)}{says}"


# What Terraform's checks warn of that is no risk; empty for Terraform's own words.
_WARNINGS = {
    EVERYBODY_RECEIVES: "",
    POLICIES_FIT: "",
    SAME_ADDRESSES: "",
    HAS_IDS: (
        "github_actions has no owner_id and repository_id: a repository made, renamed or"
        " transferred on GitHub since July 15, 2026 can't log in."
    ),
}


def _alerts(keys: Iterable[AlertKey]) -> str:
    return listed(map(name_of, sorted(keys)))


def _notes(plan: Plan, audiences: Audiences, silent: Iterable[AlertKey]) -> Iterator[str]:
    none = [key for key in silent if key in plan.alerts_before and not audiences[key].before]
    if none:
        yield f"Without subscribers, as before: {_alerts(none)}."
    known = {key: audiences[key] for key in plan.alerts_after}
    pending = [key for key, a in known.items() if a.before and not (a.received or a.receives)]
    if pending:
        yield f"No subscriber has confirmed yet: {_alerts(pending)}."
    if plan.is_first:
        yield "Nothing existed before. A policy is made for whoever runs the check."
    elif plan.alerts_after and plan.report_moves:
        yield "The report will be read from another address."
    failing = {name: says for name, status, says in plan.failing_checks if status == "fail"}
    for name, words in _WARNINGS.items():
        if name in failing and name != EVERYBODY_RECEIVES:  # said below, with who is new
            yield words or f"Terraform warns: {shown(failing[name], LONGEST_LINE)}"
    begun = plan.nothing_after - plan.nothing_before
    for people, since in ((begun, "from now on"), (plan.nothing_after - begun, "as before")):
        if people:
            names = listed(f"{name} ({department})" for department, name in sorted(people))
            yield f"In the contacts, and receives nothing, {since}: {names}."
    if plan.contacts_are_elsewhere:
        yield "The contacts are not in this repository; who edited what is not compared."

"""Contacts before and after, and a plan -> edits without effect, effects without an edit."""

import csv
import io
from collections.abc import Iterable, Iterator

from runner.errors import ConfigError
from scripts.review.people import Subscription, listed
from scripts.review.read import Plan

# Department, in lower case as Terraform matches it, and name.
Person = tuple[str, str]


def compare_contacts(
    before: str, after: str, plan: Plan, subscriptions: Iterable[Subscription]
) -> Iterator[str]:
    """Say where the edit of the contacts and the plan do not belong together.

    before, after: texts of the contacts file. The cells are compared and not repeated. Raises
    ConfigError for a text that is no contacts file.
    """
    old, new = _rows(before), _rows(after)
    edited = {person for person in old.keys() | new.keys() if old.get(person) != new.get(person)}
    changed = [s for s in subscriptions if s.outcome != "kept"]
    if without_effect := edited - set(map(_person, changed)):
        yield f"Edited in the contacts, with no effect on this plan: {_listed(without_effect)}."
    topics = {change.topic for change in plan.topics if change.stays}
    same = {
        key
        for key, alert in plan.alerts_after.items()
        if alert.topic in topics
        and key in plan.alerts_before
        and plan.alerts_before[key].protocols == alert.protocols
    }
    if surprises := {_person(s) for s in changed if s.alert in same} - edited:
        yield (
            f"Changed by this plan without an edit of the contacts: {_listed(surprises)}. They"
            " unsubscribed or never confirmed, or an earlier edit was not applied."
        )


def _rows(text: str) -> dict[Person, list[str]]:
    """Map each person of each department to the other cells, as far as the file can be read."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    rows = {}
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
        if not {"name", "department"} <= set(reader.fieldnames):
            raise ConfigError("the contacts before or after have no Name and Department")
        for row in reader:
            cells = {name: " ".join((row.get(name) or "").split()) for name in reader.fieldnames}
            person = cells.get("department", "").lower(), cells.get("name", "")
            rows[person] = [cells.get(name, "") for name in ("email", "phone", "channels")]
    except csv.Error:
        raise ConfigError("the contacts before or after are no CSV") from None
    return rows


def _person(subscription: Subscription) -> Person:
    return subscription.alert[0].lower(), subscription.person


def _listed(people: Iterable[Person]) -> str:
    return listed(f"{name} ({department})" for department, name in sorted(people))

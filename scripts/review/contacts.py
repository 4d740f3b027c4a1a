"""Contacts before and after, and a plan -> edits without effect, effects without an edit."""

import csv
import io
from collections.abc import Iterable, Iterator

from scripts.review.people import alert_keys, listed
from scripts.review.read import SUBSCRIPTION, TOPIC, CannotTellError, Plan

# Department, in lower case as Terraform matches it, and name.
Person = tuple[str, str]


def compare_contacts(before: str, after: str, plan: Plan) -> Iterator[str]:
    """Say where the edit of the contacts and the plan do not belong together.

    before, after: texts of the contacts file. The cells are compared and not repeated. Raises
    CannotTellError for a text that is no contacts file.
    """
    old, new = _rows(before), _rows(after)
    edited = {person for person in old.keys() | new.keys() if old.get(person) != new.get(person)}
    affected, unasked = _affected(plan)
    if without_effect := edited - affected:
        yield f"Edited, with no effect on who hears what: {_people(without_effect)}."
    if surprises := unasked - edited:
        yield (
            f"Changed by this plan though nobody edited it: {_people(surprises)}. Somebody"
            " unsubscribed or never confirmed, or an earlier edit was not applied."
        )


def _rows(text: str) -> dict[Person, list[str]]:
    """Map each person of each department to the other cells, as far as the file can be read."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    if not {"name", "department"} <= set(reader.fieldnames):
        raise CannotTellError("the contacts before or after have no Name and Department")
    rows = {}
    for row in reader:
        cells = {name: " ".join((row.get(name) or "").split()) for name in reader.fieldnames}
        person = cells.get("department", "").lower(), cells.get("name", "")
        rows[person] = [cells.get(name, "") for name in ("email", "phone", "channels")]
    return rows


def _affected(plan: Plan) -> tuple[set[Person], set[Person]]:
    """Return whom the plan affects at all, and whom through no change of their alert."""
    department_of = {topic: names[0].lower() for topic, names in alert_keys(plan).items()}
    same = {
        alert.topic
        for key, alert in plan.alerts_after.items()
        if key in plan.alerts_before and plan.alerts_before[key].protocols == alert.protocols
    }
    kept = {c.topic for c in plan.changes if c.type == TOPIC and c.action in ("no-op", "update")}
    acted = [
        (c.topic, (department_of[c.topic], c.key.partition("/")[2]))
        for c in plan.changes
        if c.type == SUBSCRIPTION and c.topic and c.action not in ("no-op", "update")
    ]
    return {person for _, person in acted}, {
        person for topic, person in acted if topic in kept & same
    }


def _people(people: Iterable[Person]) -> str:
    return listed([f"{name} ({department})" for department, name in sorted(people)])

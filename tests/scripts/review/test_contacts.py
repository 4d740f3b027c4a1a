"""Where an edit of the contacts and a plan do not belong together."""

from typing import Any

import pytest

from runner.errors import ConfigError
from scripts.review.contacts import compare_contacts
from scripts.review.people import subscriptions_of
from scripts.review.read import read_plan
from tests.support.examples import an_alert
from tests.support.plans import WATER, a_plan, a_subscription, a_topic

HEADER = "Name,Email,Phone,Department,Channels\n"
ANA = "Ana,ana@example.com,+15555550101,water,\n"
BO = "Bo,bo@example.com,+15555550102,water,\n"
NO_EFFECT = "Edited in the contacts, with no effect on this plan: Ana (water)."
NOT_EDITED = (
    "Changed by this plan without an edit of the contacts: Ana (water). They unsubscribed or never"
    " confirmed, or an earlier edit was not applied."
)


def compare(old: str, new: str, *changes: dict[str, Any], **options: Any) -> list[str]:
    topics = [a_topic("water_critical"), a_topic("water_extreme")]
    plan = read_plan(a_plan(*topics, *changes, **options))
    return list(compare_contacts(old, new, plan, subscriptions_of(plan)))


CORRECTED = a_subscription("water_critical", "email/Ana", "replace", replaced_for=["endpoint"])
KEPT = a_subscription("water_critical", "email/Ana")


@pytest.mark.parametrize(
    ("before", "after", "change", "notes"),
    [
        (ANA, ANA, KEPT, []),
        (ANA + BO, BO + ANA, KEPT, []),  # the order of rows is no edit
        (ANA, "\n" + ANA.replace(",", " , "), KEPT, []),  # nor are blanks
        (ANA, ANA.replace("ana@", "a@"), CORRECTED, []),
        (ANA, ANA.replace("+1555", "+1 555"), KEPT, [NO_EFFECT]),
        (ANA, ANA.replace("water,", "Water,sms"), KEPT, [NO_EFFECT]),
        (ANA, ANA, CORRECTED, [NOT_EDITED]),
        (ANA, ANA, a_subscription("water_critical", "email/Ana", "create"), [NOT_EDITED]),
        (BO + ANA, BO, a_subscription("water_critical", "email/Ana", "delete"), []),
        (BO, BO, a_subscription("water_critical", "email/Ana", "delete"), [NOT_EDITED]),
        (BO, BO + ANA, a_subscription("water_critical", "email/Ana", "create"), []),
    ],
)
def test_an_edit_and_its_effect_belong_together(
    before: str, after: str, change: dict[str, Any], notes: list[str]
) -> None:
    assert compare(HEADER + before, HEADER + after, change) == notes


def test_what_a_change_of_the_alert_does_needs_no_edit_of_the_contacts() -> None:
    both = an_alert("water_critical", protocols=("email", "sms"))
    begun = a_subscription("water_critical", "sms/Ana", "create")

    assert compare(HEADER + ANA, HEADER + ANA, begun, after=[both, WATER[1]]) == []


def test_a_new_topic_needs_no_edit_of_the_contacts() -> None:
    made = [
        a_topic("water_new", "create"),
        a_subscription("water_new", "email/Ana", "create"),
    ]

    assert compare(HEADER + ANA, HEADER + ANA, *made, after=[*WATER, an_alert("water_new")]) == []


def test_a_replaced_topic_needs_no_edit_of_the_contacts() -> None:
    plan = read_plan(
        a_plan(
            a_topic("water_critical", "replace"),
            a_subscription("water_critical", "email/Ana", "replace", replaced_for=["topic_arn"]),
        )
    )

    found = compare_contacts(HEADER + ANA, HEADER + ANA, plan, subscriptions_of(plan))

    assert list(found) == []


def test_a_file_with_a_byte_order_mark_and_other_line_ends_is_the_same_file() -> None:
    other = "\ufeff" + (HEADER + ANA).replace("\n", "\r\n").replace("Name,", " name ,")

    assert compare(HEADER + ANA, other, KEPT) == []


def test_files_of_any_kind_are_compared_as_far_as_they_go() -> None:
    for text in (HEADER, HEADER + "Ana\n", HEADER + 'Ana,"x\n', HEADER + ",,,,,,\n"):
        compare(text, HEADER + ANA, KEPT)


@pytest.mark.parametrize("text", ["", "\n", "x", "Name;Department\n1;2\n", "service_name,count\n"])
def test_another_file_is_no_contacts_file(text: str) -> None:
    for old, new in ((text, HEADER), (HEADER, text)):
        with pytest.raises(ConfigError, match="have no Name and Department"):
            compare(old, new, KEPT)


def test_no_more_than_ten_people_are_named() -> None:
    rows = "".join(ANA.replace("Ana", f"P{n:02}") for n in range(30))

    (note,) = compare(HEADER, HEADER + rows, KEPT)

    assert note.endswith("P08 (water), P09 (water) and 20 more.")

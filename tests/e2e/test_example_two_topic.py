"""The older system with two topics, from configuration alone: examples/two-topic."""

from collections.abc import Callable

import pytest

from scripts.dev.sandbox import Received, use_example
from tests.e2e.workspace import Workspace

pytestmark = pytest.mark.usefixtures("in_aws")


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    workspace = new_workspace()
    use_example(workspace.folder, "two-topic")
    workspace.apply()
    return workspace


@pytest.mark.parametrize(
    ("trash", "potholes", "over"),
    [
        (30, 100, set()),
        (31, 100, {"trash_notifications"}),
        (30, 101, {"streets_notifications"}),
    ],
)
def test_two_topics_are_sent_above_their_thresholds(
    city: Workspace, trash: int, potholes: int, over: set[str]
) -> None:
    counts = {"Illegal Dumping": trash, "Pothole": potholes}

    assert {message.topic for message in city.received(counts)} == over


def test_everybody_on_two_topics_receives_an_email_and_a_text(city: Workspace) -> None:
    received = city.received({"Illegal Dumping": 31, "Pothole": 101})

    dumping, potholes = "31 open cases of illegal dumping", "101 open cases of potholes"
    assert received == [
        Received("Luis Ortega", "email", "streets_notifications", f"Streets Alert / {potholes}"),
        Received("Luis Ortega", "sms", "streets_notifications", potholes),
        Received("Aisha Bello", "email", "trash_notifications", f"Trash Alert / {dumping}"),
        Received("Aisha Bello", "sms", "trash_notifications", dumping),
        Received("Tom Becker", "email", "trash_notifications", f"Trash Alert / {dumping}"),
        Received("Tom Becker", "sms", "trash_notifications", dumping),
    ]


def test_the_copied_contacts_are_the_ones_that_are_read(city: Workspace) -> None:
    with (city.folder / "contacts.csv").open("a") as contacts:
        contacts.write("Ana Ruiz,ana.ruiz@example.com,,trash\n")

    assert (
        'module.alert_topic["trash_notifications"].aws_sns_topic_subscription.this['
        + ('"email/Ana Ruiz"]')
        in city.plan().changes
    )

"""What an edit of contacts.csv changes in a city that is already applied: only what was meant."""

import time
from collections.abc import Callable
from itertools import permutations

import boto3
import pytest
from moto.backends import get_backend
from moto.sns.models import SNSBackend

from scripts.dev.sandbox import ACCOUNT, REGION
from tests.e2e.workspace import Workspace

DEPARTMENTS = """
departments = {
  water = {
    services = ["Water"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["sms"] }
    }
  }
  trash = {
    services = ["Illegal Dumping"]
    alerts   = { notifications = { threshold = 30, protocols = ["email", "sms"] } }
  }
}
"""
HEADER = "Name,Email,Phone,Department,Channels"
FIONA = "Fiona Miller,fiona@example.com,+15555550101,water,"
OMAR = "Omar Haddad,omar@example.com,+15555550102,water,"
TOM = "Tom Becker,tom@example.com,+15555550103,trash,"
APPLIED = [FIONA, OMAR, TOM]


def subscription(topic: str, key: str) -> str:
    return f'module.alert_topic["{topic}"].aws_sns_topic_subscription.this["{key}"]'


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    """A workspace applied with APPLIED; the tests edit its contacts and only plan."""
    workspace = new_workspace()
    workspace.write("city.auto.tfvars", DEPARTMENTS)
    contacts(workspace, APPLIED)
    workspace.apply()
    return workspace


def contacts(workspace: Workspace, rows: list[str]) -> None:
    workspace.write("contacts.csv", "\n".join([HEADER, *rows]) + "\n")


def planned(city: Workspace, rows: list[str], *options: str) -> dict[str, str]:
    """Plan an edit; return what happens to topics, policies and subscriptions.

    The marker between the subscriptions that are destroyed and created is left out.
    """
    contacts(city, rows)
    changes = city.plan(*options).changes
    return {a: action for a, action in changes.items() if "destroy_before_create" not in a}


def test_the_same_file_changes_nothing(city: Workspace) -> None:
    assert planned(city, APPLIED) == {}


def test_the_order_of_rows_changes_nothing(city: Workspace) -> None:
    reversed_rows = list(permutations(APPLIED))[-1]

    assert planned(city, [*reversed_rows]) == {}


def test_spelling_an_address_another_way_changes_nothing(city: Workspace) -> None:
    rows = ["Fiona Miller, FIONA@example.com ,+1 (555) 555-0101,WATER,email+sms", OMAR, "", TOM]

    assert planned(city, rows) == {}


def test_a_corrected_phone_replaces_exactly_that_subscription(city: Workspace) -> None:
    rows = [FIONA.replace("0101", "0199"), OMAR, TOM]

    assert planned(city, rows) == {subscription("water_extreme", "sms/Fiona Miller"): "replace"}


def test_an_added_person_is_subscribed_and_nobody_else(city: Workspace) -> None:
    grace = "Grace Kim,grace@example.com,,trash,"

    assert planned(city, [*APPLIED, grace]) == {
        subscription("trash_notifications", "email/Grace Kim"): "create"
    }


def test_a_removed_person_is_unsubscribed_and_nobody_else(city: Workspace) -> None:
    assert planned(city, [FIONA, TOM]) == {
        subscription("water_critical", "email/Omar Haddad"): "delete",
        subscription("water_extreme", "sms/Omar Haddad"): "delete",
    }


def test_a_person_moves_to_another_department(city: Workspace) -> None:
    rows = [FIONA, OMAR.replace("water", "trash"), TOM]

    assert planned(city, rows) == {
        subscription("water_critical", "email/Omar Haddad"): "delete",
        subscription("water_extreme", "sms/Omar Haddad"): "delete",
        subscription("trash_notifications", "email/Omar Haddad"): "create",
        subscription("trash_notifications", "sms/Omar Haddad"): "create",
    }


@pytest.mark.parametrize(
    ("channels", "left"),
    [("email", ["sms/Tom Becker"]), ("none", ["email/Tom Becker", "sms/Tom Becker"])],
)
def test_channels_narrow_one_person(city: Workspace, channels: str, left: list[str]) -> None:
    assert planned(city, [FIONA, OMAR, TOM + channels]) == {
        subscription("trash_notifications", key): "delete" for key in left
    }


def test_a_new_department_touches_no_other(city: Workspace) -> None:
    alerts = '{ over = { threshold = 5, protocols = ["sms"] } }'
    parks = f'  parks = {{ services = ["Trees"], alerts = {alerts} }}'
    city.write("new.auto.tfvars", DEPARTMENTS.rstrip().removesuffix("}") + parks + "\n}\n")
    try:
        changes = planned(city, [*APPLIED, "Ann Lee,,+15555550109,parks,"])
    finally:
        (city.folder / "new.auto.tfvars").unlink()

    topic = 'module.alert_topic["parks_over"].'
    assert changes == {
        f"{topic}aws_sns_topic.this": "create",
        f"{topic}aws_sns_topic_policy.this": "create",
        subscription("parks_over", "sms/Ann Lee"): "create",
        'aws_iam_policy.runner["backlog-alerts-runner-1"]': "update",
    }


@pytest.mark.usefixtures("in_aws")
def test_contacts_on_s3_mean_the_same_as_contacts_on_disk(city: Workspace) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="people")
    body = "\n".join([HEADER, *APPLIED]).encode()
    s3.put_object(Bucket="people", Key="a/contacts.csv", Body=body, ContentType="text/csv")

    assert planned(city, ["broken"], "-var=contacts_csv=s3://people/a/contacts.csv") == {}


def test_an_address_that_moves_to_another_name_stays_subscribed(
    new_workspace: Callable[[], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS takes a while to unsubscribe. A new subscription must not become the old one.

    Fiona marries, and Omar and Ann swap their phones.
    """
    workspace = new_workspace()
    workspace.write("city.auto.tfvars", DEPARTMENTS)
    ann = "Ann Lee,ann@example.com,+15555550109,water,"
    contacts(workspace, [FIONA, OMAR, ann, TOM])
    workspace.apply("-var=name_prefix=renamed_")
    unsubscribe = SNSBackend.unsubscribe

    def slowly(self: SNSBackend, *arguments: str) -> None:
        time.sleep(0.3)
        unsubscribe(self, *arguments)

    monkeypatch.setattr(SNSBackend, "unsubscribe", slowly)
    swapped = [ann.replace("0109", "0102"), OMAR.replace("0102", "0109")]

    contacts(workspace, [FIONA.replace("Miller", "Smith"), *swapped, TOM])
    workspace.apply("-var=name_prefix=renamed_")

    subscribed = [
        (subscription.topic.name, subscription.endpoint)
        for subscription in get_backend("sns")[ACCOUNT][REGION].subscriptions.values()
        if subscription.topic.name.startswith("renamed_water")
    ]
    emails = ["ann@example.com", "fiona@example.com", "omar@example.com"]
    phones = ["+15555550101", "+15555550102", "+15555550109"]
    assert sorted(subscribed) == [
        *(("renamed_water_critical", email) for email in emails),
        *(("renamed_water_extreme", phone) for phone in phones),
    ]
    assert workspace.plan("-var=name_prefix=renamed_").changes == {}

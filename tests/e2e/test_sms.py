"""What is set for texts: created for real, planned again, changed and switched off.

moto keeps the account's settings for texts; one that is reset is empty there. It sends no text and
writes no log.
"""

import re
import shlex
from collections.abc import Callable

import boto3
import pytest

from scripts.review.evaluate import Review, evaluate
from scripts.review.read import read_plan
from scripts.terraform import ROOT
from tests.e2e.workspace import Result, Workspace

DEPARTMENTS = """
departments = {
  water = {
    services = ["Water"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["sms"] }
    }
  }
}
operator_emails = ["ops@example.com"]
"""
ON = """
sender_name       = "City of Springfield"
sms_log_days      = 30
sms_monthly_limit = 3
"""
CONTACTS = "Name,Email,Phone,Department\nFiona Miller,fiona@example.com,+15555550101,water\n"
# What the account has before, which nobody here may change.
OWN = {"MonthlySpendLimit": "1", "DefaultSMSType": "Transactional", "DefaultSenderID": "Library"}
ROLE = "arn:aws:iam::123456789012:role/backlog-alerts-sms"
LOGS = "sns/us-east-1/123456789012"


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    """Without any of it, applied. The tests run in their order."""
    workspace = new_workspace()
    workspace.write("departments.auto.tfvars", DEPARTMENTS)
    workspace.write("contacts.csv", CONTACTS)
    workspace.apply()
    return workspace


def reviewed(city: Workspace) -> Review:
    made = city.run("plan", "-input=false", "-lock=false", "-out=plan")
    assert made.returncode == 0, made.text
    return evaluate(read_plan(city.run("show", "-json", "plan").stdout.encode()))


def run_as_in_the_readme(city: Workspace, command: str) -> Result:
    readme = (ROOT / "terraform" / "README.md").read_text(encoding="utf-8")
    (arguments,) = re.findall(rf"`\S+ -m scripts\.terraform ({command} .*sms.*)`", readme)
    return city.run(*shlex.split(arguments))


def account() -> dict[str, str]:
    return boto3.client("sns").get_sms_attributes()["attributes"]


def test_the_review_of_the_first_plan_names_the_new_permissions_and_nothing_unknown(
    city: Workspace,
) -> None:
    city.write("sms.auto.tfvars", ON)
    review = reviewed(city)

    assert review.risks == ("permissions are given to SNS, to log texts",)
    assert review.undetermined == ()
    assert review.watch == (
        "Emails and texts show another sender: 3 topics.",
        "Texts: 1 alarm, 4 logs and 1 setting of the account created.",
        "From now on AWS logs which texts of this account arrived, with their phone numbers.",
    )


@pytest.mark.usefixtures("in_aws")
def test_a_log_that_exists_already_is_imported(city: Workspace) -> None:
    boto3.client("logs").create_log_group(logGroupName=f"{LOGS}/water_extreme")
    imported = run_as_in_the_readme(city, "import")

    assert imported.returncode == 0, imported.text


@pytest.mark.usefixtures("in_aws")
def test_the_accounts_own_settings_stay_and_the_second_plan_is_quiet(city: Workspace) -> None:
    boto3.client("sns").set_sms_attributes(attributes=OWN)
    city.apply()

    logged = {"DeliveryStatusIAMRole": ROLE, "DeliveryStatusSuccessSamplingRate": "100"}
    assert account() == {**OWN, **logged}
    assert city.plan().changes == {}


@pytest.mark.usefixtures("in_aws")
def test_each_topic_has_the_senders_name() -> None:
    sns = boto3.client("sns")
    arns = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    names = {
        arn.rpartition(":")[2]: sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]
        for arn in arns
    }

    assert names == dict.fromkeys(
        ("water_critical", "water_extreme", "backlog-operators"), "City of Springfield"
    )


@pytest.mark.usefixtures("in_aws")
def test_the_alarm_is_there_without_a_schedule_and_the_logs_are_kept_for_a_month() -> None:
    (alarm,) = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    groups = boto3.client("logs").describe_log_groups()["logGroups"]

    assert (alarm["AlarmName"], alarm["Threshold"]) == ("backlog-alerts-sms-costs", 2.4)
    assert {group["logGroupName"]: group["retentionInDays"] for group in groups} == {
        f"{LOGS}/DirectPublishToPhoneNumber": 30,
        f"{LOGS}/DirectPublishToPhoneNumber/Failure": 30,
        f"{LOGS}/water_extreme": 30,
        f"{LOGS}/water_extreme/Failure": 30,
    }


@pytest.mark.usefixtures("in_aws")
def test_a_limit_that_somebody_sets_is_no_change_and_stays_at_the_next_apply(
    city: Workspace,
) -> None:
    boto3.client("sns").set_sms_attributes(attributes={"MonthlySpendLimit": "20"})
    quiet = city.plan().changes
    city.write("sms.auto.tfvars", ON + 'name_prefix = "new-"')
    city.apply()

    assert quiet == {}
    assert account() == {
        **OWN,
        "MonthlySpendLimit": "20",
        "DeliveryStatusIAMRole": ROLE.replace("backlog", "new-backlog"),
        "DeliveryStatusSuccessSamplingRate": "100",
    }


@pytest.mark.usefixtures("in_aws")
def test_forgotten_first_the_accounts_settings_are_not_reset(city: Workspace) -> None:
    """See the next test for what happens otherwise."""
    before = account()
    forgotten = run_as_in_the_readme(city, "state rm")
    city.write("sms.auto.tfvars", 'name_prefix = "new-"')
    city.apply()

    assert forgotten.returncode == 0, forgotten.text
    assert account() == before
    assert boto3.client("logs").describe_log_groups()["logGroups"] == []
    assert city.plan().changes == {}


@pytest.mark.usefixtures("in_aws")
def test_switched_off_without_that_the_provider_resets_all_of_them(city: Workspace) -> None:
    """If this fails, the provider has become kinder: the README and the review say too much."""
    city.write("sms.auto.tfvars", ON)
    city.apply()
    city.write("sms.auto.tfvars", "")
    risks = reviewed(city).risks
    city.apply()

    assert (
        "texts: 1 setting of the account deleted; its other settings for texts are reset, too:"
        " spend limit, type and sender"
    ) in risks
    assert set(account().values()) == {""}

"""The ledger, the operators and the schedule: created for real, planned again and destroyed."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest

from scripts.review.evaluate import evaluate
from scripts.review.read import read_plan
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
}
report_url = "s3://city-reports/{yyyy}/open-{mm}.csv"
"""
ON = """
ledger              = true
operator_emails     = ["Canary1@example.com", "canary2@example.com"]
package             = "runner.zip"
schedule_expression = "cron(0 7 * * ? *)"
"""
OFF = "ledger = false\n"
CONTACTS = "Name,Email,Phone,Department\nFiona Miller,fiona@example.com,+15555550101,water\n"
# A zip that holds nothing.
NO_CODE = b"PK\x05\x06" + bytes(18)


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    """Everything on and applied. The tests run in their order, and the last one switches it off."""
    workspace = new_workspace()
    workspace.write("departments.auto.tfvars", DEPARTMENTS)
    workspace.write("contacts.csv", CONTACTS)
    workspace.write("schedule.auto.tfvars", ON)
    (workspace.folder / "runner.zip").write_bytes(NO_CODE)
    workspace.apply()
    return workspace


def runner_config(city: Workspace) -> Mapping[str, Any]:
    config: Mapping[str, Any] = json.loads(city.run("output", "-json", "runner_config").stdout)
    return config


def test_the_second_plan_is_quiet(city: Workspace) -> None:
    assert city.plan().changes == {}


def test_new_code_alone_changes_the_function_and_is_reviewed_as_that(city: Workspace) -> None:
    """As after a change of the runner or of what it needs, with the same contacts."""
    (city.folder / "runner.zip").write_bytes(NO_CODE[:-2] + b"\1\0!")  # with a comment
    changes = city.plan("-out=code").changes
    (city.folder / "runner.zip").write_bytes(NO_CODE)
    reviewed = evaluate(read_plan(city.run("show", "-json", "code").stdout.encode()))

    assert changes == {'module.schedule["this"].aws_lambda_function.check': "update"}
    assert reviewed.watch == ("Scheduled check: 1 function modified.",)
    assert reviewed.exit_code == 0


def test_no_address_of_an_operator_is_shown(city: Workspace) -> None:
    shown = [
        city.run("state", "list"),
        city.run("output", "-json"),
        city.run("plan", "-no-color", "-var=name_prefix=new-"),
    ]

    assert [result.returncode for result in shown] == [0, 0, 0]
    assert "aws_sns_topic_subscription.operators" in shown[2].text
    assert [result.text.lower().count("canary") for result in shown] == [0, 0, 0]


@pytest.mark.usefixtures("in_aws")
def test_the_function_is_started_and_finds_its_configuration(city: Workspace) -> None:
    function = boto3.client("lambda").get_function(FunctionName="backlog-alerts-check")
    target = boto3.client("scheduler").get_schedule(Name="backlog-alerts-check")["Target"]
    address = function["Configuration"]["Environment"]["Variables"]["BACKLOG_CONFIG"]
    bucket, _, key = address.removeprefix("s3://").partition("/")
    found = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    assert target["Arn"] == function["Configuration"]["FunctionArn"]
    assert (bucket, key) == (found["ledger_bucket"], "config/runner_config.json")
    assert found == runner_config(city)


@pytest.mark.usefixtures("in_aws")
def test_the_function_may_do_its_job_and_nothing_else(city: Workspace) -> None:
    iam = boto3.client("iam")
    role = "backlog-alerts-check"
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
    ]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    for policy in attached:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    rights = {
        (statement["Effect"], action, resource, *condition(statement))
        for document in documents
        for statement in document["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }

    bucket = f"arn:aws:s3:::{runner_config(city)['ledger_bucket']}"
    here = "us-east-1:123456789012"
    log = f"arn:aws:logs:{here}:log-group:/aws/lambda/backlog-alerts-check:*"
    assert rights == {
        ("Allow", "sns:Publish", f"arn:aws:sns:{here}:water_critical"),
        ("Allow", "sns:Publish", f"arn:aws:sns:{here}:water_extreme"),
        ("Allow", "sns:Publish", f"arn:aws:sns:{here}:backlog-operators"),
        ("Allow", "s3:ListBucket", "arn:aws:s3:::city-reports", "s3:prefix", "????/open-??.csv"),
        ("Allow", "s3:GetObject", "arn:aws:s3:::city-reports/????/open-??.csv"),
        ("Allow", "s3:GetObject", f"{bucket}/config/runner_config.json"),
        ("Allow", "s3:ListBucket", bucket),
        ("Allow", "s3:GetObject", f"{bucket}/ledger/*"),
        ("Allow", "s3:GetObject", f"{bucket}/ledger.json"),
        ("Allow", "s3:PutObject", f"{bucket}/ledger.json"),
        ("Allow", "kms:Decrypt", "*", "kms:ViaService", "sns.*.amazonaws.com"),
        ("Allow", "kms:GenerateDataKey*", "*", "kms:ViaService", "sns.*.amazonaws.com"),
        ("Allow", "sqs:SendMessage", f"arn:aws:sqs:{here}:backlog-alerts-check-failed"),
        ("Allow", "logs:CreateLogStream", log),
        ("Allow", "logs:PutLogEvents", log),
    }


@pytest.mark.usefixtures("in_aws")
def test_the_function_has_a_boundary_and_no_right_goes_beyond_it(city: Workspace) -> None:
    iam = boto3.client("iam")
    boundary = iam.get_role(RoleName="backlog-alerts-check")["Role"]["PermissionsBoundary"]
    found = iam.get_policy_version(PolicyArn=boundary["PermissionsBoundaryArn"], VersionId="v1")

    most = {
        (action, resource, *condition(statement))
        for statement in found["PolicyVersion"]["Document"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    bucket = f"arn:aws:s3:::{runner_config(city)['ledger_bucket']}"
    here = "us-east-1:123456789012"
    log = f"arn:aws:logs:{here}:log-group:/aws/lambda/backlog-alerts-check:*"
    assert most == {
        ("sns:Publish", "arn:aws:sns:*:*:*"),
        ("s3:ListBucket", "arn:aws:s3:::city-reports", "s3:prefix", "????/open-??.csv"),
        ("s3:GetObject", "arn:aws:s3:::city-reports/????/open-??.csv"),
        ("s3:GetObject", f"{bucket}/config/runner_config.json"),
        ("s3:ListBucket", "arn:aws:s3:::backlog-ledger-*"),
        ("s3:GetObject", "arn:aws:s3:::backlog-ledger-*/ledger/*"),
        ("s3:GetObject", "arn:aws:s3:::backlog-ledger-*/ledger.json"),
        ("s3:PutObject", "arn:aws:s3:::backlog-ledger-*/ledger.json"),
        ("kms:Decrypt", "*", "kms:ViaService", "sns.*.amazonaws.com"),
        ("kms:GenerateDataKey*", "*", "kms:ViaService", "sns.*.amazonaws.com"),
        ("sqs:SendMessage", f"arn:aws:sqs:{here}:backlog-alerts-check-failed"),
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
    }


@pytest.mark.usefixtures("in_aws")
def test_the_dashboard_has_the_thresholds_and_the_alarms_the_operators(city: Workspace) -> None:
    cloudwatch = boto3.client("cloudwatch")
    dashboard = cloudwatch.get_dashboard(DashboardName="backlog-alerts")["DashboardBody"]
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]

    chart = json.loads(dashboard)["widgets"][0]["properties"]
    assert chart["annotations"]["horizontal"] == [
        {"label": "critical", "value": 100},
        {"label": "extreme", "value": 300},
    ]
    topic = [runner_config(city)["operators_topic_arn"]]
    assert {alarm["AlarmName"]: alarm["AlarmActions"] for alarm in alarms} == {
        "backlog-alerts-check-failed": topic,
        "backlog-alerts-errors": topic,
        "backlog-alerts-not-run": topic,
        "backlog-alerts-start-failed": topic,
        "backlog-alerts-throttles": topic,
    }


def test_a_wrong_operator_is_named_by_its_place(city: Workspace) -> None:
    given = '["canary1@example.com", "canary2", " Canary1@Example.com"]'
    result = city.run("plan", "-no-color", f"-var=operator_emails={given}")

    assert result.returncode == 1
    assert "operator_emails, number 2: must look like name@example.com" in result.stderr
    assert "operator_emails, number 3: is the same as number 1" in result.stderr
    assert "canary" not in result.text.lower()


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("cron(0 7 * * *)", " Write cron(0 7 * * ? *)."),
        ("cron(30 6 * 1-6 1-5,7)", " Write cron(30 6 ? 1-6 MON-FRI,SUN *)."),
        ("cron(0 7 1 * *)", " Write cron(0 7 1 * ? *)."),
        ("cron(0 7 * * 2 2027)", " Write cron(0 7 ? * 2 2027)."),
        ("cron(0 7 1 * 1)", ""),
    ],
)
def test_another_cron_gets_its_six_fields(city: Workspace, given: str, remedy: str) -> None:
    result = city.run("plan", "-no-color", f"-var=schedule_expression={given}")

    assert result.returncode == 1
    assert (
        "schedule_expression: cron of EventBridge has six fields: minutes, hours, day of month,"
        " month, day of week (1 or SUN for Sunday, to 7 or SAT), year. Exactly one of the two days"
        f" must be ?.{remedy} This was checked by the validation rule"
    ) in " ".join(result.stderr.split())


def test_a_rate_that_is_none_says_how_to_write_it(city: Workspace) -> None:
    result = city.run("plan", "-no-color", "-var=schedule_expression=rate(1 hours)")

    assert result.returncode == 1
    assert (
        "schedule_expression: rate must have a whole number and minutes, hours or days, such as"
        " rate(12 hours). With 1, it has no s: rate(1 day)."
    ) in " ".join(result.stderr.split())


def test_a_function_without_code_says_how_to_build_it(city: Workspace) -> None:
    result = city.run("plan", "-no-color", "-var=package=gone.zip")

    assert result.returncode == 1
    assert "The function's code is missing (gone.zip). Run `make package` first." in result.stderr


def test_problems_of_the_contacts_stop_all_of_it(new_workspace: Callable[[], Workspace]) -> None:
    workspace = new_workspace()
    workspace.write("departments.auto.tfvars", DEPARTMENTS)
    roles = 'github_actions = { repository = "example-city/alerts", state_bucket = "state" }'
    workspace.write("schedule.auto.tfvars", ON + roles)
    (workspace.folder / "runner.zip").write_bytes(NO_CODE)
    workspace.write("contacts.csv", "Name,Email,Phone,Department\nFiona Miller,,,water\n")
    result = workspace.run("plan", "-no-color")

    assert result.returncode == 1
    assert result.error.startswith("contacts.csv row 2 (Fiona Miller): Email and Phone are both")
    assert "will be created" not in result.stdout
    assert "Changes to Outputs" not in result.stdout


@pytest.mark.usefixtures("in_aws")
def test_switched_off_again_nothing_of_it_is_left(city: Workspace) -> None:
    bucket = runner_config(city)["ledger_bucket"]
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="ledger.json", Body=b"{}")
    s3.put_object(Bucket=bucket, Key="ledger.json", Body=b"{ }")
    city.write("schedule.auto.tfvars", OFF)
    city.apply()

    assert s3.list_buckets()["Buckets"] == []
    assert boto3.client("lambda").list_functions()["Functions"] == []
    config = runner_config(city)
    assert (config["ledger_bucket"], config["operators_topic_arn"]) == (None, None)
    assert city.plan().changes == {}


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def condition(statement: Mapping[str, Any]) -> list[str]:
    """The one key of a statement's condition and its values, or nothing."""
    tests = statement.get("Condition", {}).values()
    return [word for test in tests for key, values in test.items() for word in (key, *values)]

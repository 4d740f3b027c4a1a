"""Each role does its whole job under its own policies, and is refused one step beyond it.

An administrator applies everything without a check of rights. From then on, IAM is enforced: each
role has real keys of its own, and tests/support/iam.py decides as AWS would. The tests run in their
order.
"""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend

from scripts.dev.sandbox import copy_terraform, hasten
from scripts.terraform import ROOT, init
from tests.e2e.workspace import Workspace
from tests.support.iam import ACCOUNT, SNS_KEY, Ask, allows, enforced, may, role_statements

HERE = f"us-east-1:{ACCOUNT}"
KEY = f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
STATE, LISTS, REPORTS = "example-state", "city-lists", "city-reports"
STATE_KEY = "backlog-alerts/terraform.tfstate"
CONTACTS = "Name,Email,Phone,Department\nFiona Miller,fiona@example.com,+15555550101,water\n"
TOPIC = f"arn:aws:sns:{HERE}:water_critical"
OTHER_TOPIC = f"arn:aws:sns:{HERE}:elsewhere"
BACKEND = f"""
terraform {{
  backend "s3" {{
    bucket         = "{STATE}"
    key            = "{STATE_KEY}"
    region         = "us-east-1"
    use_lockfile   = true
    use_path_style = true
  }}
}}
"""
SETTINGS = f"""
contacts_csv = "s3://{LISTS}/contacts.csv"
departments = {{
  water = {{
    services = ["Water"]
    alerts = {{
      critical = {{ threshold = 100, protocols = ["email"] }}
      extreme  = {{ threshold = 300, protocols = ["sms"] }}
    }}
  }}
}}
github_actions = {{
  repository    = "example-city/alerts"
  owner_id      = 1001
  repository_id = 2002
  state_bucket  = "{STATE}"
}}
kms_key_arns        = ["{KEY}"]
ledger              = true
operator_emails     = ["ops@example.com"]
package             = "runner.zip"
report_url          = "s3://{REPORTS}/{{yyyy}}/open-{{mm}}.csv"
schedule_expression = "cron(0 7 * * ? *)"
sms_log_days        = 30
sms_monthly_limit   = 50
"""
# The provider waits half a minute for a new queue. So the administrator's are there already.
QUEUES = """
import {{
  to = module.schedule["this"].aws_sqs_queue.{name}
  id = "{url}"
}}
"""
ROLES = {
    "planner": "backlog-alerts-ci-plan",
    "applier": "backlog-alerts-ci-apply",
    "checker": "backlog-alerts-ci-check",
    "function": "backlog-alerts-check",
}


@dataclass(frozen=True)
class City:
    """A workspace with its state on S3, and the keys of each role."""

    workspace: Workspace
    keys: Mapping[str, Mapping[str, str]]
    admin: Callable[[str], Any]

    def terraform(self, job: str, *arguments: str) -> str:
        """Run Terraform with a role's keys; return what it says."""
        env = {**self.workspace.env, **self.keys[job]}
        result = replace(self.workspace, env=env).run(*arguments)
        assert result.returncode == 0, result.text
        return result.stdout

    def python(self, job: str, *arguments: str, stdin: str = "") -> tuple[int, str]:
        """Run Python with a role's keys; return its exit code and all that it says."""
        env = {**self.workspace.env, **self.keys[job]}
        env["BACKLOG_CONFIG"] = f"s3://{ledger_bucket()}/config/runner_config.json"
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def client(self, job: str, service: str) -> Any:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        session = boto3.Session(*(self.keys[job][name] for name in names), region_name="us-east-1")
        return session.client(service, endpoint_url=self.workspace.env["AWS_ENDPOINT_URL"])


@pytest.fixture(scope="module")
def city(
    new_workspace: Callable[[], Workspace],
    aws: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> City:
    """Everything on, applied by an administrator, and keys for the four roles."""
    del new_workspace  # empties AWS
    session = boto3.Session(aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"])

    def admin(service: str) -> Any:
        return session.client(service, "us-east-1", endpoint_url=aws["AWS_ENDPOINT_URL"])

    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    for bucket in (STATE, LISTS, REPORTS):
        admin("s3").create_bucket(Bucket=bucket)
        admin("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    admin("sns").create_topic(Name="elsewhere")
    put(admin, LISTS, "contacts.csv", CONTACTS)

    home = tmp_path_factory.mktemp("journeys")
    folder = copy_terraform(home)
    # The provider waits a minute for a bucket's new rules. No right depends on them.
    bucket_tf = folder / "modules" / "ledger" / "bucket.tf"
    rules_tf = r'resource "aws_s3_bucket_lifecycle_configuration".*?\n}\n'
    text, removed = re.subn(rules_tf, "", bucket_tf.read_text(), flags=re.DOTALL)
    assert removed == 1
    bucket_tf.write_text(text)
    imports = ""
    for name in ("check", "start"):
        attributes = {
            "MaximumMessageSize": "262144",
            "MessageRetentionPeriod": "1209600",
            "SqsManagedSseEnabled": "true",
        }
        queue = admin("sqs").create_queue(
            QueueName=f"backlog-alerts-{name}-failed",
            Attributes=attributes,
            tags={"project": "backlog-alerts", "managed-by": "terraform"},
        )
        imports += QUEUES.format(name=f"{name}_failed", url=queue["QueueUrl"])
    for name, content in (("backend", BACKEND), ("imports", imports)):
        (folder / f"{name}.tf").write_text(content)
    init(folder, aws)
    workspace = Workspace(folder, hasten(folder, home, aws))
    workspace.write("city.auto.tfvars", SETTINGS)
    package(workspace, "1")
    workspace.apply()
    (folder / "imports.tf").unlink()

    keys = {}
    for job, role in ROLES.items():
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        made = admin("sts").assume_role(RoleArn=arn, RoleSessionName=job)["Credentials"]
        keys[job] = {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }
    return City(workspace, keys, admin)


def put(admin: Callable[[str], Any], bucket: str, key: str, text: str) -> None:
    admin("s3").put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="text/csv")


def package(workspace: Workspace, code: str) -> None:
    with zipfile.ZipFile(workspace.folder / "runner.zip", "w") as file:
        file.writestr("code.py", code)


def ledger_bucket() -> str:
    (name,) = (b for b in get_backend("s3")[ACCOUNT]["aws"].buckets if b.startswith("backlog-"))
    return str(name)


def sent() -> dict[str, int]:
    topics = get_backend("sns")[ACCOUNT]["us-east-1"].topics.values()
    return {topic.name: len(topic.sent_notifications) for topic in topics}


def is_refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """Say whether a call is denied, for want of a right and nothing else."""
    try:
        call(**arguments)
    except ClientError as error:
        return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 403)
    return False


def test_the_planner_plans_and_asks_about_texts(city: City) -> None:
    with enforced() as asked:
        shown = city.terraform("planner", "plan", "-lock=false", "-input=false", "-no-color")
        city.client("planner", "sns").get_sms_attributes()
        # What make doctor asks for: a metric of the month.
        city.client("planner", "cloudwatch").get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName="SMSMonthToDateSpentUSD",
            StartTime="2026-02-01",
            EndTime="2026-02-02",
            Period=3600,
            Statistics=["Maximum"],
        )

    assert "No changes. Your infrastructure matches the configuration." in shown
    assert asked.denied == []


def test_the_planner_can_neither_write_nor_send_nor_look_further(city: City) -> None:
    s3, sns = city.client("planner", "s3"), city.client("planner", "sns")
    with enforced():
        refused = {
            "publish": is_refused(sns.publish, TopicArn=TOPIC, Message="x"),
            "subscribe": is_refused(
                sns.subscribe, TopicArn=TOPIC, Protocol="email", Endpoint="x@example.com"
            ),
            "write the state": is_refused(s3.put_object, Bucket=STATE, Key=STATE_KEY, Body=b"x"),
            "write the contacts": is_refused(
                s3.put_object, Bucket=LISTS, Key="contacts.csv", Body=b"x"
            ),
            "read the ledger": is_refused(s3.get_object, Bucket=ledger_bucket(), Key="ledger.json"),
            "list the contacts' bucket": is_refused(s3.list_objects_v2, Bucket=LISTS),
            "receive dead letters": is_refused(
                city.client("planner", "sqs").receive_message, QueueUrl=queue_url(city)
            ),
            "set the account's texts": is_refused(
                sns.set_sms_attributes, attributes={"MonthlySpendLimit": "100"}
            ),
            "start the function": is_refused(
                city.client("planner", "lambda").invoke, FunctionName="backlog-alerts-check"
            ),
        }

    assert [step for step, is_so in refused.items() if not is_so] == []


def queue_url(city: City) -> str:
    return f"{city.workspace.env['AWS_ENDPOINT_URL']}/{ACCOUNT}/backlog-alerts-check-failed"


def test_the_applier_applies_contacts_thresholds_topics_code_and_time(city: City) -> None:
    edited = SETTINGS.replace("threshold = 100", "threshold = 90").replace("cron(0 7", "cron(0 8")
    edited = edited.replace("sms_log_days        = 30", "sms_log_days = 60")
    edited = edited.replace("sms_monthly_limit   = 50", "sms_monthly_limit = 100")
    edited += "not_run_alarm_days = 3\n"
    city.workspace.write("city.auto.tfvars", edited.replace("extreme ", "severe "))
    package(city.workspace, "2")
    put(city.admin, LISTS, "contacts.csv", f"{CONTACTS}Bo Lee,bo@example.com,,water\n")
    with enforced() as asked:
        shown = city.terraform("applier", "apply", "-auto-approve", "-input=false", "-json")
        again = city.terraform("planner", "plan", "-lock=false", "-input=false", "-no-color")

    messages = [json.loads(line) for line in shown.splitlines()]
    changed = {
        message["hook"]["resource"]["addr"]: message["hook"]["action"]
        for message in messages
        if message["type"] == "apply_complete" and message["hook"]["action"] != "read"
    }
    levels = ("critical", "extreme", "severe")
    critical, extreme, severe = (f'module.alert_topic["water_{level}"].' for level in levels)
    assert changed == {
        f'{critical}aws_sns_topic_subscription.this["email/Bo Lee"]': "create",
        f"{critical}terraform_data.destroy_before_create": "create",
        f"{extreme}aws_sns_topic.this": "delete",
        f"{extreme}aws_sns_topic_policy.this": "delete",
        f'{extreme}aws_sns_topic_subscription.this["sms/Fiona Miller"]': "delete",
        f"{extreme}terraform_data.destroy_before_create": "delete",
        f"{severe}aws_sns_topic.this": "create",
        f"{severe}aws_sns_topic_policy.this": "create",
        f'{severe}aws_sns_topic_subscription.this["sms/Fiona Miller"]': "create",
        f"{severe}terraform_data.destroy_before_create": "create",
        'aws_cloudwatch_log_group.sms["water_extreme"]': "delete",
        'aws_cloudwatch_log_group.sms["water_extreme/Failure"]': "delete",
        'aws_cloudwatch_log_group.sms["water_severe"]': "create",
        'aws_cloudwatch_log_group.sms["water_severe/Failure"]': "create",
        'aws_cloudwatch_log_group.sms["DirectPublishToPhoneNumber"]': "update",
        'aws_cloudwatch_log_group.sms["DirectPublishToPhoneNumber/Failure"]': "update",
        'aws_cloudwatch_metric_alarm.sms["this"]': "update",
        'aws_iam_policy.runner["backlog-alerts-runner-1"]': "update",
        'module.schedule["this"].aws_cloudwatch_dashboard.this': "update",
        'module.schedule["this"].aws_cloudwatch_metric_alarm.not_run': "update",
        'module.schedule["this"].aws_lambda_function.check': "update",
        'module.schedule["this"].aws_s3_object.configuration': "update",
        'module.schedule["this"].aws_scheduler_schedule.check': "update",
    }
    assert "No changes. Your infrastructure matches the configuration." in again
    assert asked.denied == []


def test_the_applier_can_change_no_role_and_send_nothing(city: City) -> None:
    iam, sns = city.client("applier", "iam"), city.client("applier", "sns")
    policy = f"arn:aws:iam::{ACCOUNT}:policy"
    all_rights = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
    )
    target = city.admin("scheduler").get_schedule(Name="backlog-alerts-check")
    schedule = {
        k: target[k] for k in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    }
    schedule["Target"] = {**schedule["Target"], "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/admin"}
    with enforced():
        refused = {
            "publish": is_refused(sns.publish, TopicArn=TOPIC, Message="x"),
            "widen its own role": is_refused(
                iam.put_role_policy,
                RoleName=ROLES["applier"],
                PolicyName="inline",
                PolicyDocument=all_rights,
            ),
            "attach other policies": is_refused(
                iam.attach_role_policy,
                RoleName=ROLES["checker"],
                PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
            ),
            "attach to itself": is_refused(
                iam.attach_role_policy,
                RoleName=ROLES["applier"],
                PolicyArn=f"{policy}/backlog-alerts-runner-1",
            ),
            "widen the check's boundary": is_refused(
                iam.create_policy_version,
                PolicyArn=f"{policy}/backlog-alerts-ci-check-boundary",
                PolicyDocument=all_rights,
                SetAsDefault=True,
            ),
            "widen the function's boundary": is_refused(
                iam.create_policy_version,
                PolicyArn=f"{policy}/backlog-alerts-check-boundary",
                PolicyDocument=all_rights,
                SetAsDefault=True,
            ),
            "remove a boundary": is_refused(
                iam.delete_role_permissions_boundary, RoleName=ROLES["checker"]
            ),
            "trust somebody else": is_refused(
                iam.update_assume_role_policy, RoleName=ROLES["checker"], PolicyDocument=all_rights
            ),
            "pass another role to the schedule": is_refused(
                city.client("applier", "scheduler").update_schedule, **schedule
            ),
            "start the function": is_refused(
                city.client("applier", "lambda").invoke, FunctionName="backlog-alerts-check"
            ),
            "set the account's texts": is_refused(
                sns.set_sms_attributes, attributes={"MonthlySpendLimit": "100"}
            ),
            "write the contacts": is_refused(
                city.client("applier", "s3").put_object,
                Bucket=LISTS,
                Key="contacts.csv",
                Body=b"x",
            ),
        }

    assert [step for step, is_so in refused.items() if not is_so] == []


def check(city: City, month: str) -> tuple[int, str]:
    config = city.terraform("checker", "output", "-json", "runner_config")
    return city.python("checker", "-m", "runner", "--config=-", f"--month={month}", stdin=config)


def test_the_checker_reads_sends_once_and_says_that_a_report_is_missing(city: City) -> None:
    put(city.admin, REPORTS, "2026/open-02.csv", "service_name,count\nWater,120\n")
    with enforced() as asked:
        first, again, missing = (check(city, month) for month in ("2026-02", "2026-02", "2026-03"))

    assert first[0] == 0
    assert "1 sent, 0 failed, 0 unknown" in first[1]
    assert again[0] == 0
    assert "already sent" in again[1]
    # Not "denied": it may know that a report is not there.
    assert missing[0] == 3
    assert asked.denied == []
    assert f"{ROLES['checker']} s3:ListBucket arn:aws:s3:::{REPORTS}" in asked.allowed
    # The alert, and a message to the operators about the report.
    assert sent() == {
        "elsewhere": 0,
        "backlog-operators": 1,
        "water_critical": 1,
        "water_severe": 0,
    }


@pytest.mark.parametrize("job", ["checker", "function"])
def test_whoever_checks_knows_no_person_and_writes_only_the_ledger(city: City, job: str) -> None:
    s3, sns = city.client(job, "s3"), city.client(job, "sns")
    with enforced():
        refused = {
            "read the contacts": is_refused(s3.get_object, Bucket=LISTS, Key="contacts.csv"),
            "write the state": is_refused(s3.put_object, Bucket=STATE, Key=STATE_KEY, Body=b"x"),
            "write the report": is_refused(
                s3.put_object, Bucket=REPORTS, Key="2026/open-02.csv", Body=b"x"
            ),
            "list all reports": is_refused(s3.list_objects_v2, Bucket=REPORTS),
            "list other reports": is_refused(s3.list_objects_v2, Bucket=REPORTS, Prefix="secret"),
            "read other reports": is_refused(s3.get_object, Bucket=REPORTS, Key="secret.csv"),
            "write the configuration": is_refused(
                s3.put_object, Bucket=ledger_bucket(), Key="config/runner_config.json", Body=b"x"
            ),
            "delete the ledger": is_refused(
                s3.delete_object, Bucket=ledger_bucket(), Key="ledger.json"
            ),
            "publish elsewhere": is_refused(sns.publish, TopicArn=OTHER_TOPIC, Message="x"),
            "subscribe": is_refused(
                sns.subscribe, TopicArn=TOPIC, Protocol="email", Endpoint="x@example.com"
            ),
            "list subscribers": is_refused(sns.list_subscriptions_by_topic, TopicArn=TOPIC),
            "text a number": is_refused(sns.publish, PhoneNumber="+15555550101", Message="x"),
            "use a key without S3": is_refused(
                city.client(job, "kms").decrypt, KeyId=KEY, CiphertextBlob=b"x"
            ),
        }

    assert [step for step, is_so in refused.items() if not is_so] == []


def test_the_function_checks_with_its_own_configuration_and_cannot_read_the_state(
    city: City,
) -> None:
    put(city.admin, REPORTS, "2026/open-04.csv", "service_name,count\nWater,301\n")
    code = "from runner.handler import handler; handler({'month': '2026-04'}, None)"
    with enforced() as asked:
        result = city.python("function", "-c", code)
        state = city.client("function", "s3")
        assert is_refused(state.get_object, Bucket=STATE, Key=STATE_KEY)
        assert asked.denied == [
            f"{ROLES['function']} s3:GetObject arn:aws:s3:::{STATE}/{STATE_KEY}"
        ]

    assert result[0] == 0, result[1]
    assert (sent()["water_critical"], sent()["water_severe"]) == (2, 1)


LEDGER = "arn:aws:s3:::backlog-ledger-20260201"
VIA = "kms:ViaService"
TEXT_LOG = "arn:aws:logs:us-east-1:123456789012:log-group:sns/us-east-1/123456789012/water_severe"
# What moto can't be asked: it does not know the call, the condition or the provider's version 6.
ASKS = [
    ("planner", "sns:GetSMSSandboxAccountStatus", "*", {}, True),
    ("planner", "sns:ListSMSSandboxPhoneNumbers", "*", {}, False),
    ("planner", "sns:ListPhoneNumbersOptedOut", "*", {}, False),
    ("planner", "logs:FilterLogEvents", TEXT_LOG, {}, False),
    ("planner", "sns:ListOriginationNumbers", "*", {}, True),
    ("planner", "sms-voice:DescribePhoneNumbers", "*", {}, True),
    ("planner", "sms-voice:GetResourcePolicy", "*", {}, True),
    ("planner", "sms-voice:SendTextMessage", "*", {}, False),
    ("planner", "s3:ListTagsForResource", LEDGER, {}, True),
    ("planner", "s3:GetObject", f"{LEDGER}/ledger.json", {}, False),
    ("planner", "s3:ListBucket", f"arn:aws:s3:::{LISTS}", {"s3:prefix": "contacts.csv"}, True),
    ("planner", "s3:ListBucket", f"arn:aws:s3:::{LISTS}", {"s3:prefix": "contacts"}, False),
    ("planner", "kms:GenerateDataKey", KEY, {VIA: "s3.us-east-1.amazonaws.com"}, False),
    ("applier", "s3:TagResource", LEDGER, {}, True),
    ("applier", "kms:GenerateDataKey", KEY, {VIA: "s3.us-east-1.amazonaws.com"}, True),
    ("applier", "kms:GenerateDataKey", KEY, {VIA: "sns.us-east-1.amazonaws.com"}, False),
    ("applier", "kms:GenerateDataKey", KEY, {}, False),
    ("checker", "kms:Decrypt", KEY, {VIA: "s3.us-east-1.amazonaws.com"}, True),
    ("checker", "kms:Decrypt", KEY.replace("ab-34cd", "00-34cd"), {}, False),
    ("checker", "kms:GenerateDataKeyWithoutPlaintext", SNS_KEY, {}, False),
    # No folder of the bucket is a month.
    ("checker", "s3:GetObject", f"arn:aws:s3:::{REPORTS}/2026/open-02.csv", {}, True),
    ("checker", "s3:GetObject", f"arn:aws:s3:::{REPORTS}/2026/open-contacts.csv", {}, False),
    ("function", "s3:GetObject", f"arn:aws:s3:::{REPORTS}/private/2026/open-02.csv", {}, False),
    ("function", "kms:GenerateDataKey", SNS_KEY, {VIA: "sns.us-east-1.amazonaws.com"}, True),
    ("function", "kms:GenerateDataKey", SNS_KEY, {VIA: "lambda.us-east-1.amazonaws.com"}, False),
    ("function", "kms:Encrypt", SNS_KEY, {VIA: "sns.us-east-1.amazonaws.com"}, False),
]


@pytest.mark.parametrize(("job", "action", "resource", "context", "is_allowed"), ASKS)
def test_what_moto_cannot_be_asked_is_evaluated(
    city: City, job: str, action: str, resource: str, context: dict[str, str], is_allowed: bool
) -> None:
    assert may(ROLES[job], Ask(action, resource, context)) is is_allowed


@pytest.mark.parametrize(
    ("service", "is_allowed"), [("scheduler.amazonaws.com", True), ("lambda.amazonaws.com", False)]
)
def test_the_applier_passes_the_schedules_role_to_the_scheduler_alone(
    city: City, service: str, is_allowed: bool
) -> None:
    passed = f"arn:aws:iam::{ACCOUNT}:role/backlog-alerts-schedule"

    asked = Ask("iam:PassRole", passed, {"iam:PassedToService": service})

    assert may(ROLES["applier"], asked) is is_allowed


ALLOW = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::a/*"}
ONLY_B = {**ALLOW, "Condition": {"StringLike": {"s3:prefix": ["b*"]}}}
DENY = {"Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "context", "is_allowed"),
    [
        ([], "s3:GetObject", "arn:aws:s3:::a/b", {}, False),
        ([ALLOW], "s3:GetObject", "arn:aws:s3:::a/b", {}, True),
        ([ALLOW], "S3:getobject", "arn:aws:s3:::a/b", {}, True),
        ([ALLOW], "s3:PutObject", "arn:aws:s3:::a/b", {}, False),
        ([ALLOW], "s3:GetObject", "arn:aws:s3:::A/b", {}, False),
        ([ALLOW], "s3:GetObject", "arn:aws:s3:::a", {}, False),
        ([ALLOW, DENY], "s3:GetObject", "arn:aws:s3:::a/b", {}, False),
        ([ONLY_B], "s3:GetObject", "arn:aws:s3:::a/b", {}, False),
        ([ONLY_B], "s3:GetObject", "arn:aws:s3:::a/b", {"s3:prefix": "bc"}, True),
        ([ONLY_B], "s3:GetObject", "arn:aws:s3:::a/b", {"s3:prefix": "cb"}, False),
    ],
)
def test_the_evaluation_itself(
    statements: list[dict[str, Any]],
    action: str,
    resource: str,
    context: dict[str, str],
    is_allowed: bool,
) -> None:
    assert allows(statements, Ask(action, resource, context)) is is_allowed


def test_whatever_the_applier_writes_into_their_policies_the_boundaries_hold(city: City) -> None:
    all_rights = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    with enforced():
        city.client("applier", "iam").create_policy_version(
            PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/backlog-alerts-runner-shared",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [all_rights]}),
            SetAsDefault=True,
        )
        for job in ("checker", "function"):
            s3, sns = city.client(job, "s3"), city.client(job, "sns")
            assert allows(role_statements(ROLES[job])[0], Ask("sns:Subscribe", TOPIC))
            assert is_refused(
                sns.subscribe, TopicArn=TOPIC, Protocol="email", Endpoint="x@example.com"
            )
            assert is_refused(s3.get_object, Bucket=LISTS, Key="contacts.csv")
            assert is_refused(s3.list_objects_v2, Bucket=REPORTS, Prefix="secret")
            assert is_refused(city.client(job, "iam").list_roles)

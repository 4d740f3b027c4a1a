"""What this configuration makes: each resource by its whole address, with the values it sets.

What is at another address, or has another value, is not of this configuration, whatever it is for.
Strings may hold {words}: of the address, such as {topic}, or of the plan, such as {account}.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

# Any value: a text for people, or what is a risk of its own whenever it changes.
ANY = object()


@dataclass(frozen=True)
class Later:
    """A value that may be known only after the apply: it then refers to exactly these names.

    "*" for any names.
    """

    value: Any
    references: str


@dataclass(frozen=True)
class Variable:
    """The value of a root variable, times a factor."""

    name: str
    times: float = 1


@dataclass(frozen=True)
class Document:
    """JSON text that means this."""

    value: Any


@dataclass(frozen=True)
class Config:
    """JSON text that means the plan's own runner_config."""


def _arn(service: str, rest: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}"


_IAM_ARN = "arn:{partition}:iam::{account}:"


def _deny_plain_http(actions: str, resource: Any) -> dict[str, Any]:
    return {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _policy(*statements: dict[str, Any]) -> Document:
    return Document({"Version": "2012-10-17", "Statement": [*statements]})


def _trust(service: str, condition: dict[str, Any] | None = None) -> Document:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    return _policy({**statement, **({"Condition": condition} if condition else {})})


_RUNNER_MAY = re.compile(
    r"sns:Publish|s3:(GetObject|PutObject|ListBucket)|kms:(Decrypt|GenerateDataKey\*?)"
)


def _is_runner_policy(policy: Any) -> bool:
    """Tell whether it allows no other actions than a check needs, and of keys alone on anything."""
    try:
        statements = json.loads(policy)["Statement"]
        return all(
            statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
            and all(map(_RUNNER_MAY.fullmatch, statement["Action"]))
            and ("*" not in statement["Resource"] or statement["Action"][0].startswith("kms:"))
            for statement in statements
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return False


_ENDPOINT = re.compile(r"[^@\s]+@[^@\s]+|\+[0-9]{7,15}")
_ACCOUNT = {"aws:SourceAccount": "{account}"}
_OPERATORS = _arn("sns", "{prefix}backlog-operators")
_NAME = "{prefix}backlog-alerts"

# Attributes of a type as the provider sets them where nothing else is asked for.
_PROVIDERS: dict[str, dict[str, Any]] = {
    "aws_cloudwatch_metric_alarm": {"actions_enabled": True},
    "aws_iam_policy": {"path": "/"},
    "aws_iam_role": {"path": "/", "max_session_duration": 3600},
    "aws_lambda_function": {"package_type": "Zip", "reserved_concurrent_executions": -1},
    "aws_scheduler_schedule": {"state": "ENABLED"},
    "aws_sns_topic_subscription": {"confirmation_timeout_in_minutes": 1},
    "aws_sqs_queue": {
        "kms_data_key_reuse_period_seconds": (0, 300),
        "max_message_size": (262144, 1048576),
        "visibility_timeout_seconds": 30,
    },
    "aws_s3_bucket_lifecycle_configuration": {
        "transition_default_minimum_object_size": "all_storage_classes_128K"
    },
}
# What may always change, and the region, which provider 6 sets on every resource.
TAGS = {"tags", "tags_all"}
_EVERYWHERE = {**dict.fromkeys(TAGS, ANY), "region": "{region}"}


def _topic(name: str, kms: Any) -> dict[str, Any]:
    return {"name": name, "display_name": Variable("sender_name"), "kms_master_key_id": kms}


def _alarm(description: Any, actions: str, **values: Any) -> dict[str, Any]:
    ours = "local._operators" if actions == "schedule" else "aws_sns_topic.operators each.key"
    return {
        "alarm_actions": Later("{operators}", ours),
        "alarm_description": Later(ANY, description) if description else ANY,
        "evaluation_periods": 1,
        "period": 300,
        **values,
    }


def _queue(name: str) -> dict[str, Any]:
    return {
        "name": f"{_NAME}-{name}",
        "message_retention_seconds": 14 * 24 * 60 * 60,
        "sqs_managed_sse_enabled": True,
    }


def _event(name: str, namespace: str, metric: str, statistic: str, dimensions: Any) -> Any:
    return _alarm(
        "each.value.description each.value",
        "schedule",
        alarm_name=f"{_NAME}-{name}",
        namespace=f"AWS/{namespace}",
        metric_name=metric,
        statistic=statistic,
        dimensions=dimensions,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        treat_missing_data="notBreaching",
    )


_BUCKET = {"bucket": Later("{bucket}", "aws_s3_bucket.this.id aws_s3_bucket.this")}
_WAITING = ("SQS", "ApproximateNumberOfMessagesVisible", "Maximum")
_FUNCTION = {"FunctionName": f"{_NAME}-check"}
_EVENTS = [
    ("check-failed", *_WAITING, {"QueueName": f"{_NAME}-check-failed"}),
    ("start-failed", *_WAITING, {"QueueName": f"{_NAME}-start-failed"}),
    ("errors", "Lambda", "Errors", "Sum", _FUNCTION),
    ("throttles", "Lambda", "Throttles", "Sum", _FUNCTION),
]
_RUNS = [
    {"id": "runs", "expression": "FILL(started, 0)", "label": ANY, "return_data": True},
    {
        "id": "started",
        "metric": [
            {
                "namespace": "AWS/Lambda",
                "metric_name": "Invocations",
                "dimensions": _FUNCTION,
                "stat": "Sum",
                "period": 24 * 60 * 60,
            }
        ],
    },
]
_TOPIC = 'module.alert_topic["{topic}"].'
_LEDGER = 'module.ledger["this"].'
_SCHEDULE = 'module.schedule["this"].'
_ROLES = 'module.github_roles["this"].'
_IAM = {"description": ANY, "policy": Later(ANY, "*")}  # each change of it is a risk of its own

# Part of the configuration -> address -> the values it sets. All others are empty, or not known
# before the apply because nobody sets them.
MADE: dict[str, dict[str, dict[str, Any]]] = {
    "alerts": {
        _TOPIC + "aws_sns_topic.this": _topic("{topic}", Variable("kms_key_id")),
        _TOPIC + "aws_sns_topic_policy.this": {
            "arn": Later(_arn("sns", "{topic}"), "aws_sns_topic.this.arn aws_sns_topic.this"),
            "policy": Later(
                _policy(_deny_plain_http("sns:Publish", _arn("sns", "{topic}"))),
                "aws_sns_topic.this.arn aws_sns_topic.this",
            ),
        },
        _TOPIC + 'aws_sns_topic_subscription.this["{channel}/{person}"]': {
            "endpoint": _ENDPOINT,
            "protocol": "{channel}",
            "topic_arn": Later(_arn("sns", "{topic}"), "aws_sns_topic.this.arn aws_sns_topic.this"),
        },
        _TOPIC + "terraform_data.destroy_before_create": {"triggers_replace": ANY},
        "terraform_data.receive_nothing": {"input": ANY, "output": ANY},
        'aws_iam_policy.runner["{runner}"]': {
            **_IAM,
            "name": "{runner}",
            "policy": Later(_is_runner_policy, "*"),
        },
    },
    "operators": {
        'aws_sns_topic.operators["this"]': _topic(
            "{prefix}backlog-operators", (None, Variable("kms_key_id"))
        ),
        'aws_sns_topic_policy.operators["this"]': {
            "arn": Later(_OPERATORS, "aws_sns_topic.operators each.key"),
            "policy": Later(
                _policy(
                    {
                        "Sid": "AllowAlarms",
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": _OPERATORS,
                        "Condition": {"StringEquals": _ACCOUNT},
                    },
                    _deny_plain_http("sns:Publish", _OPERATORS),
                ),
                "aws_sns_topic.operators each.key data.aws_caller_identity.current.account_id"
                " data.aws_caller_identity.current",
            ),
        },
        'aws_sns_topic_subscription.operators["{digest}"]': {
            "endpoint": _ENDPOINT,
            "protocol": "email",
            "topic_arn": Later(
                _OPERATORS,
                'aws_sns_topic.operators["this"].arn aws_sns_topic.operators["this"]'
                " aws_sns_topic.operators",
            ),
        },
    },
    "ledger": {
        _LEDGER + "aws_s3_bucket.this": {
            "bucket": re.compile(r"[a-z0-9-]*backlog-ledger-[0-9]{20,32}"),
            "bucket_prefix": re.compile(r"([a-z0-9-]+-)?backlog-ledger-"),
            "force_destroy": True,
        },
        _LEDGER + "aws_s3_bucket_ownership_controls.this": {
            **_BUCKET,
            "rule": [{"object_ownership": "BucketOwnerEnforced"}],
        },
        _LEDGER + "aws_s3_bucket_public_access_block.this": {
            **_BUCKET,
            "block_public_acls": True,
            "block_public_policy": True,
            "ignore_public_acls": True,
            "restrict_public_buckets": True,
        },
        _LEDGER + "aws_s3_bucket_server_side_encryption_configuration.this": {
            **_BUCKET,
            "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}],
        },
        _LEDGER + "aws_s3_bucket_versioning.this": {
            **_BUCKET,
            "versioning_configuration": [{"status": "Enabled"}],
        },
        _LEDGER + "aws_s3_bucket_lifecycle_configuration.this": {
            **_BUCKET,
            "rule": [
                {
                    "id": "old-versions-expire",
                    "status": "Enabled",
                    "noncurrent_version_expiration": [{"noncurrent_days": 90}],
                    "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}],
                    "filter": ([], [{}]),
                }
            ],
        },
        _LEDGER + "aws_s3_bucket_policy.this": {
            **_BUCKET,
            "policy": Later(
                _policy(
                    _deny_plain_http(
                        "s3:*",
                        ["arn:{partition}:s3:::{bucket}", "arn:{partition}:s3:::{bucket}/*"],
                    )
                ),
                "aws_s3_bucket.this.arn aws_s3_bucket.this",
            ),
        },
    },
    "schedule": {
        _SCHEDULE + "aws_cloudwatch_log_group.check": {
            "name": f"/aws/lambda/{_NAME}-check",
            "retention_in_days": 90,
        },
        _SCHEDULE + "aws_cloudwatch_dashboard.this": {
            "dashboard_name": _NAME,
            "dashboard_body": Later(ANY, "local._charts local._region local._dimension"),
        },
        _SCHEDULE + "aws_sqs_queue.check_failed": _queue("check-failed"),
        _SCHEDULE + "aws_sqs_queue.start_failed": _queue("start-failed"),
        **{
            _SCHEDULE + f'aws_cloudwatch_metric_alarm.this["{event[0]}"]': _event(*event)
            for event in _EVENTS
        },
        _SCHEDULE + "aws_cloudwatch_metric_alarm.not_run": {
            **_alarm("", "schedule"),
            "alarm_name": f"{_NAME}-not-run",
            "ok_actions": Later("{operators}", "local._operators"),
            "period": (None, 0),
            "evaluation_periods": Variable("not_run_alarm_days"),
            "comparison_operator": "LessThanThreshold",
            "threshold": 1,
            "treat_missing_data": "breaching",
            "metric_query": tuple(map(list, permutations(_RUNS))),  # the provider orders them
        },
        _SCHEDULE + "aws_s3_object.configuration": {
            "bucket": Later("{bucket}", "var.bucket.name var.bucket"),
            "key": "config/runner_config.json",
            "content": Later(Config(), "var.configuration"),
            "content_type": "application/json",
            "etag": Later(re.compile("[0-9a-f]{32}"), "var.configuration"),
        },
        _SCHEDULE + "aws_lambda_function.check": {
            "function_name": f"{_NAME}-check",
            "description": ANY,
            "role": Later(
                _IAM_ARN + f"role/{_NAME}-check", "aws_iam_role.check.arn aws_iam_role.check"
            ),
            "filename": "./{package}",
            "source_code_hash": Later(ANY, "var.package"),
            "code_sha256": ANY,
            "source_code_size": ANY,
            "last_modified": ANY,
            "runtime": "python3.13",
            "architectures": ["x86_64"],
            "handler": "runner.handler.handler",
            "memory_size": 512,
            "timeout": 300,
            "environment": [
                {
                    "variables": Later(
                        {"BACKLOG_CONFIG": "s3://{bucket}/config/runner_config.json"},
                        "var.bucket.name var.bucket aws_s3_object.configuration.key"
                        " aws_s3_object.configuration",
                    )
                }
            ],
        },
        _SCHEDULE + "aws_lambda_function_event_invoke_config.check": {
            "function_name": f"{_NAME}-check",
            "maximum_retry_attempts": 2,
            "maximum_event_age_in_seconds": 60 * 60,
            "destination_config": [
                {
                    "on_failure": [
                        {
                            "destination": Later(
                                _arn("sqs", f"{_NAME}-check-failed"),
                                "aws_sqs_queue.check_failed.arn aws_sqs_queue.check_failed",
                            )
                        }
                    ]
                }
            ],
        },
        _SCHEDULE + "aws_scheduler_schedule.check": {
            "name": f"{_NAME}-check",
            "description": ANY,
            "schedule_expression": Variable("schedule_expression"),
            "schedule_expression_timezone": "UTC",
            "flexible_time_window": [{"mode": "OFF"}],
            "target": [
                {
                    "arn": Later(
                        _arn("lambda", f"function:{_NAME}-check"),
                        "aws_lambda_function.check.arn aws_lambda_function.check",
                    ),
                    "role_arn": Later(
                        _IAM_ARN + f"role/{_NAME}-schedule",
                        "aws_iam_role.schedule.arn aws_iam_role.schedule",
                    ),
                    "input": "{}",
                    "retry_policy": [
                        {"maximum_retry_attempts": 10, "maximum_event_age_in_seconds": 60 * 60}
                    ],
                    "dead_letter_config": [
                        {
                            "arn": Later(
                                _arn("sqs", f"{_NAME}-start-failed"),
                                "aws_sqs_queue.start_failed.arn aws_sqs_queue.start_failed",
                            )
                        }
                    ],
                }
            ],
        },
        _SCHEDULE + "aws_iam_policy.boundary": {**_IAM, "name": f"{_NAME}-check-boundary"},
        _SCHEDULE + "aws_iam_role.check": {
            "name": f"{_NAME}-check",
            "description": ANY,
            "assume_role_policy": _trust("lambda"),
            "permissions_boundary": Later(
                _IAM_ARN + f"policy/{_NAME}-check-boundary",
                "aws_iam_policy.boundary.arn aws_iam_policy.boundary",
            ),
        },
        _SCHEDULE + "aws_iam_role.schedule": {
            "name": f"{_NAME}-schedule",
            "description": ANY,
            "assume_role_policy": _trust("scheduler", {"StringEquals": _ACCOUNT}),
        },
        **{
            _SCHEDULE + f"aws_iam_role_policy.{role}": {
                **_IAM,
                "name": "inline",
                "policy": Later(ANY, policy),
                "role": Later(f"{_NAME}-{role}", f"aws_iam_role.{role}.id aws_iam_role.{role}"),
            }
            for role, policy in {
                "check": "local._policies.own local._policies",
                "schedule": "aws_lambda_function.check.arn aws_lambda_function.check"
                " aws_sqs_queue.start_failed.arn aws_sqs_queue.start_failed",
            }.items()
        },
        _SCHEDULE + 'aws_iam_role_policy_attachment.check["{runner}"]': {
            "role": f"{_NAME}-check",
            "policy_arn": Later(_IAM_ARN + "policy/{runner}", "each.value"),
        },
    },
    "GitHub Actions": {
        _ROLES + 'aws_iam_openid_connect_provider.github["this"]': {
            "url": re.compile(r"(https://)?token\.actions\.githubusercontent\.com"),
            "client_id_list": ["sts.amazonaws.com"],
        },
        _ROLES + "aws_iam_policy.check_boundary": {**_IAM, "name": f"{_NAME}-ci-check-boundary"},
        _ROLES + 'aws_iam_role.ci["{job}"]': {
            "name": f"{_NAME}-ci-{{job}}",
            "description": ANY,
            "assume_role_policy": Later(ANY, "*"),
            "permissions_boundary": Later(ANY, "*"),
        },
        _ROLES + 'aws_iam_role_policy.ci["{job}"]': {
            **_IAM,
            "name": "inline",
            "role": Later(f"{_NAME}-ci-{{job}}", "aws_iam_role.ci each.key"),
        },
        _ROLES + 'aws_iam_role_policy_attachment.check["{runner}"]': {
            "role": f"{_NAME}-ci-check",
            "policy_arn": Later(_IAM_ARN + "policy/{runner}", "each.value"),
        },
    },
    "sms": {
        'aws_cloudwatch_log_group.sms["{log}"]': {
            "name": "sns/{region}/{account}/{log}",
            "retention_in_days": Variable("sms_log_days"),
        },
        'aws_cloudwatch_metric_alarm.sms["this"]': _alarm(
            "",
            "texts",
            alarm_name=f"{_NAME}-sms-costs",
            namespace="AWS/SNS",
            metric_name="SMSMonthToDateSpentUSD",
            statistic="Maximum",
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=Variable("sms_monthly_limit", 0.8),
            treat_missing_data="ignore",
        ),
        'aws_iam_role.sms["this"]': {
            "name": f"{_NAME}-sms",
            "description": ANY,
            "assume_role_policy": _trust("sns", {"StringEqualsIfExists": _ACCOUNT}),
        },
        'aws_iam_role_policy.sms["this"]': {
            **_IAM,
            "name": "inline",
            "role": Later(f"{_NAME}-sms", "aws_iam_role.sms each.key"),
        },
        'aws_sns_sms_preferences.sms["this"]': {
            "delivery_status_iam_role_arn": Later(
                _IAM_ARN + f"role/{_NAME}-sms", "aws_iam_role.sms each.key"
            ),
            "delivery_status_success_sampling_rate": "100",
        },
    },
}
# What is read while Terraform plans or applies, and changes nothing.
READ = {
    'module.github_roles["this"].data.aws_partition.current',
    'module.schedule["this"].data.aws_caller_identity.current',
    "data.aws_caller_identity.current",
    "data.aws_kms_key.topics[0]",
    "data.aws_partition.current",
    "data.aws_service.sns",
    "data.aws_s3_object.contacts[0]",
}
_FORMS = {
    "channel": "email|sms",
    "digest": "[0-9a-f]{12}",
    "job": "apply|check|plan",
    "log": "[A-Za-z0-9_-]+(?:/Failure)?",
    "person": ".+",
    "runner": "[A-Za-z0-9_-]*backlog-alerts-runner-(?:[0-9]+|shared)",
    "topic": "[A-Za-z0-9_-]+",
}


@dataclass(frozen=True)
class Entry:
    """One line of the table. path: its address without keys, as `configuration` has it."""

    part: str
    address: re.Pattern[str]
    path: str
    values: Mapping[str, Any]


def _entry(part: str, address: str, values: Mapping[str, Any]) -> tuple[str, Entry]:
    plain = re.sub(r'\["[^"]*"\]', "", address)
    kind = plain.split(".")[-2]
    pattern = re.sub(r"\\{([a-z]+)\\}", lambda m: f"(?P<{m[1]}>{_FORMS[m[1]]})", re.escape(address))
    every = {**_EVERYWHERE, **_PROVIDERS.get(kind, {}), **values}
    return kind, Entry(part, re.compile(pattern, re.DOTALL), plain, every)


def _table() -> dict[str, list[Entry]]:
    table: dict[str, list[Entry]] = {}
    for part, made in MADE.items():
        for address, values in made.items():
            kind, entry = _entry(part, address, values)
            table.setdefault(kind, []).append(entry)
    return table


TABLE = _table()

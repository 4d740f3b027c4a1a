"""IAM in moto, decided as AWS decides: by action, resource, condition and boundary.

moto checks who signed a request, and whether a policy names its action. It knows neither conditions
nor boundaries, and the resource of hardly any call. So `enforced` lets it find the role alone, and
decides for it. It follows AWS where that asks IAM more than one thing:
- S3 denies access to an object that is not there, unless its name may be listed;
- an object in a bucket, or a topic, under a customer key takes that key through S3 or SNS;
- what is made with tags takes the right to tag;
- a schedule takes the right to pass its role.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from moto.backends import get_backend
from moto.core.authorization import enable_iam_authentication
from moto.iam.access_control import AssumedRoleAccessKey, IAMRequestBase

ACCOUNT, REGION = "123456789012", "us-east-1"
# The key that AWS manages for SNS. Only SNS knows its id.
SNS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/aws-sns"

_TAGGING = {
    "cloudwatch:PutMetricAlarm": "cloudwatch:TagResource",
    "iam:CreatePolicy": "iam:TagPolicy",
    "logs:CreateLogGroup": "logs:TagResource",
    "sns:CreateTopic": "sns:TagResource",
}
# A part of a bucket's configuration, by the query that names it, where moto has no name for it.
_BUCKET_PARTS = {
    "encryption": "EncryptionConfiguration",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
}
# Where a call names its resource, by service, and the ARN that IAM makes of it.
_RESOURCES = {
    "cloudwatch": {
        "AlarmName": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{}}",
        "AlarmNames.member.1": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{}}",
        "DashboardName": f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{}}",
        "ResourceARN": "{}",
    },
    "iam": {
        "RoleName": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
        "PolicyArn": "{}",
        "OpenIDConnectProviderArn": "{}",
        "PolicyName": f"arn:aws:iam::{ACCOUNT}:policy/{{}}",
    },
    "kms": {"KeyId": "{}"},
    "lambda": {"functions": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}"},
    "logs": {
        "logGroupName": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}",
        "resourceArn": "{}",
    },
    "scheduler": {"schedules": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{{}}"},
    "sns": {
        "TopicArn": "{}",
        "ResourceArn": "{}",
        "SubscriptionArn": "{}",
        "Name": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    },
}
# Calls that IAM allows or denies as a whole.
_WHOLE = ("cloudwatch:DescribeAlarms", "logs:DescribeLogGroups", "cloudwatch:GetMetricStatistics")


@dataclass(frozen=True)
class Ask:
    """One thing that AWS asks IAM. context: what conditions can look at."""

    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """What the roles were allowed and denied so far, as "role action resource"."""

    allowed: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)


def allows(statements: Sequence[Mapping[str, Any]], ask: Ask) -> bool:
    """Say whether policies allow what is asked: one statement does, and none denies it."""
    effects = {one["Effect"] for one in statements if _concerns(one, ask)}
    return effects == {"Allow"}


def may(role: str, ask: Ask) -> bool:
    """Say whether both a role's policies and its boundary allow what is asked."""
    policies, boundary = role_statements(role)
    return allows(policies, ask) and (boundary is None or allows(boundary, ask))


def role_statements(role: str) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]] | None]:
    """Return the statements of a role's policies, and of its boundary, if it has one."""
    iam = get_backend("iam")[ACCOUNT]["aws"]
    documents = [iam.get_role_policy(role, name)[1] for name in iam.list_role_policies(role)]
    managed = iam.list_attached_role_policies(role)[0]
    found = [*map(json.loads, documents), *(_default_version(policy) for policy in managed)]
    boundary = iam.get_role(role).permissions_boundary
    return (
        [one for document in found for one in document["Statement"]],
        _default_version(iam.get_policy(boundary["PermissionsBoundaryArn"]))["Statement"]
        if boundary
        else None,
    )


@contextmanager
def enforced() -> Iterator[Asked]:
    """Let moto obey only what the signer's role may do; yield what is asked meanwhile."""
    asked = Asked()

    def check(request: IAMRequestBase, resource: str) -> None:
        assert isinstance(request._access_key, AssumedRoleAccessKey)
        role = request._access_key._owner_role_name
        for ask in _asks(request, resource):
            is_allowed = may(role, ask)
            (asked.allowed if is_allowed else asked.denied).append(
                f"{role} {ask.action} {ask.resource}"
            )
            if not is_allowed:
                request._raise_access_denied()

    check_signature = IAMRequestBase.check_signature

    def check_signed(request: IAMRequestBase) -> None:
        # Of a GET without a form, moto signs the headers as its body, and finds another signature.
        if request._method != "GET" or request._service == "s3":
            check_signature(request)

    with (
        patch.object(IAMRequestBase, "check_action_permitted", check),
        patch.object(IAMRequestBase, "check_signature", check_signed),
        enable_iam_authentication(),
    ):
        yield asked


def _concerns(statement: Mapping[str, Any], ask: Ask) -> bool:
    actions, resources = (_listed(statement[name]) for name in ("Action", "Resource"))
    return (
        any(fnmatchcase(ask.action.lower(), pattern.lower()) for pattern in actions)
        and any(_like(ask.resource, pattern) for pattern in resources)
        and all(
            _meets(operator, ask.context.get(key), _listed(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _meets(operator: str, found: str | None, values: list[str]) -> bool:
    matches = {"ArnLike": _like, "StringLike": _like, "StringEquals": str.__eq__}[operator]
    return found is not None and any(matches(found, value) for value in values)


def _like(found: str, pattern: str) -> bool:
    """Match IAM's * and ?, which know no sets in brackets."""
    return fnmatchcase(found, pattern.replace("[", "[[]"))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _default_version(policy: Any) -> Any:
    return json.loads(next(v.document for v in policy.versions if v.is_default))


def _asks(request: IAMRequestBase, resource: str) -> Iterator[Ask]:
    """Return all that AWS asks IAM about one request; `resource` is what moto makes of it."""
    service, _, operation = request._action.partition(":")
    service = {"monitoring": "cloudwatch"}.get(service, service)
    if service == "s3":
        yield from _s3_asks(request, operation, resource)
    elif service != "sts":  # everybody may ask who they are
        yield from _other_asks(request, service, operation, resource)


def _other_asks(
    request: IAMRequestBase, service: str, operation: str, resource: str
) -> Iterator[Ask]:
    action, fields = f"{service}:{operation}", _fields(request)
    for name, arn in _RESOURCES.get(service, {}).items():
        if fields.get(name) and action not in _WHOLE:
            resource = arn.format(fields[name])
            break
    if service == "sns":
        resource = ":".join(resource.split(":")[:6])  # a subscription is its topic's
    context = {"iam:PolicyARN": fields["PolicyArn"]} if "PolicyArn" in fields else {}
    yield Ask(action, resource, context)
    if action in _TAGGING and any(re.match(r"tags\b", name, re.IGNORECASE) for name in fields):
        yield Ask(_TAGGING[action], resource)
    if service == "scheduler" and "Target" in fields:
        to = {"iam:PassedToService": "scheduler.amazonaws.com"}
        yield Ask("iam:PassRole", fields["Target"]["RoleArn"], to)
    if action == "sns:Publish":
        topic = get_backend("sns")[ACCOUNT][REGION].topics.get(resource)
        if topic and topic.kms_master_key_id:
            yield from _key_asks(SNS_KEY, "sns", "Decrypt", "GenerateDataKey")


def _s3_asks(request: IAMRequestBase, operation: str, resource: str) -> Iterator[Ask]:
    query = parse_qs(urlsplit(request._path).query, keep_blank_values=True)
    bucket_name, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
    if not key and (part := next(filter(query.__contains__, _BUCKET_PARTS), None)):
        operation = f"{request._method.capitalize()}{_BUCKET_PARTS[part]}"
    elif operation == "HeadBucket":
        operation = "ListBucket"
    prefix = {"s3:prefix": query["prefix"][0]} if "prefix" in query else {}
    yield Ask(f"s3:{operation}", resource, prefix)
    bucket = get_backend("s3")[ACCOUNT]["aws"].buckets.get(bucket_name)
    if bucket is None or operation not in ("GetObject", "PutObject"):
        return
    if operation == "GetObject" and key not in bucket.keys:
        yield Ask("s3:ListBucket", f"arn:aws:s3:::{bucket_name}", {"s3:prefix": key})
    elif object_key := _object_key(bucket):
        uses = {"GetObject": ["Decrypt"], "PutObject": ["GenerateDataKey"]}
        yield from _key_asks(object_key, "s3", *uses[operation])


def _object_key(bucket: Any) -> str | None:
    rule = (bucket.encryption or {}).get("Rule", {})
    key: str | None = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    return key


def _key_asks(key: str, service: str, *uses: str) -> Iterator[Ask]:
    for use in uses:
        yield Ask(f"kms:{use}", key, {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"})


def _fields(request: IAMRequestBase) -> dict[str, Any]:
    """Return what a request names: in its path, in a form or in JSON."""
    named = dict(re.findall(r"/(functions|schedules)/([^/?]+)", request._path))
    if request._body and request._body.lstrip().startswith(b"{"):
        return {**named, **json.loads(request._body)}
    data = {k: v for k, v in request._data.items() if isinstance(v, list)}
    return {**named, **{name: values[0] for name, values in data.items()}}

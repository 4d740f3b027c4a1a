"""AWS's answers about texts -> whether a text reaches a number, and why not.

An account that is new reaches nobody: it is in the SMS sandbox, has no number to send from, and
may spend 1 US dollar a month. No emulator and no subscription shows any of it.
https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from runner.aws import client, reason
from runner.errors import BacklogError
from scripts.diagnostics import NO_CREDENTIALS, NO_PROFILE

ATTEMPTS = 3
# Why this machine has no credentials, by the SDK's name for it.
_NO_LOGIN = "you are not logged in; run `aws sso login`"
CREDENTIALS = {
    "CredentialRetrievalError": "the program that your AWS settings name for credentials failed",
    "NoCredentialsError": NO_CREDENTIALS,
    "PartialCredentialsError": "one is missing; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "ProfileNotFound": NO_PROFILE,
    "SSOTokenLoadError": _NO_LOGIN,
    "TokenRetrievalError": _NO_LOGIN,
    "UnauthorizedSSOTokenError": _NO_LOGIN,
}
# What AWS calls a refusal differs from service to service.
_REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
# Of an account in which nobody set another: https://docs.aws.amazon.com/sns/latest/dg/channels-sms-awssupport-spend-threshold.html
FIRST_LIMIT = 1.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Unknown:
    """An answer that could not be had. why: for people, without AWS's own words.

    is_refusal: AWS answered that this may not be asked. is_silence: it was not asked, or did not
    answer, and would not answer the next question either.
    """

    why: str
    is_refusal: bool = False
    is_silence: bool = False


_ABROAD = Unknown("AWS can't be asked whether this country needs a registered sender")


@dataclass(frozen=True)
class Sender:
    """An origination identity: what a text is sent from. problem: why it can't be yet, or empty."""

    country: str
    problem: str = ""


@dataclass(frozen=True)
class TextAccount:
    """What an account may send in one region. limit, spent: US dollars a month."""

    in_sandbox: bool | Unknown
    verified: frozenset[str] | Unknown
    limit: float | Unknown
    spent: float | Unknown
    senders: tuple[Sender, ...] | Unknown

    def obstacle(self, number: str | None, is_us: bool) -> str | Unknown:
        """Say why a text does not reach a number; empty where nothing is in its way.

        number: with a plus sign; None for any that nobody verified. is_us: of country code 1.
        """
        found = [self._sandbox(number), self._spend(), self._sender() if is_us else _ABROAD]
        return next((f for f in found if isinstance(f, str) and f), None) or next(
            (f for f in found if isinstance(f, Unknown)), ""
        )

    def _sandbox(self, number: str | None) -> str | Unknown:
        if not self.in_sandbox or isinstance(self.in_sandbox, Unknown):
            return self.in_sandbox or ""
        if number is None:
            return "the account is in the SMS sandbox"
        if isinstance(self.verified, Unknown):
            return self.verified
        is_verified = number in self.verified
        return (
            "" if is_verified else "the account is in the SMS sandbox; this number is not verified"
        )

    def _spend(self) -> str | Unknown:
        if isinstance(self.limit, Unknown):
            return self.limit
        if isinstance(self.spent, Unknown):
            return self.spent
        return "the month's SMS spend limit is reached" if self.spent >= self.limit else ""

    def _sender(self) -> str | Unknown:
        """Of a number of country code 1. A text to one of the US needs a registered identity."""
        if isinstance(self.senders, Unknown):
            return self.senders
        problems = [sender.problem for sender in self.senders if sender.country == "US"]
        if not problems:
            return "no origination identity for US numbers"
        return "" if "" in problems else f"the origination identity for US numbers {problems[0]}"


def ask(call: Callable[[], _T], service: str = "sns") -> _T | Unknown:
    """Return an answer of AWS, or why there is none; never what AWS says: it may hold an address.

    service: as IAM calls it, such as "sms-voice".
    """
    try:
        return call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _REFUSED:
            return Unknown(f"not allowed: {service}:{error.operation_name}", is_refusal=True)
        is_code = re.fullmatch(r"[A-Za-z][\w.:]{0,80}", code)
        return Unknown(f"AWS answered {code if is_code else 'an error'}")
    except BotoCoreError as error:
        known = CREDENTIALS.get(type(error).__name__)
        why = f"AWS credentials: {known}" if known else reason(error, "AWS")
        return Unknown(why, is_silence=True)
    except Exception as error:  # an answer that is none makes the SDK raise anything
        return Unknown(reason(error, "AWS"))


def ask_for_topic(arn: str) -> bool:
    """Tell whether a topic exists. Raises the SDK's errors when SNS can't be asked."""
    sns = client("sns", arn.split(":")[3], 2)
    try:
        return bool(sns.get_topic_attributes(TopicArn=arn)["Attributes"])
    except sns.exceptions.NotFoundException:
        return False


def ask_about_texts(region: str | None) -> TextAccount:
    """Ask what this account may send in a region, with read permissions alone.

    Raises ConfigError where no client can be made.
    """
    sns, cloudwatch = client("sns", region, ATTEMPTS), client("cloudwatch", region, ATTEMPTS)
    in_sandbox = ask(lambda: bool(sns.get_sms_sandbox_account_status()["IsInSandbox"]))
    if isinstance(in_sandbox, Unknown) and in_sandbox.is_silence:
        return TextAccount(*[in_sandbox] * 5)
    return TextAccount(
        in_sandbox,
        ask(lambda: _verified(sns)) if in_sandbox is True else frozenset(),
        ask(lambda: _limit(sns)),
        ask(lambda: _spent(cloudwatch), "cloudwatch"),
        _senders(sns, region),
    )


def _verified(sns: Any) -> frozenset[str]:
    numbers = _all(sns, "list_sms_sandbox_phone_numbers", "PhoneNumbers")
    return frozenset(n["PhoneNumber"] for n in numbers if n["Status"] == "Verified")


def _limit(sns: Any) -> float:
    attributes = sns.get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"]
    limit = float(attributes.get("MonthlySpendLimit", FIRST_LIMIT))
    if not math.isfinite(limit):
        raise ValueError("no amount of money")
    return limit


def _spent(cloudwatch: Any) -> float:
    """Return what the month's texts have cost; without a text, SNS reports nothing."""
    now = datetime.now(timezone.utc)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SNS",
        MetricName="SMSMonthToDateSpentUSD",
        StartTime=now.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        EndTime=now + timedelta(minutes=5),
        Period=60 * 60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return float(max(points, key=lambda p: p["Timestamp"])["Maximum"]) if points else 0.0


def _senders(sns: Any, region: str | None) -> tuple[Sender, ...] | Unknown:
    """Return the identities that SNS lists, and those of End User Messaging where none is ready.

    The second service holds the numbers of newer accounts. SNS may use one if its resource policy
    says so: https://docs.aws.amazon.com/sns/latest/dg/sns-sms-access-management.html
    """
    listed = ask(lambda: tuple(_listed_by_sns(sns)))
    if not isinstance(listed, Unknown) and _is_ready(listed):
        return listed
    voice = client("pinpoint-sms-voice-v2", region, ATTEMPTS)
    others = ask(lambda: tuple(_held_elsewhere(voice)), "sms-voice")
    if isinstance(others, Unknown) or _is_ready(others):
        return others
    return listed if isinstance(listed, Unknown) else (*listed, *others)


def _is_ready(senders: Iterable[Sender]) -> bool:
    """Tell whether texts to the US, where an identity is needed, have one."""
    return Sender("US") in senders


def _listed_by_sns(sns: Any) -> Iterable[Sender]:
    for number in _all(sns, "list_origination_numbers", "PhoneNumbers"):
        if "SMS" in number["NumberCapabilities"]:
            is_active = number["Status"].upper() == "ACTIVE"
            yield Sender(number["Iso2CountryCode"], "" if is_active else "is not active yet")


def _held_elsewhere(voice: Any) -> Iterable[Sender]:
    for number in _all(voice, "describe_phone_numbers", "PhoneNumbers"):
        if "SMS" not in number["NumberCapabilities"] or number["NumberType"] == "SIMULATOR":
            continue
        problem = "" if number["Status"] == "ACTIVE" else "is not active yet"
        if not problem and not _lets_sns_in(voice, number):
            problem = "does not let SNS use it"
        yield Sender(number["IsoCountryCode"], problem)


def _lets_sns_in(voice: Any, number: dict[str, Any]) -> bool:
    """Tell whether the policy of a number, or of the pool that it is in, lets SNS send from it.

    Raises BacklogError for a policy with conditions, which only AWS can evaluate.
    """
    arns = [number["PhoneNumberArn"]]
    if pool := number.get("PoolId"):
        arns.append(f"{arns[0].rpartition(':')[0]}:pool/{pool}")
    effects = set()
    for arn in arns:
        try:
            policy = json.loads(voice.get_resource_policy(ResourceArn=arn)["Policy"])
        except voice.exceptions.ResourceNotFoundException:
            continue
        own_account = {"StringEquals": {"aws:SourceAccount": arn.split(":")[4]}}
        for statement in filter(_speaks_of_sns, _several(policy["Statement"])):
            if statement.get("Condition", own_account) != own_account:
                raise BacklogError("the number's resource policy has conditions; look at it")
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def _speaks_of_sns(statement: dict[str, Any]) -> bool:
    """Tell whether a statement of a resource policy is about SNS that sends a text."""
    principal = statement["Principal"]
    whom = (
        principal if isinstance(principal, str) else principal.get("Service", principal.get("AWS"))
    )
    is_sns = bool({"sns.amazonaws.com", "*"} & {*map(str, _several(whom))})
    actions = map(str, _several(statement.get("Action", [])))
    return is_sns and any(fnmatchcase("sms-voice:SendTextMessage", a) for a in actions)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _all(service: Any, operation: str, name: str) -> list[Any]:
    """Return the items of all pages of a list."""
    return [item for page in service.get_paginator(operation).paginate() for item in page[name]]

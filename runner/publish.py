"""Sends what is due. The only module that talks to SNS."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from botocore import exceptions
from botocore.config import Config

from runner.errors import ConfigError
from runner.messages import publish_arguments
from runner.rules import Decision

AT_ONCE = 8
ATTEMPTS = 3
BACKOFF_SECONDS = 0.5
# The SDK would also repeat a publish whose answer was lost, and send it twice: one attempt
# there, and the attempts below are for refusals that say nothing was sent.
CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=AT_ONCE,
)
_NO_CONNECTION = (
    exceptions.ConnectTimeoutError,
    exceptions.EndpointConnectionError,
    exceptions.ProxyConnectionError,
)
_NOT_ALLOWED = "not allowed to publish; attach the policies in the output runner_policy_arns"
_REASONS = {
    "AccessDenied": _NOT_ALLOWED,
    "AuthorizationError": _NOT_ALLOWED,
    "ExpiredToken": "the AWS credentials have expired",
    "InvalidClientTokenId": "the AWS credentials are not valid",
    "KMSAccessDenied": "not allowed to use the topic's encryption key",
    "NotFound": "there is no such topic; run `make apply`",
    "NoCredentialsError": "there are no AWS credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID",
}


@dataclass(frozen=True)
class Delivery:
    """What became of one decision. message_id: SNS's, None unless the status is sent."""

    decision: Decision
    status: Literal["sent", "would_send", "below", "unknown", "failed"]
    reason: str = ""
    message_id: str | None = None


def deliver(decisions: Sequence[Decision], month: str, *, dry_run: bool = False) -> list[Delivery]:
    """Publish every decision that is due, several at a time, and account for all of them.

    month: YYYY-MM of the report. One failure holds back none of the others. Raises ConfigError,
    before anything is sent, when AWS's own settings can't be used.
    """
    send = (lambda d: Delivery(d, "would_send")) if dry_run else _sender(decisions, month)

    def account_for(decision: Decision, send: Callable[[Decision], Delivery] = send) -> Delivery:
        if decision.verdict == "due":
            return send(decision)
        return Delivery(decision, decision.verdict, decision.reason)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(account_for, decision) for decision in decisions]
        try:
            wait(futures)
        except KeyboardInterrupt:  # what is on its way is waited for, nothing more begins
            pool.shutdown(cancel_futures=True)
    return [
        account_for(decision, _interrupted) if future.cancelled() else future.result()
        for decision, future in zip(decisions, futures, strict=True)
    ]


def _interrupted(decision: Decision) -> Delivery:
    return Delivery(decision, "failed", "not sent: the check was interrupted")


def _sender(decisions: Sequence[Decision], month: str) -> Callable[[Decision], Delivery]:
    """Return a function that sends one decision, with one SNS client per region."""
    regions = {decision.alert.region for decision in decisions if decision.verdict == "due"}
    try:
        clients = {r: boto3.client("sns", region_name=r, config=CONFIG) for r in regions}
    except (exceptions.BotoCoreError, ValueError) as error:  # such as a profile that doesn't exist
        raise ConfigError(
            f"AWS settings can't be used ({type(error).__name__});"
            " see AWS_PROFILE and AWS_ENDPOINT_URL"
        ) from None

    def send(decision: Decision) -> Delivery:
        try:
            client = clients[decision.alert.region]
            message_id = _publish(client, publish_arguments(decision, month))
        except Exception as error:  # a mangled answer makes the SDK raise anything
            return Delivery(decision, "failed", _reason(error))
        return Delivery(decision, "sent", message_id=message_id)

    return send


def _publish(client: Any, arguments: dict[str, Any]) -> str:
    """Publish once; try again only after an answer, or a connection, that never took it in."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return str(client.publish(**arguments)["MessageId"])
        except Exception as error:
            if attempt == ATTEMPTS or not _was_refused(error):
                raise
            time.sleep(BACKOFF_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311
    raise AssertionError("unreachable")


def _was_refused(error: Exception) -> bool:
    """Say whether the publish surely reached nobody and another attempt may help."""
    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or "Throttl" in _code(error)
    return isinstance(error, _NO_CONNECTION)


def _code(error: exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _reason(error: Exception) -> str:
    """Say why in our own words: AWS's name the caller, and a session's name can be an email."""
    if isinstance(error, exceptions.ClientError):
        code = _code(error)
        attempts = f", {ATTEMPTS} times" if _was_refused(error) else ""
        return _REASONS.get(code, f"SNS answered {code or 'an error'}{attempts}")
    name = type(error).__name__
    if _was_refused(error):
        return f"SNS could not be reached, {ATTEMPTS} times ({name})"
    return _REASONS.get(name, f"no whole answer from SNS; it may have gone out ({name})")

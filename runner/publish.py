"""Sends one message. The only module that talks to SNS."""

import random
import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore import exceptions

from runner.aws import client, limits
from runner.errors import NotSentError

ATTEMPTS = 3
BACKOFF_SECONDS = 0.5
# The SDK would also repeat a publish whose answer was lost, and send it twice: one attempt
# there, and the attempts below are for refusals that say nothing was sent.
CONFIG = limits(attempts=1)
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


# Sends the arguments of one Publish and returns SNS's message id; raises NotSentError.
Publish = Callable[[dict[str, Any]], str]


def publisher(topic_arns: Iterable[str]) -> Publish:
    """Return a function that publishes to these topics, with one client per region.

    Raises ConfigError when AWS's own settings can't be used.
    """
    regions = {arn.split(":")[3] for arn in topic_arns}
    clients = {region: client("sns", region, CONFIG) for region in regions}

    def publish(arguments: dict[str, Any]) -> str:
        try:
            return _publish(clients[arguments["TopicArn"].split(":")[3]], arguments)
        except Exception as error:  # a mangled answer makes the SDK raise anything
            raise NotSentError(_reason(error)) from None

    return publish


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

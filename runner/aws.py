"""AWS clients with pinned limits, one publish, and why a call failed."""

from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from runner.errors import BacklogError, ConfigError, PublishError, UnreachableError

AT_ONCE = 16
# The most that a call takes: two attempts of 13 seconds each, and a second between them.
CALL_SECONDS = 27.0
_REASONS = {
    "AuthorizationError": "not allowed; attach the policies in the output runner_policy_arns",
    "NoSuchKey": "there is no such object",
    "NotFound": "there is no such topic; run `make apply`",
    "NoCredentialsError": "there are no AWS credentials; set AWS_PROFILE or AWS_ACCESS_KEY_ID",
}


def client(service: str, region: str | None = None, attempts: int = 2) -> Any:
    """Return a client; the SDK's own limits are 60 seconds. Raises ConfigError.

    attempts: the first one counts, too. They are few: a publish repeated may be a second copy.
    """
    retries = {"mode": "standard", "total_max_attempts": attempts}
    limits = {"connect_timeout": 3, "read_timeout": 10, "max_pool_connections": AT_ONCE}
    try:
        return boto3.client(service, region_name=region, config=Config(retries=retries, **limits))
    except (exceptions.BotoCoreError, ValueError) as error:  # a profile that doesn't exist, say
        problem = f"AWS settings can't be used ({type(error).__name__})"
        raise ConfigError(f"{problem}; see AWS_PROFILE and AWS_ENDPOINT_URL") from None


def publish(sns: Any, arguments: dict[str, Any]) -> str:
    """Send the arguments of one Publish; return SNS's message id. Raises PublishError."""
    try:
        return str(sns.publish(**arguments)["MessageId"])
    except Exception as error:  # a mangled answer makes the SDK raise anything
        is_there = not isinstance(error, exceptions.ConnectionError)
        raise (PublishError if is_there else UnreachableError)(reason(error, "SNS")) from None


def reason(error: Exception, source: str) -> str:
    """Say why `source` gave no answer, without libraries' texts: those name people and secrets."""
    if isinstance(error, BacklogError):
        return str(error)
    if isinstance(error, exceptions.ClientError):
        code = str(error.response.get("Error", {}).get("Code", "an error"))
        return _REASONS.get(code, f"{source} answered {code}")
    cause = getattr(error, "reason", None) or error  # urllib3's own is MaxRetryError for all
    name, strerror = type(cause).__name__, getattr(cause, "strerror", None)
    return _REASONS.get(name, strerror or f"no whole answer from {source} ({name})")

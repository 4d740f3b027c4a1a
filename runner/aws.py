"""AWS clients with pinned limits; the SDK's own are 60 seconds each."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from runner.errors import ConfigError

AT_ONCE = 16


def limits(attempts: int) -> Config:
    """Return the settings of a client: attempts count the first try, too."""
    return Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=AT_ONCE,
    )


def client(service: str, region: str, config: Config) -> Any:
    """Return a client; raises ConfigError when AWS's own settings can't be used."""
    try:
        return boto3.client(service, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:  # such as a profile that doesn't exist
        raise ConfigError(
            f"AWS settings can't be used ({type(error).__name__});"
            " see AWS_PROFILE and AWS_ENDPOINT_URL"
        ) from None

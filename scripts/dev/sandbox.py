"""A sandbox: an AWS in memory, throw-away copies of terraform/, and who received what there."""

import json
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from moto.backends import get_backend
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer
from moto.sns.responses import SNSResponse

from scripts.terraform import ROOT

# The AWS inside: moto's default account, and any region.
ACCOUNT, REGION = "123456789012", "us-east-1"
# Its account is ready for texts: out of the sandbox, with a number to send from. moto has neither.
_SENDER = {
    "Iso2CountryCode": "US",
    "NumberCapabilities": ["SMS"],
    "PhoneNumber": "+18885550100",
    "RouteType": "Transactional",
    "Status": "ACTIVE",
}
_TEXTS = {
    "get_sms_sandbox_account_status": {"IsInSandbox": False},
    "list_origination_numbers": {"PhoneNumbers": [_SENDER]},
}


class StepError(Exception):
    """A step failed; the message holds the step's own output."""


@dataclass(frozen=True)
class Received:
    """One message that reached one person."""

    person: str
    channel: str
    topic: str
    text: str


@contextmanager
def local_aws() -> Iterator[Mapping[str, str]]:
    """Serve AWS from memory on a free loopback port; yield the environment that leads there.

    The user's own AWS and Terraform settings are left out of it. It speaks plain HTTP, and takes
    no account of conditions: a bucket that refuses plain HTTP would refuse everybody.
    """
    logging.getLogger("werkzeug").disabled = True
    users = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    kept = ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
    env = {k: v for k, v in os.environ.items() if k in kept or not k.startswith(("AWS_", "TF_"))}
    host, port = server.get_host_and_port()
    env |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "CHECKPOINT_DISABLE": "1",
    }
    texts: dict[str, Any] = {n: lambda _, a=a: ActionResult(a) for n, a in _TEXTS.items()}
    try:
        with (
            patch.object(FakeBucket, "get_permission", return_value=PermissionResult.NEUTRAL),
            patch.multiple(SNSResponse, create=True, **texts),
        ):
            yield env
    finally:
        server.stop()
        os.environ.update(users)


def copy_terraform(folder: Path) -> Path:
    """Copy the configuration into `folder`, without state, plans, backend or set-up."""
    leave_out = shutil.ignore_patterns(
        ".terraform",
        "*.tfstate*",
        "*.tfplan",
        "backend*",
        "*.auto.tfvars",
        "terraform.tfvars",
        "tests",
    )
    return Path(shutil.copytree(ROOT / "terraform", folder / "terraform", ignore=leave_out))


def use_example(workspace: Path, name: str) -> None:
    """Put an example of terraform/examples in place, as the README says."""
    example = workspace / "examples" / name
    shutil.copy(example / "departments.tfvars", workspace / "departments.auto.tfvars")
    shutil.copy(example / "contacts.csv", workspace / "contacts.csv")


def hasten(workspace: Path, folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Terraform is quick in an initialised workspace.

    It takes the provider as it is: Terraform would hash its 700 MB at every command, and once, at
    init, is enough for a throw-away copy. The settings for that are written to `folder`. And it
    collects less memory, on which Go spends a quarter of a small plan's time.
    """
    (provider,) = (workspace / ".terraform" / "providers").glob("*/hashicorp/aws/*/*")
    settings = folder / "terraformrc"
    settings.write_text(
        f'provider_installation {{\n  dev_overrides {{ "hashicorp/aws" = "{provider}" }}\n'
        "  direct {}\n}\n"
    )
    return {**env, "TF_CLI_CONFIG_FILE": str(settings), "GOGC": "400"}


def run(
    command: Sequence[str], folder: Path, env: Mapping[str, str], stdin: str | None = None
) -> str:
    """Run a step and return its standard output; raises StepError with all it said.

    It runs in a session of its own, so that what it started ends with it: a Terraform that is
    killed leaves its provider behind.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(stdin)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise StepError(f"{' '.join(command)}\n{output}{errors}")
    return output


def people(state: Mapping[str, Any]) -> dict[str, str]:
    """Map subscription ARN to "<protocol>/<person>", as Terraform's state has it."""
    return {
        instance["attributes"]["arn"]: instance["index_key"]
        for resource in state["resources"]
        if resource["type"] == "aws_sns_topic_subscription"
        for instance in resource["instances"]
    }


def deliveries(people: Mapping[str, str]) -> list[Received]:
    """Read from moto's memory what each subscription was sent."""
    backend = get_backend("sns")[ACCOUNT][REGION]
    received = []
    for subscription in backend.subscriptions.values():
        protocol, _, person = people[subscription.arn].partition("/")
        for _, message, subject, *_ in subscription.topic.sent_notifications:
            text = json.loads(message)[protocol]
            shown = f"{subject} / {text}" if protocol == "email" else text
            received.append(Received(person, protocol, subscription.topic.name, shown))
    return sorted(received, key=lambda r: (r.topic, r.person, r.channel))

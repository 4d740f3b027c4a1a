"""AWS in memory and ready workspaces for the tests that run real Terraform."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from moto.backends import get_backend

from scripts.dev.sandbox import copy_terraform, local_aws
from tests.e2e.workspace import Workspace, set_up_once


@pytest.fixture(scope="session")
def aws() -> Iterator[Mapping[str, str]]:
    """The environment that leads to an AWS in this process, for the whole session.

    Without the ledger, for whose bucket the provider waits a minute; a test that is about it sets
    `ledger = true` in a *.auto.tfvars file, which goes before this.
    """
    with local_aws() as env:
        yield {**env, "TF_VAR_ledger": "false"}


@pytest.fixture(scope="session")
def terraform_env(
    aws: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    return set_up_once(tmp_path_factory.mktemp("terraform-set-up"), aws)


@pytest.fixture(scope="module")
def new_workspace(
    terraform_env: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Workspace]:
    """Make copies of terraform/, on an AWS that is emptied before each test module."""
    for name in ("cloudwatch", "iam", "lambda", "logs", "s3", "scheduler", "sns", "sqs"):
        get_backend(name).reset()

    def new() -> Workspace:
        return Workspace(copy_terraform(tmp_path_factory.mktemp("workspace")), terraform_env)

    return new


@pytest.fixture
def in_aws(aws: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 in this process talk to the AWS in memory."""
    for name, value in aws.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)

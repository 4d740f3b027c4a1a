"""What is shown of Terraform's errors: what to do, and no address. Its words are real ones."""

import json
from typing import Any

import pytest

from scripts.diagnostics import NO_CREDENTIALS, explain, explained, explained_text, known
from scripts.texts import CREDENTIALS

LOCK = (
    "Error message: operation error S3: PutObject, https response error StatusCode: 412, RequestID:"
    " YN, HostID: 9G, api error PreconditionFailed: At least one did not hold\nLock Info:\n"
    "  ID:        6f07d3bd-ffcf-3a00-2bc3-e5fccb39c9ac\n  Path:      terraform.tfstate\n"
    "  Operation: OperationTypeApply\n  Who:       omar@city-laptop\n  Version:   1.11.4\n"
    "  Created:   2026-11-24 12:26:17.531435315 +0000 UTC\n  Info:      \n"
)
NO_BUCKET = (
    'S3 bucket "city-state" does not exist.\n\nThe referenced S3 bucket must have been previously'
    " created.\n\nError: operation error S3: ListObjectsV2, https response error StatusCode: 404,"
    " RequestID: 1, HostID: 2, NoSuchBucket: \n"
)
MOVE = (
    "Terraform is to keep its state in another place than before. To move it there, run"
    " `.venv/bin/python -m scripts.terraform init -migrate-state`. To begin there with what is"
    " there, run the same with -reconfigure"
)
SUBSCRIBE = (
    "creating SNS Topic Subscription: operation error SNS: Subscribe, https response error"
    " StatusCode: 403, RequestID: 7, AuthorizationError: canary@example.com may not"
)
WITH = 'module.alert_topic["water_critical"].aws_sns_topic_subscription.this["email/Bo"]'


@pytest.mark.parametrize(
    ("summary", "detail", "more", "expected"),
    [
        (
            "Saved plan is stale",
            "The given plan file can no longer be applied",
            {},
            "something changed since this plan was made; run `make plan` again",
        ),
        (
            "Error acquiring the state lock",
            LOCK,
            {},
            "omar on city-laptop has been working with the state since 2026-11-24 12:26 UTC: wait"
            " until that has ended. If nobody is at it any more, run `.venv/bin/python -m"
            " scripts.terraform force-unlock 6f07d3bd-ffcf-3a00-2bc3-e5fccb39c9ac`",
        ),
        (
            "No valid credential sources found",
            "Please see https://registry.terraform.io/providers/hashicorp/aws",
            {},
            "Credentials: there are none; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY",
        ),
        (
            "Retrieving AWS account details",
            "operation error STS: GetCallerIdentity, https response error StatusCode: 403,"
            " RequestID: 1, api error ExpiredToken: The security token is expired",
            {},
            "Credentials: AWS does not take them; log in again, and check this machine's clock",
        ),
        ("invalid AWS Region: ", "", {}, "Region: there is none; set AWS_REGION"),
        (
            "invalid AWS Region: us-esat-1",
            "",
            {},
            "Region: that is no region; set AWS_REGION, such as us-east-1",
        ),
        (
            "Retrieving AWS account details",
            "operation error STS: GetCallerIdentity, exceeded maximum number of attempts, 3, https"
            " response error StatusCode: 0, RequestID: , request send failed",
            {},
            "AWS can't be reached; look at the network, AWS_REGION and AWS_ENDPOINT_URL",
        ),
        (
            f"error loading state: {NO_BUCKET}",
            "",
            {},
            'the bucket of the state, "city-state", does not exist; create it, or correct'
            " terraform/backend.tf",
        ),
        (
            'Backend initialization required: please run "terraform init"',
            "Reason: Backend configuration block has changed",
            {},
            MOVE,
        ),
        (
            "Can't ask approval for state migration when interactive input is disabled.",
            "",
            {},
            MOVE,
        ),
        (
            "Module output value precondition failed",
            "Nothing was planned. Fix these first:\n\n  contacts.csv row 2 (Ana): Phone must be in"
            " international form, +15551234567",
            {},
            "Nothing was planned. Fix these first:\n\n  contacts.csv row 2 (Ana): Phone must be in"
            " international form, +15551234567",
        ),
        (
            "Invalid value for variable",
            "remind must be month, never, or a number of days from 1 to 9999.\n\nThis was checked"
            " by the validation rule at variables.tf:159,3-13.",
            {},
            "remind must be month, never, or a number of days from 1 to 9999.",
        ),
        (
            "Invalid value for input variable",
            "The given value is not suitable for var.ledger declared at variables.tf:73,1-18: a"
            " bool is required.",
            {"range": {"filename": "x.auto.tfvars", "start": {"line": 1}}},
            "ledger: a bool is required. (terraform/x.auto.tfvars line 1)",
        ),
        (
            SUBSCRIBE,
            "",
            {"address": WITH},
            f"creating SNS Topic Subscription: SNS Subscribe: AWS answered AuthorizationError,"
            f" status 403 ({WITH})",
        ),
        (
            "Something else",
            "first line\nof canary@example.com\nof +1 (555) 555-0101\nlast line",
            {"address": 'x["canary@example.com"]'},
            "Something else: first line last line",
        ),
        ("canary@example.com", "", {}, "what Terraform says of it may hold an address"),
    ],
)
def test_an_error_is_said_with_what_to_do(
    summary: str, detail: str, more: dict[str, Any], expected: str
) -> None:
    assert explain({"summary": summary, "detail": detail, **more}) == expected


def test_missing_credentials_are_said_in_the_doctors_words() -> None:
    assert CREDENTIALS["NoCredentialsError"] == NO_CREDENTIALS


def test_errors_and_warnings_are_told_apart_and_said_once() -> None:
    error = {"severity": "error", "summary": "a"}
    warning = {"severity": "warning", "summary": "b"}
    check = {"severity": "warning", "summary": "Check block assertion failed", "detail": "c"}
    found = [error, warning, error, check]
    output = "no JSON\n" + "\n".join(json.dumps({"diagnostic": d}) for d in found) + "\n[]\n"

    assert explained(output) == ["a"]
    assert explained(output, "warning") == ["b"]


def test_of_plain_text_the_last_lines_are_shown() -> None:
    text = "one\n╷\n│ Error: Too many command line arguments\n│ \n│ x@example.com\n│ To\n╵\n"

    assert explained_text(text) == ["one Error: Too many command line arguments To"]
    assert explained_text("") == ["Terraform failed without a word"]


def test_what_is_not_known_is_left_to_terraforms_words() -> None:
    assert known("Failed to query available provider packages") == ""
    assert known(f"Error: Failed to get existing\nworkspaces: {NO_BUCKET}").startswith("the bucket")

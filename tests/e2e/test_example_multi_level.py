"""The older system with levels, out of configuration alone: examples/multi-level."""

import json
from collections.abc import Callable

import boto3
import pytest

from runner.config import parse_outputs
from scripts.dev.sandbox import Heard, use_example
from tests.e2e.workspace import Workspace

pytestmark = pytest.mark.usefixtures("in_aws")


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    workspace = new_workspace()
    use_example(workspace.folder, "multi-level")
    workspace.apply()
    return workspace


@pytest.mark.parametrize(
    ("count", "due"),
    [
        (100, set()),
        (101, {"water_critical"}),
        (300, {"water_critical"}),
        (301, {"water_critical", "water_extreme"}),
    ],
)
def test_levels_are_due_above_their_thresholds(city: Workspace, count: int, due: set[str]) -> None:
    counts = {"Water": count, "Pothole": 60, "Street Light Out": 40}

    assert {message.topic for message in city.heard(counts)} == due


def test_critical_is_emailed_and_extreme_is_texted(city: Workspace) -> None:
    counts = {"Water": 301, "Pothole": 61, "Street Light Out": 40}

    heard = city.heard(counts)

    water = "Help fix water violations NOW! / 301 water issues"
    streets = "Help fix street violations NOW! / 101 street issues"
    assert heard == [
        Heard("Fiona Miller", "email", "streets_critical", streets),
        Heard("Luis Ortega", "email", "streets_critical", streets),
        Heard("Fiona Miller", "email", "water_critical", water),
        Heard("Grace Kim", "email", "water_critical", water),
        Heard("Omar Haddad", "email", "water_critical", water),
        Heard("Fiona Miller", "sms", "water_extreme", "301 violations! RUN!"),
        Heard("Omar Haddad", "sms", "water_extreme", "301 violations! RUN!"),
    ]


def test_the_runner_takes_what_terraform_puts_out(city: Workspace) -> None:
    outputs = city.outputs()

    config = parse_outputs(outputs, "outputs")

    values = json.loads(outputs)["alerts"]["value"]
    assert [alert.topic for alert in config.alerts] == sorted(values)
    fields = {"department", "level", "services", "threshold", "protocols", "topic_arn"}
    assert all(set(value) == fields | {"subject", "message", "sms"} for value in values.values())


def test_topics_are_encrypted_and_refuse_plain_http(city: Workspace) -> None:
    arn = "arn:aws:sns:us-east-1:123456789012:water_critical"

    attributes = boto3.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]

    assert attributes["KmsMasterKeyId"] == "alias/aws/sns"
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

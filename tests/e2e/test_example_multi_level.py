"""The older system with levels, from configuration alone: examples/multi-level."""

import json
from collections.abc import Callable

import boto3
import pytest

from runner.config import parse_config
from scripts.dev.sandbox import Received, use_example
from tests.e2e.workspace import Workspace

pytestmark = pytest.mark.usefixtures("in_aws")


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    workspace = new_workspace()
    use_example(workspace.folder, "multi-level")
    workspace.apply()
    return workspace


@pytest.mark.parametrize(
    ("count", "over"),
    [
        (100, set()),
        (101, {"water_critical"}),
        (300, {"water_critical"}),
        (301, {"water_critical", "water_extreme"}),
    ],
)
def test_levels_are_sent_above_their_thresholds(
    city: Workspace, count: int, over: set[str]
) -> None:
    counts = {"Water": count, "Pothole": 60, "Street Light Out": 40}

    assert {message.topic for message in city.received(counts)} == over


def test_critical_is_emailed_and_extreme_is_texted(city: Workspace) -> None:
    counts = {"Water": 301, "Pothole": 61, "Street Light Out": 40}

    received = city.received(counts)

    water = "Help fix water violations NOW! / 301 water issues"
    streets = "Help fix street violations NOW! / 101 street issues"
    assert received == [
        Received("Fiona Miller", "email", "streets_critical", streets),
        Received("Luis Ortega", "email", "streets_critical", streets),
        Received("Fiona Miller", "email", "water_critical", water),
        Received("Grace Kim", "email", "water_critical", water),
        Received("Omar Haddad", "email", "water_critical", water),
        Received("Fiona Miller", "sms", "water_extreme", "301 violations! RUN!"),
        Received("Omar Haddad", "sms", "water_extreme", "301 violations! RUN!"),
    ]


def test_the_runner_reads_what_terraform_prints(city: Workspace) -> None:
    printed = city.run("output", "-json", "runner_config").stdout

    config = parse_config(printed, "runner_config")

    values = json.loads(printed)["alerts"]
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

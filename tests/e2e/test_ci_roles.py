"""The roles for GitHub Actions: created for real, and planned again."""

import json
from collections.abc import Callable

import boto3

from tests.e2e.workspace import Workspace


def test_the_roles_are_created_once_and_named(
    new_workspace: Callable[[], Workspace], in_aws: None
) -> None:
    city = new_workspace()
    city.write("contacts.csv", "Name,Email,Phone,Department\nAna,ana@example.com,,water\n")
    city.write(
        "city.auto.tfvars",
        'departments = { water = { services = ["Water"], alerts = {'
        ' critical = { threshold = 100, protocols = ["email"] } } } }\n'
        'github_actions = { repository = "example-city/alerts", state_bucket = "state" }\n',
    )
    city.apply()

    assert city.plan().changes == {}
    arns = json.loads(city.run("output", "-json", "ci_role_arns").stdout)
    assert arns == {
        job: f"arn:aws:iam::123456789012:role/backlog-alerts-ci-{job}"
        for job in ("apply", "check", "plan")
    }
    attached = boto3.client("iam").list_attached_role_policies(RoleName="backlog-alerts-ci-check")
    assert sorted(policy["PolicyName"] for policy in attached["AttachedPolicies"]) == [
        "backlog-alerts-runner-1",
        "backlog-alerts-runner-shared",
    ]

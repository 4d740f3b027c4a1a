"""Which runs of GitHub Actions may take which role, by the policies that Terraform plans."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.e2e.workspace import Workspace

DEPARTMENTS = """
departments = { water = { services = ["Water"], alerts = {
  critical = { threshold = 100, protocols = ["email"] } } } }
"""
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
NAMES = f"""
  repository = "example-city/alerts", state_bucket = "state", oidc_provider_arn = "{PROVIDER}"
"""
IDS = 'owner_id = "1001", repository_id = "2002"'
ISSUER = "token.actions.githubusercontent.com"

# What each job's run is called. A pull request from a fork is called as any other.
BRANCH, PRODUCTION = "ref:refs/heads/main", "environment:production"
PULL_REQUEST = "pull_request"
JOBS = {BRANCH: {"check", "plan"}, PRODUCTION: {"apply"}, PULL_REQUEST: {"plan"}}


@dataclass(frozen=True)
class Token:
    """What GitHub says of a run: https://docs.github.com/en/actions/reference/security/oidc."""

    owner: str = "example-city"
    name: str = "alerts"
    owner_id: str = "1001"
    repository_id: str = "2002"
    audience: str = "sts.amazonaws.com"
    is_named_with_ids: bool = True

    def claims(self, run: str) -> dict[str, str]:
        ids = (
            (f"@{self.owner_id}", f"@{self.repository_id}") if self.is_named_with_ids else ("",) * 2
        )
        return {
            "aud": self.audience,
            "sub": f"repo:{self.owner}{ids[0]}/{self.name}{ids[1]}:{run}",
            "repository": f"{self.owner}/{self.name}",
            "repository_id": self.repository_id,
            "repository_owner_id": self.owner_id,
        }


# Made or renamed since July 15, 2026, and before.
NEW, OLD = Token(), Token(is_named_with_ids=False)
# The name was given up, and somebody else has registered it.
RECYCLED = Token(owner_id="6666", repository_id="7777")
RECYCLED_OLD = replace(RECYCLED, is_named_with_ids=False)

Policies = Mapping[str, Mapping[str, Any]]


def listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def admits(policy: Mapping[str, Any], claims: Mapping[str, str]) -> bool:
    """Evaluate a trust policy as STS does; what this does not know makes it fail."""
    for statement in policy["Statement"]:
        assert statement.keys() == {"Action", "Condition", "Effect", "Principal"}
        assert statement["Effect"] == "Allow"
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Principal"] == {"Federated": PROVIDER}
        assert statement["Condition"].keys() == {"StringEquals"}
        wanted = {
            key.removeprefix(f"{ISSUER}:"): listed(values)
            for key, values in statement["Condition"]["StringEquals"].items()
        }
        assert {"aud", "sub"} <= wanted.keys() <= {"aud", "sub", "repository_id"}
        if all(claims.get(claim) in values for claim, values in wanted.items()):
            return True
    return False


def roles(policies: Policies, claims: Mapping[str, str]) -> set[str]:
    return {job for job, policy in policies.items() if admits(policy, claims)}


def planned(city: Workspace, settings: str) -> Policies:
    city.write("contacts.csv", "Name,Email,Phone,Department\nAna,ana@example.com,,water\n")
    city.write("city.auto.tfvars", f"{DEPARTMENTS}\ngithub_actions = {{ {settings} }}\n")
    city.plan("-out=planned")
    plan = json.loads(city.run("show", "-json", "planned").stdout)
    return {
        change["index"]: json.loads(change["change"]["after"]["assume_role_policy"])
        for change in plan["resource_changes"]
        if change["type"] == "aws_iam_role"
    }


@pytest.fixture(scope="module")
def with_ids(new_workspace: Callable[[], Workspace]) -> Policies:
    return planned(new_workspace(), f"{NAMES.strip()}, {IDS}")


@pytest.fixture(scope="module")
def without_ids(new_workspace: Callable[[], Workspace]) -> Policies:
    return planned(new_workspace(), NAMES.strip())


@pytest.mark.parametrize("token", [NEW, OLD], ids=["made since July 2026", "made before"])
@pytest.mark.parametrize("run", JOBS)
def test_with_ids_each_run_of_the_repository_takes_its_roles(
    with_ids: Policies, token: Token, run: str
) -> None:
    assert roles(with_ids, token.claims(run)) == JOBS[run]


REJECTED = {
    "the same names, registered again": RECYCLED,
    "the same names, registered again, named without ids": RECYCLED_OLD,
    "the same names, deleted and made again by the same owner": replace(NEW, repository_id="7777"),
    "the same, named without ids": replace(OLD, repository_id="7777"),
    "the owner's name registered again, with a repository of that id": replace(
        NEW, owner_id="6666"
    ),
    "a fork": replace(NEW, owner="somebody", owner_id="6666", repository_id="7777"),
    "a fork of before July 2026": Token(
        "somebody", "alerts", "6666", "7777", is_named_with_ids=False
    ),
    "another repository of the owner": replace(NEW, name="other", repository_id="7777"),
    "renamed, and not set again": replace(NEW, name="backlog"),
    "its owner renamed, and not set again": replace(NEW, owner="springfield"),
    "a name that only begins so": replace(OLD, name="alerts-2"),
    "a name with ids in it": replace(OLD, owner="example-city@1001", repository_id="7777"),
    "another audience": replace(NEW, audience="https://github.com/example-city"),
    "another audience, named without ids": replace(OLD, audience="https://github.com/example-city"),
}


@pytest.mark.parametrize("token", REJECTED.values(), ids=REJECTED)
@pytest.mark.parametrize("run", JOBS)
def test_with_ids_no_other_repository_takes_a_role(
    with_ids: Policies, token: Token, run: str
) -> None:
    assert roles(with_ids, token.claims(run)) == set()


@pytest.mark.parametrize(
    "run",
    [
        "ref:refs/heads/other",
        "ref:refs/heads/main-2",
        "ref:refs/heads/feature/main",
        "ref:refs/tags/main",
        "environment:staging",
        "environment:Production",
        "environment:production%3Aref",
        "pull_request_target",
        "ref:refs/pull/1/merge",
        "*",
    ],
)
@pytest.mark.parametrize("token", [NEW, OLD], ids=["made since July 2026", "made before"])
def test_no_other_run_of_the_repository_takes_a_role(
    with_ids: Policies, without_ids: Policies, token: Token, run: str
) -> None:
    assert roles(with_ids, token.claims(run)) == set()
    assert roles(without_ids, token.claims(run)) == set()


@pytest.mark.parametrize("run", JOBS)
def test_where_aws_does_not_read_the_claim_a_name_alone_is_rejected(
    with_ids: Policies, run: str
) -> None:
    """Outside its commercial regions, such as in GovCloud."""
    new, old = NEW.claims(run), OLD.claims(run)
    for claims in (new, old):
        del claims["repository_id"]

    assert roles(with_ids, new) == JOBS[run]
    assert roles(with_ids, old) == set()


@pytest.mark.parametrize("run", JOBS)
def test_without_ids_a_repository_made_before_july_2026_takes_its_roles_and_a_new_one_none(
    without_ids: Policies, run: str
) -> None:
    """The last line is what the ids are for."""
    assert roles(without_ids, OLD.claims(run)) == JOBS[run]
    assert roles(without_ids, NEW.claims(run)) == set()
    assert roles(without_ids, RECYCLED.claims(run)) == set()
    assert roles(without_ids, RECYCLED_OLD.claims(run)) == JOBS[run]

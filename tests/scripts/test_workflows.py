"""What the workflows may do, read from their files; their steps are run in tests/e2e."""

import re
from typing import Any

import pytest
import yaml

from scripts.terraform import PINNED, ROOT

WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}
PINS = {
    "actions/checkout": "11bd71901bbe5b1630ceea73d27597364c9af683",
    "actions/setup-python": "a26af69be951a213d495a4c3e4e4022e16d87065",
    "hashicorp/setup-terraform": "b9cd54a3c349d3f38e8881555d616ced269862dd",
    "aws-actions/configure-aws-credentials": "b47578312673ae6fa5b5096b330d9fbac3d116df",
    "marocchino/sticky-pull-request-comment": "773744901bac0e8cbb5a0dc842800d45e9b2b405",
}
ROLES = {
    ("plan", "review"): "BACKLOG_PLAN_ROLE",
    ("apply", "review"): "BACKLOG_PLAN_ROLE",
    ("apply", "apply"): "BACKLOG_APPLY_ROLE",
    ("check-backlog", "check"): "BACKLOG_CHECK_ROLE",
}


def load(name: str) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads the key `on` as a truth
    return workflow


JOBS = [(name, job) for name in sorted(WORKFLOWS) for job in load(name)["jobs"]]


def job_of(name: str, job: str) -> dict[str, Any]:
    found: dict[str, Any] = load(name)["jobs"][job]
    return found


def uses(name: str, job: str) -> dict[str, dict[str, Any]]:
    """Return the actions of a job, by name, with what they are given."""
    steps = [step for step in job_of(name, job)["steps"] if "uses" in step]
    return {step["uses"].split("@")[0]: step.get("with", {}) for step in steps}


def test_there_are_three_workflows() -> None:
    assert set(JOBS) == set(ROLES)


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_actions_are_pinned_by_commit(name: str) -> None:
    used = re.findall(r"uses: (\S+)@(\S+) # v[0-9.]+$", WORKFLOWS[name].read_text(), re.MULTILINE)

    assert len(used) == WORKFLOWS[name].read_text().count("uses:")
    assert {(action, commit) for action, commit in used} <= set(PINS.items())


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_permissions_begin_at_none(name: str) -> None:
    assert load(name)["permissions"] == {}


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_has_the_least_permissions_and_its_own_role(name: str, job: str) -> None:
    expected = {"contents": "read", "id-token": "write"}
    if name == "plan":
        expected["pull-requests"] = "write"

    assert job_of(name, job)["permissions"] == expected
    role = uses(name, job)["aws-actions/configure-aws-credentials"]["role-to-assume"]
    assert role == f"${{{{ vars.{ROLES[name, job]} }}}}"


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_leaves_no_token_behind_and_takes_the_pinned_terraform(name: str, job: str) -> None:
    used = uses(name, job)

    assert used["actions/checkout"]["persist-credentials"] is False
    assert used["hashicorp/setup-terraform"] == {
        "terraform_version": PINNED,
        "terraform_wrapper": False,
    }
    assert job_of(name, job)["timeout-minutes"] <= 30


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_nothing_from_outside_is_put_into_a_script(name: str) -> None:
    """Only through the environment: a branch or a label may be named `$(...)`."""
    scripts = [s["run"] for job in load(name)["jobs"].values() for s in job["steps"] if "run" in s]

    assert scripts
    assert not any("${{" in script for script in scripts)


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_nothing_is_uploaded_and_no_secret_is_used(name: str) -> None:
    text = WORKFLOWS[name].read_text()

    assert "artifact" not in text
    assert "secrets." not in text
    assert "pull_request_target" not in text


def steps_before_credentials(name: str, job: str) -> list[dict[str, Any]]:
    steps = job_of(name, job)["steps"]
    (first,) = (i for i, s in enumerate(steps) if "configure-aws" in s.get("uses", ""))
    return list(steps[:first])


def test_a_forks_code_never_runs_with_credentials() -> None:
    """A job that is skipped counts as passed, so a fork is rejected by a step that fails."""
    (rejection,) = (s for s in steps_before_credentials("plan", "review") if "fork" in str(s))

    assert rejection["if"] == (
        "steps.touched.outputs.terraform &&"
        " github.event.pull_request.head.repo.full_name != github.repository"
    )
    assert rejection["run"].endswith("exit 1\n")
    assert "if" not in job_of("plan", "review")


def test_pull_requests_that_touch_terraform_are_reviewed_and_main_is_applied() -> None:
    """Without `paths`: a check that never starts would block every other pull request."""
    assert set(load("plan")["on"]["pull_request"]) == {"types"}
    later = [s for s in job_of("plan", "review")["steps"][3:] if "if" in s]
    assert len(later) == len(job_of("plan", "review")["steps"]) - 3
    assert all(s["if"].startswith("steps.touched.outputs.terraform") for s in later)
    assert load("apply")["on"]["push"] == {"branches": ["main"], "paths": ["terraform/**"]}


def test_the_apply_waits_for_approval_and_for_the_reviewed_digest() -> None:
    job = job_of("apply", "apply")

    assert (job["environment"], job["needs"]) == ("production", "review")
    plan, apply = (step for step in job["steps"] if "run" in step)
    assert plan["env"]["ACCEPTED"] == "${{ needs.review.outputs.digest }}"
    assert plan["run"].startswith('test -n "$ACCEPTED"\nmake plan ACCEPT="$ACCEPTED"')
    assert "make apply PLAN=.cache/plan/plan > .cache/plan/apply.txt 2>&1" in apply["run"]


def test_only_a_label_with_this_plans_digest_lets_a_risk_pass() -> None:
    gate = job_of("plan", "review")["steps"][-1]

    assert gate["if"] == (
        "steps.touched.outputs.terraform && steps.review.outputs.code != '0' &&"
        " (steps.review.outputs.code != '1' || !contains(github.event.pull_request.labels.*.name,"
        " format('accept-{0}', steps.review.outputs.digest)))"
    )
    assert gate["run"].endswith("exit 1\n")


def test_one_comment_is_updated_with_the_review() -> None:
    comment = uses("plan", "review")["marocchino/sticky-pull-request-comment"]

    assert comment == {"header": "backlog-alerts", "path": "review.md"}


def test_the_commit_before_the_pull_request_is_fetched() -> None:
    assert uses("plan", "review")["actions/checkout"]["fetch-depth"] == 2


def test_the_schedule_is_off_until_its_role_is_named() -> None:
    assert job_of("check-backlog", "check")["if"] == "vars.BACKLOG_CHECK_ROLE != ''"
    assert load("check-backlog")["on"]["schedule"] == [{"cron": "0 12 2 * *"}]

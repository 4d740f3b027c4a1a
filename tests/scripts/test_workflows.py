"""What the workflows may do, read from their files; their steps are run in tests/e2e."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.terraform import PINNED, ROOT

WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}
# The commits of releases for Node 24, as their repositories' tags name them.
PINS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "hashicorp/setup-terraform": "dfe3c3f87815947d99a8997f908cb6525fc44e9e # v4.0.1",
    "aws-actions/configure-aws-credentials": "e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
    "marocchino/sticky-pull-request-comment": "5770ad5eb8f42dd2c4f34da00c94c5381e49af88 # v3.0.5",
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
    used = re.findall(r"uses: (\S+)@(.+)$", WORKFLOWS[name].read_text(), re.MULTILINE)

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


def test_the_readme_has_each_of_githubs_variables() -> None:
    used = re.findall(r"\bvars\.(\w+)", "".join(w.read_text() for w in WORKFLOWS.values()))
    readme = (ROOT / "terraform" / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(BACKLOG_\w+)` \|", readme, re.MULTILINE)) == set(used)


def steps_before_credentials(name: str, job: str) -> list[dict[str, Any]]:
    steps = job_of(name, job)["steps"]
    (first,) = (i for i, s in enumerate(steps) if "configure-aws" in s.get("uses", ""))
    return list(steps[:first])


def test_a_forks_code_never_runs_with_credentials() -> None:
    """A job that is skipped counts as passed, so a fork is rejected by a step that fails."""
    (rejection,) = (s for s in steps_before_credentials("plan", "review") if "fork" in str(s))

    assert rejection["if"] == (
        "steps.touched.outputs.deployed &&"
        " github.event.pull_request.head.repo.full_name != github.repository"
    )
    assert rejection["run"].endswith("exit 1\n")
    assert "if" not in job_of("plan", "review")


def touched_paths() -> set[str]:
    """Return what plan.yml compares with the commit before, as paths of a push."""
    (step,) = (s for s in job_of("plan", "review")["steps"] if s.get("id") == "touched")
    paths = step["run"].split(" || ")[0].split(" -- ")[1].split()
    return {f"{path}/**" if (ROOT / path).is_dir() else path for path in paths}


def test_pull_requests_that_change_what_is_deployed_are_reviewed_and_main_is_applied() -> None:
    """Without `paths`: a check that never starts would block every other pull request."""
    assert set(load("plan")["on"]["pull_request"]) == {"types"}
    later = [s for s in job_of("plan", "review")["steps"][3:] if "if" in s]
    assert len(later) == len(job_of("plan", "review")["steps"]) - 3
    assert all(s["if"].startswith("steps.touched.outputs.deployed") for s in later)
    assert load("apply")["on"]["push"] == {
        "branches": ["main"],
        "paths": [
            *("Makefile", "requirements-runner.txt", "runner/**", "scripts/dev/package.py"),
            "terraform/**",
        ],
    }
    assert touched_paths() == set(load("apply")["on"]["push"]["paths"])


BUILD = """
import sys
from scripts.dev import package
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
sys.executable = sys.argv[1]
code = package.main(["--output", sys.argv[2]])
print(*opened, sep="\\n")
raise SystemExit(code)
"""


def test_what_the_functions_code_is_made_of_starts_a_review_and_an_apply(tmp_path: Path) -> None:
    """What the build opens, and the locks that it hands to uv."""
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\n')
    uv.chmod(0o755)
    command = [sys.executable, "-c", BUILD, str(tmp_path / "python"), str(tmp_path / "runner.zip")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    named = {*done.stdout.splitlines(), *(tmp_path / "arguments").read_text().splitlines()}
    read = {str(Path(name).relative_to(ROOT)) for name in named if name.startswith(f"{ROOT}/")}
    assert {"requirements-runner.txt", "runner/handler.py", "runner/ledger.py"} <= read
    builds = {"Makefile", "scripts/dev/package.py"}
    assert [name for name in read | builds if not starts_an_apply(name)] == []
    assert not any(map(starts_an_apply, ("README.md", "scripts/review/read.py", "tests/x.py")))


def starts_an_apply(name: str) -> bool:
    """Tell whether a push that changes this file starts apply.yml."""
    paths = load("apply")["on"]["push"]["paths"]
    return any(name == p or (p.endswith("**") and name.startswith(p[:-2])) for p in paths)


@pytest.mark.parametrize(
    ("event", "digest", "on_push", "is_applied"),
    [
        ("push", "", "", False),  # nobody was asked
        ("push", "", "yes", False),
        ("push", "", "true", True),  # the environment asks
        ("workflow_dispatch", "", "", False),  # a review alone
        ("workflow_dispatch", "", "true", False),
        ("workflow_dispatch", "0123456789abcdef", "", True),
        ("workflow_dispatch", "0123456789abcdef", "true", True),
    ],
)
def test_nothing_is_applied_that_nobody_approved(
    event: str, digest: str, on_push: str, is_applied: bool
) -> None:
    condition = job_of("apply", "apply")["if"].replace("&&", "and").replace("||", "or")
    values = {
        "inputs.digest": digest,
        "github.event_name": event,
        "vars.BACKLOG_APPLY_ON_PUSH": on_push,
    }
    for name, value in values.items():
        condition = condition.replace(name, repr(value))

    assert eval(condition) is is_applied


def test_the_apply_waits_for_its_environment_and_takes_the_accepted_plan_alone() -> None:
    """By hand it is the digest of a review that somebody has read, not of the one just made."""
    job = job_of("apply", "apply")

    assert (job["environment"], job["needs"]) == ("production", "review")
    (apply,) = (step for step in job["steps"] if "run" in step)
    assert apply["env"]["ACCEPTED"] == "${{ inputs.digest || needs.review.outputs.digest }}"
    assert apply["run"] == 'make apply ACCEPT="$ACCEPTED" REPORT="$BACKLOG_LAST_REPORT"'


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_nothing_is_applied_but_through_the_gate(name: str) -> None:
    """Terraform itself is never run, and what it would ask is answered nowhere."""
    scripts = [s["run"] for job in load(name)["jobs"].values() for s in job["steps"] if "run" in s]
    applies = [line for script in scripts for line in script.splitlines() if "apply" in line]

    assert [line for line in applies if "make apply" in line and "ACCEPT=" not in line] == []
    assert not any("terraform apply" in s or "scripts.terraform" in s for s in scripts)
    assert "auto-approve" not in WORKFLOWS[name].read_text()
    assert "TF_CLI_ARGS_apply" not in WORKFLOWS[name].read_text()


def test_only_a_label_with_this_plans_digest_lets_a_risk_pass() -> None:
    gate = job_of("plan", "review")["steps"][-1]

    assert gate["if"] == (
        "steps.touched.outputs.deployed && steps.review.outputs.code != '0' &&"
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
    assert load("check-backlog")["on"]["schedule"] == [{"cron": "17 12 * * *"}]
    assert "daily at 12:17 UTC" in (ROOT / "terraform" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("", "", ""),
        ('"$BACKLOG_CHECK_MONTH"', "${{ inputs.month }}", "template-injection"),
        ("persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "unpinned-uses"),
        ("vars.BACKLOG_CHECK_ROLE !=", "vars.BACKLOG_CHECK_ROLE !", "expression"),
        ("needs: review", "needs: reviews", "job-needs"),
        ("needs.review.outputs.digest", "needs.review.outputs.digets", "expression"),
    ],
)
def test_lint_finds_the_usual_mistakes_in_workflows(
    tmp_path: Path, old: str, new: str, finding: str
) -> None:
    """By the commands of `make lint`."""
    (recipe,) = re.findall(r"\$\(VENV\)/bin/zizmor .*$", (ROOT / "Makefile").read_text(), re.M)
    for workflow in WORKFLOWS.values():
        copy = tmp_path / workflow.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(workflow.read_text().replace(old, new) if old else workflow.read_text())

    command = recipe.replace("$(VENV)", str(Path(sys.prefix)))
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode != 0) is bool(finding), done.stdout + done.stderr
    assert f"[{finding}]" in done.stdout or not finding

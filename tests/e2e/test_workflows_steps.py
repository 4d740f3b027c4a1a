"""Every `run` step of the workflows, as GitHub runs it, in a repository with an AWS in memory."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from tests.e2e.project import Project, new_project, without_data_dir
from tests.e2e.test_readmes import gitlab
from tests.scripts.test_workflows import job_of
from tests.support.servers import Answer, Request, Server, pass_on, refused

REVIEW = 2  # of the steps with a script; the next one rejects
ANA = "Ana Ruiz,ana.ruiz@example.com,+15555550106,water,\n"


@dataclass(frozen=True)
class Runner:
    """A machine of GitHub's that has checked out a commit, with its files for results."""

    project: Project

    def step(self, workflow: str, job: str, number: int, **env: str) -> "Step":
        """Run the n-th step with a script; `env` stands for what its expressions would give."""
        steps = [step for step in job_of(workflow, job)["steps"] if "run" in step]
        given = {k: v for k, v in steps[number].get("env", {}).items() if "${{" not in str(v)}
        files = {name: self.project.folder.parent / name for name in ("summary", "output")}
        for file in files.values():
            file.write_text("")
        script = self.project.folder.parent / "step.sh"
        script.write_text(steps[number]["run"])
        done = self.project.run(
            f"bash --noprofile --norc -eo pipefail '{script}'",
            **{"BACKLOG_LAST_REPORT": "", **given, **env},
            GITHUB_STEP_SUMMARY=str(files["summary"]),
            GITHUB_OUTPUT=str(files["output"]),
        )
        outputs = dict(line.split("=", 1) for line in files["output"].read_text().splitlines())
        return Step(done, files["summary"].read_text(), outputs)

    def edit(self, old: str, new: str) -> None:
        contacts = self.project.folder / "terraform" / "contacts.csv"
        text = contacts.read_text()
        assert old in text
        contacts.write_text(text.replace(old, new))

    def commit(self) -> None:
        assert self.project.run("git add -A").returncode == 0
        self.commit_staged()

    def commit_staged(self, *options: str) -> None:
        author = "-c user.name=a -c user.email=a@example.com"
        done = self.project.run(f"git {author} commit -qm edit {' '.join(options)}")
        assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Step:
    done: subprocess.CompletedProcess[str]
    summary: str
    outputs: dict[str, str]

    @property
    def code(self) -> int:
        return self.done.returncode

    @property
    def log(self) -> str:
        return self.done.stdout + self.done.stderr


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, terraform_env: Mapping[str, str]) -> Runner:
    """A repository whose first commit is applied."""
    folder = tmp_path_factory.mktemp("workflows") / "repository"
    folder.mkdir()
    project = new_project(folder, without_data_dir(terraform_env))
    (folder / ".gitignore").open("a").write("review.*\n*before.csv\n*.tfstate*\n.venv\n")
    runner = Runner(replace(project, env={**project.env, "HOME": str(folder.parent)}))
    assert project.run("git init -q").returncode == 0
    runner.commit()
    runner.project.apply()
    return runner


@pytest.mark.parametrize(
    ("name", "is_reviewed"),
    [
        ("README.md", False),
        ("scripts/review/render.py", False),
        ("runner/rules.py", True),
        ("requirements-runner.txt", True),
        ("scripts/dev/package.py", True),
        ("Makefile", True),
        ("terraform/.terraform.lock.hcl", True),
        ("terraform/contacts.csv", True),
    ],
)
def test_only_what_is_deployed_is_reviewed(runner: Runner, name: str, is_reviewed: bool) -> None:
    file = runner.project.folder / name
    text = file.read_bytes()
    file.write_bytes(text + b"\n")
    runner.commit()

    assert runner.step("plan", "review", 0).outputs == ({"deployed": "yes"} if is_reviewed else {})
    file.write_bytes(text)
    runner.commit()


def test_a_fork_is_rejected(runner: Runner) -> None:
    assert runner.step("plan", "review", 1).code == 1


def test_a_pull_request_gets_its_review(runner: Runner) -> None:
    runner.edit("Grace Kim,grace.kim@example.com,,water,\n", ANA)
    runner.commit()

    step = runner.step("plan", "review", REVIEW)

    assert step.code == 0, step.log
    assert step.outputs["code"] == "0"
    assert "Ana Ruiz is subscribed to critical by email" in step.summary
    assert "Grace Kim is unsubscribed from critical by email" in step.summary
    assert step.summary == (runner.project.folder / "review.md").read_text()
    assert "@" not in step.log + step.summary
    assert "555555" not in step.log + step.summary


def test_gitlabs_job_reviews_the_same(runner: Runner) -> None:
    script = "\n".join(gitlab()["review"]["script"])

    done = runner.project.run(
        f"set -e\n{script}", CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD^", TF_CLI_ARGS_plan="-lock=false"
    )

    assert done.returncode == 0, done.stderr
    assert "Ana Ruiz is subscribed to critical by email" in done.stdout


def test_a_risky_pull_request_has_its_review_and_a_digest_to_accept(runner: Runner) -> None:
    runner.edit("Luis Ortega,luis.ortega@example.com,+15555550104,streets,\n", "")
    runner.edit("0105,streets,sms", "0105,water,sms")
    runner.commit()

    step = runner.step("plan", "review", REVIEW)

    assert step.code == 0, step.log
    assert step.outputs["code"] == "1"
    assert "streets extreme: no subscriber is left" in step.summary
    assert f"--accept {step.outputs['digest']}" in step.summary
    assert runner.step("plan", "review", REVIEW + 1).code == 1


def test_a_pull_request_that_can_not_be_planned_fails_with_the_reason(runner: Runner) -> None:
    runner.edit(ANA, ANA.replace("+1", "1"))
    runner.commit()

    step = runner.step("plan", "review", REVIEW)

    assert step.code == 0, step.log
    assert step.summary.startswith("## Backlog alerts: cannot determine\n")
    assert "(Ana Ruiz): Phone has no " in step.summary
    assert step.outputs["code"] == "2"
    assert runner.step("plan", "review", REVIEW + 1).code == 1
    runner.edit(ANA.replace("+1", "1"), ANA)
    runner.commit()


def test_the_reviewed_plan_is_applied_and_no_other(runner: Runner) -> None:
    reviewed = runner.step("apply", "review", 0)
    assert reviewed.code == 0, reviewed.log
    assert "streets extreme: no subscriber is left" in reviewed.summary
    digest = reviewed.outputs["digest"]
    assert reviewed.summary.endswith(
        f"\n\nTo apply exactly this by hand, run the workflow with this digest: {digest}\n"
    )

    assert runner.step("apply", "apply", 0, ACCEPTED="").code != 0

    runner.edit("omar.haddad@", "somebody.else@")
    other = runner.step("apply", "apply", 0, ACCEPTED=digest)
    assert other.code != 0
    assert "Nothing was applied: ACCEPT is of another plan." in other.log
    runner.edit("somebody.else@", "omar.haddad@")

    applied = runner.step("apply", "apply", 0, ACCEPTED=digest)
    assert applied.code == 0, applied.log
    assert "\nApply complete! Resources: " in applied.log
    assert "\nInvited by email, and to confirm within 48 hours: Ana Ruiz\n" in applied.log
    assert "@" not in applied.log


def test_a_plan_that_can_not_be_reviewed_is_offered_to_nobody(runner: Runner) -> None:
    """Else its empty digest would reach the job that applies."""
    runner.edit(ANA, ANA.replace("+1", "1"))

    reviewed = runner.step("apply", "review", 0)

    assert reviewed.code != 0
    assert "(Ana Ruiz): Phone has no " in reviewed.summary
    assert reviewed.outputs == {}
    runner.edit(ANA.replace("+1", "1"), ANA)


def test_contacts_outside_the_repository_are_reviewed_without_a_comparison(runner: Runner) -> None:
    assert runner.project.run("git rm -q --cached terraform/contacts.csv").returncode == 0
    runner.commit_staged()
    runner.commit_staged("--allow-empty")

    step = runner.step("plan", "review", REVIEW)

    assert step.code == 0, step.log
    assert step.outputs["code"] == "0"


def test_an_apply_that_fails_shows_no_text_of_awss(runner: Runner) -> None:
    runner.edit(ANA, ANA + "Canary,canary@example.com,,water,\n")
    digest = runner.step("apply", "review", 0).outputs["digest"]
    refusing = [refused("400 Bad Request", "InvalidParameter", "canary@example.com")]

    def answer(request: Request) -> Answer:
        is_refused = request.form.get("Action") == "Subscribe"
        return refusing if is_refused else pass_on(request, runner.project.env["AWS_ENDPOINT_URL"])

    with Server(answer) as sns:
        failed = runner.step("apply", "apply", 0, ACCEPTED=digest, AWS_ENDPOINT_URL_SNS=sns.url)

    assert failed.code != 0
    assert (
        "SNS Subscribe: AWS answered InvalidParameter, status 400"
        ' (module.alert_topic["water_critical"].aws_sns_topic_subscription.this["email/Canary"])'
    ) in failed.log
    assert "canary" not in failed.log
    runner.edit("Canary,canary@example.com,,water,\n", "")


def test_the_check_runs_with_what_was_typed_and_without(runner: Runner) -> None:
    typed = {
        "BACKLOG_CHECK_REPORT": "scripts/samples/2026-02.csv",
        "BACKLOG_CHECK_MONTH": "2026-02",
    }

    checked = runner.step("check-backlog", "check", 0, **typed)
    assert checked.code == 0, checked.log
    assert "sent" in checked.log

    nothing = runner.step(
        "check-backlog", "check", 0, BACKLOG_CHECK_REPORT="", BACKLOG_CHECK_MONTH=""
    )
    assert nothing.code != 0
    assert "no report: give --report" in nothing.log


def test_what_a_plan_left_behind_can_be_read_by_its_owner_alone(runner: Runner) -> None:
    folder = runner.project.folder / ".cache" / "plan"

    modes = [(folder / name).stat().st_mode & 0o777 for name in ("plan", "plan.txt", "plan.json")]

    assert (folder.stat().st_mode & 0o777, modes) == (0o700, [0o600] * 3)

"""The gate: nothing is applied but the plan that was reviewed, once somebody accepts it.

Beside a Terraform that plans what the test says, and notes what it is asked to apply.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.review.evaluate import evaluate
from scripts.review.read import read_plan
from scripts.terraform import ROOT
from tests.support.live import LiveAws
from tests.support.plans import WATER, a_plan, a_subscription, a_topic
from tests.support.terminal import Answer, in_terminal, type_, type_what_is_asked_for

EMAIL = WATER[:1]
HARMLESS = a_plan(
    a_topic("water_critical"),
    a_subscription("water_critical", "email/Ana", protocol="email"),
    a_subscription("water_critical", "email/Bo", "create", protocol="email"),
    before=EMAIL,
    after=EMAIL,
)
OTHER = HARMLESS.replace(b"email/Bo", b"email/Cy")
RISKY = a_plan(
    a_topic("water_critical"),
    a_subscription("water_critical", "email/Ana", "delete", protocol="email"),
    before=EMAIL,
    after=EMAIL,
)
NOTHING = a_plan(a_topic("water_critical"), before=EMAIL, after=EMAIL, applyable=False)
PART = json.dumps({**json.loads(HARMLESS), "complete": False}).encode()

# Writes as a plan what $FAKE/next holds, so that a plan and its JSON belong together, and notes
# what it applies. Plans are "PK" and their JSON.
TERRAFORM = """
import json, os, pathlib, shutil, sys, time
arguments = [a for a in sys.argv[1:] if not a.startswith("-chdir")]
fake = pathlib.Path(os.environ["FAKE"])
options = dict(a.lstrip("-").partition("=")[::2] for a in arguments[1:])
if arguments[0] == "version":
    print(json.dumps({"terraform_version": "1.11.4", "terraform_outdated": False}))
elif arguments[0] == "plan":
    with (fake / "planned").open("a") as log:
        log.write(" ".join(arguments) + "\\n")
    if (fake / "says").exists():
        print((fake / "says").read_text())
    if (fake / "next").exists():
        pathlib.Path(options["out"]).write_bytes(b"PK" + (fake / "next").read_bytes())
    sys.exit(not (fake / "next").exists())
elif arguments[0] == "show":
    print(pathlib.Path(arguments[-1]).read_bytes()[2:].decode())
elif arguments[0] == "apply":
    with (fake / "applied").open("ab") as log:
        log.write(pathlib.Path(arguments[-1]).read_bytes() + b"\\n")
    left = [name for name in os.environ if name.startswith("TF_CLI_ARGS")]
    (fake / "arguments").write_text(" ".join([*arguments[:-1], *left]))
    if (fake / "slow").exists():
        (fake / "slow").unlink()
        time.sleep(2)
    if (fake / "applies").exists():
        print((fake / "applies").read_text())
        sys.exit('"severity": "error"' in (fake / "applies").read_text())
    print(json.dumps({"type": "change_summary", "@message": "Apply complete! Resources: 1 added."}))
"""


def digest_of(plan: bytes) -> str:
    return evaluate(read_plan(plan)).digest


@dataclass(frozen=True)
class City:
    """A project with the command, and the Terraform beside it."""

    folder: Path
    fake: Path
    env: Mapping[str, str]

    def plans(self, plan: bytes) -> None:
        (self.fake / "next").write_bytes(plan)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "scripts.plan"]

    def run(
        self, *arguments: str, stdin: str | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run with nobody to ask: standard input is a pipe, or closed where stdin is None."""
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env={**self.env, **env},
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, answer: Answer, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run in a terminal."""
        return in_terminal([*self.command, *arguments], self.folder, {**self.env, **env}, answer)

    @property
    def applied(self) -> list[bytes]:
        log = self.fake / "applied"
        plans = log.read_bytes().splitlines() if log.exists() else []
        return [plan.removeprefix(b"PK") for plan in plans]

    @property
    def digest(self) -> str:
        """The checksum of the last review."""
        review = json.loads((self.folder / ".cache/plan/review.json").read_text())
        return str(review["digest"])

    def digest_of(self, plan: bytes) -> str:
        """Let this be what is planned next; return what its review would say."""
        self.plans(plan)
        return digest_of(plan)


@pytest.fixture(scope="module")
def aws() -> Iterator[LiveAws]:
    with LiveAws() as aws:
        yield aws


@pytest.fixture
def city(tmp_path: Path, aws: LiveAws) -> City:
    folder, fake = tmp_path / "project", tmp_path / "fake"
    for name in ("runner", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "terraform" / "modules", folder / "terraform" / "modules")
    names = ("departments.auto.tfvars", "contacts.csv")
    for file in (*(ROOT / "terraform").glob("*.tf"), *(ROOT / "terraform" / n for n in names)):
        shutil.copy(file, folder / "terraform")
    fake.mkdir()
    terraform = fake / "terraform"
    terraform.write_text(f"#!{sys.executable}\n{TERRAFORM}")
    terraform.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "AWS_"))}
    env = {
        **kept,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": aws.url,
        "FAKE": str(fake),
        "PATH": f"{fake}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return City(folder, fake, env)


# What is applied.


def test_yes_applies_the_plan_that_is_on_the_screen(city: City) -> None:
    city.plans(HARMLESS)

    done = city.ask(type_("yes"), "apply")

    assert done.returncode == 0
    assert "Bo is subscribed to critical by email (must confirm)" in done.stdout
    assert done.stdout.endswith(
        "\n\nTo apply this plan, type yes: yes\n"
        "Apply complete! Resources: 1 added.\n"
        "Next: make subscriptions, which says who receives messages\n"
    )
    assert city.applied == [HARMLESS]


def test_the_digest_accepts_a_risk(city: City) -> None:
    city.plans(RISKY)

    done = city.ask(type_what_is_asked_for, "apply")

    assert done.returncode == 0
    assert f"To accept these risks and apply this plan, type {city.digest}: " in done.stdout
    assert city.applied == [RISKY]


@pytest.mark.parametrize("plan", [HARMLESS, RISKY])
def test_accept_applies_where_nobody_can_be_asked(city: City, plan: bytes) -> None:
    digest = city.digest_of(plan)

    done = city.run("apply", f"--accept={digest}")

    assert done.returncode == 0, done.stderr
    assert city.applied == [plan]


# Every way around it.


@pytest.mark.parametrize("answer", ["", "no", "y", "YES please", "yes yes", "0123456789abcdef"])
def test_anything_but_yes_applies_nothing(city: City, answer: str) -> None:
    city.plans(HARMLESS)

    done = city.ask(type_(answer), "apply")

    assert done.returncode == 1
    assert done.stdout.endswith("Nothing was applied.\n")
    assert city.applied == []


@pytest.mark.parametrize("answer", ["yes", "", "0123456789abcdef", "ACCEPT"])
def test_a_risk_takes_its_digest_and_not_yes(city: City, answer: str) -> None:
    city.plans(RISKY)

    assert city.ask(type_(answer), "apply").returncode == 1
    assert city.applied == []


@pytest.mark.parametrize("plan", [HARMLESS, RISKY])
@pytest.mark.parametrize("stdin", ["", "yes\n" * 1000, "the digest"])
def test_without_a_terminal_no_answer_counts(city: City, plan: bytes, stdin: str) -> None:
    digest = city.digest_of(plan)

    done = city.run("apply", stdin=digest + "\n" if stdin == "the digest" else stdin)

    assert done.returncode == 1
    assert done.stderr == (
        "\nNothing was applied: nobody can be asked here. To apply this plan: "
        f"make apply ACCEPT={digest}\n"
    )
    assert city.applied == []


def test_a_closed_standard_input_is_nobody(city: City) -> None:
    city.plans(HARMLESS)
    command = f"'{sys.executable}' -m scripts.plan apply <&-"

    done = subprocess.run(
        command, shell=True, cwd=city.folder, env=city.env, stderr=subprocess.PIPE, check=False
    )

    assert done.returncode == 1
    assert b"Nothing was applied: nobody can be asked here." in done.stderr
    assert city.applied == []


@pytest.mark.parametrize("accept", ["", "yes", "0" * 16, "the other plan's"])
@pytest.mark.parametrize("plan", [HARMLESS, RISKY])
def test_another_digest_applies_nothing(city: City, plan: bytes, accept: str) -> None:
    other = city.digest_of(OTHER)
    city.plans(plan)

    given = other if accept == "the other plan's" else accept
    done = city.run("apply", f"--accept={given}")

    assert done.returncode == 1
    assert "Nothing was applied: ACCEPT is of another plan. To apply this one:" in done.stderr
    assert city.applied == []


def test_a_digest_typed_for_a_plan_that_changed_since_applies_nothing(city: City) -> None:
    """Somebody merged in between: what is planned now is not what was accepted."""
    digest = city.digest_of(HARMLESS)
    city.plans(OTHER)

    assert city.run("apply", f"--accept={digest}").returncode == 1
    assert city.applied == []


def test_a_plan_that_is_replaced_while_the_question_is_asked_is_not_applied(city: City) -> None:
    city.plans(HARMLESS)

    def replace_it(_: str) -> str:
        (city.folder / ".cache/plan/plan").write_bytes(b"PK" + RISKY)
        return "yes"

    done = city.ask(replace_it, "apply")

    assert done.returncode == 1
    assert done.stdout.endswith(
        "error: the plan changed since it was reviewed; nothing was applied\n"
    )
    assert city.applied == []


def test_no_two_commands_share_the_private_folder(city: City) -> None:
    """Another `make plan` would put its own plan under a question that is being read."""
    city.plans(HARMLESS)
    others = []

    def plan_too(_: str) -> str:
        others.append(city.run("plan"))
        return "yes"

    assert city.ask(plan_too, "apply").returncode == 0
    (other,) = others
    assert (other.returncode, other.stdout, other.stderr) == (
        2,
        "",
        "error: another make plan, apply or destroy runs in this folder; wait until it has ended\n",
    )
    assert city.applied == [HARMLESS]


def test_a_plan_of_a_part_is_not_applied_with_any_answer(city: City) -> None:
    city.plans(PART)
    accepted = f"--accept={digest_of(HARMLESS)}"

    done = city.run("apply", accepted, TF_CLI_ARGS_plan="-target=aws_sns_topic.x")

    assert done.returncode == 2
    assert "the plan is of a part alone (-target, or deferred changes)" in done.stdout
    assert done.stderr.endswith("Nothing was applied: this plan cannot be reviewed.\n")
    assert city.applied == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (
            "TF_CLI_ARGS_apply",
            "-auto-approve",
            "TF_CLI_ARGS_apply has -auto-approve; take it out: to apply without a question, run"
            " make apply ACCEPT=DIGEST",
        ),
        (
            "TF_CLI_ARGS",
            "-auto-approve",
            "TF_CLI_ARGS has -auto-approve; take it out: to apply without a question, run make"
            " apply ACCEPT=DIGEST",
        ),
        (
            "TF_CLI_ARGS_plan",
            "-lock=false -destroy",
            "TF_CLI_ARGS_plan has -destroy; take it out: to remove everything, run make destroy",
        ),
        (
            "TF_CLI_ARGS_apply",
            "other.plan",
            "TF_CLI_ARGS_apply has other.plan; take it out: it may have -compact-warnings, -lock,"
            " -lock-timeout, -no-color, -parallelism",
        ),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply", "destroy"])
def test_options_of_the_environment_do_not_open_the_gate(
    city: City, command: str, name: str, value: str, problem: str
) -> None:
    digest = city.digest_of(HARMLESS)

    done = city.run(command, f"--accept={digest}", **{name: value})

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"error: Nothing was planned. Fix these settings first:\n{problem}\n")
    assert city.applied == []


def test_options_that_are_taken_reach_plan_and_apply(city: City) -> None:
    digest = city.digest_of(HARMLESS)
    env = {"TF_CLI_ARGS": "-no-color", "TF_CLI_ARGS_apply": "-lock-timeout=5m -parallelism=2"}

    assert city.run("apply", f"--accept={digest}", **env).returncode == 0
    assert (city.fake / "arguments").read_text() == (
        "apply -json -input=false -no-color -lock-timeout=5m -parallelism=2"
    )


# A saved plan.


def saved(city: City, plan: bytes) -> str:
    (city.folder / "saved").write_bytes(b"PK" + plan)
    return "--plan=saved"


def test_a_saved_plan_is_reviewed_and_applied_as_it_is(city: City) -> None:
    city.plans(OTHER)

    done = city.ask(type_("yes"), "apply", saved(city, HARMLESS))

    assert done.returncode == 0
    assert "Bo is subscribed" in done.stdout
    assert city.applied == [HARMLESS]
    assert not (city.fake / "planned").exists()


def test_what_make_plan_wrote_may_be_given(city: City) -> None:
    city.plans(RISKY)
    digest = city.run("plan") and city.digest
    city.plans(OTHER)

    done = city.run("apply", "--plan=.cache/plan/plan", f"--accept={digest}")

    assert done.returncode == 0, done.stderr
    assert city.applied == [RISKY]


def test_a_saved_plan_is_no_way_past_its_risks(city: City) -> None:
    done = city.run("apply", saved(city, RISKY))

    assert done.returncode == 1
    assert done.stderr.endswith(f"To apply this plan: make apply PLAN=saved ACCEPT={city.digest}\n")
    assert city.ask(type_("yes"), "apply", "--plan=saved").returncode == 1
    assert city.applied == []


def test_a_saved_plan_that_is_replaced_while_it_is_read_is_applied_as_it_was(city: City) -> None:
    option = saved(city, HARMLESS)

    def replace_it(_: str) -> str:
        saved(city, RISKY)
        return "yes"

    assert city.ask(replace_it, "apply", option).returncode == 0
    assert city.applied == [HARMLESS]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nonesuch/plan", "No such file or directory"),
        ("-auto-approve", "No such file or directory"),
        ("--help", "No such file or directory"),
        (".", "Is a directory"),
    ],
)
def test_a_saved_plan_that_is_none_is_an_error(city: City, name: str, problem: str) -> None:
    city.plans(HARMLESS)

    done = city.run("apply", f"--plan={name}", f"--accept={city.digest_of(HARMLESS)}")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: PLAN={name}: {problem}; `make plan` writes one to .cache/plan/plan\n"
    )
    assert city.applied == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (HARMLESS, "is the JSON of a plan, not the plan"),
        (b"Name,Email\n", "is not a plan of Terraform"),
        (b"", "is not a plan of Terraform"),
    ],
)
def test_a_file_that_is_no_plan_is_an_error(city: City, body: bytes, problem: str) -> None:
    (city.folder / "file").write_bytes(body)

    done = city.run("apply", "--plan=file")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: PLAN=file {problem}; `make plan` writes one to .cache/plan/plan\n"
    )


# What plan says.


def test_plan_ends_with_the_command_to_run_next(city: City) -> None:
    city.plans(HARMLESS)

    done = city.run("plan", "--format=text")

    assert done.returncode == 0
    assert done.stdout.endswith(
        f"\n\nNext: make apply\nWhere nobody can be asked: make apply ACCEPT={city.digest}\n"
    )


def test_plan_names_the_digest_of_a_risk(city: City) -> None:
    city.plans(RISKY)

    done = city.run("plan")

    assert done.returncode == 1
    assert done.stdout.endswith(
        f"\n\nNext, if you accept these risks: make apply ACCEPT={city.digest}\n"
    )


def test_what_a_review_depends_on_is_in_the_command(city: City) -> None:
    """Another report is another review, with another checksum."""
    city.plans(HARMLESS)
    (city.folder / "it's.csv").write_text("service_name,count\nWater,5\n")

    done = city.run("plan", "--report=it's.csv")

    command = done.stdout.splitlines()[-1].partition(": ")[2]
    assert command == f"""make apply REPORT='it'"'"'s.csv' ACCEPT={city.digest}"""


@pytest.mark.parametrize("format_", ["json", "markdown"])
def test_a_program_gets_the_review_alone(city: City, format_: str) -> None:
    city.plans(HARMLESS)

    done = city.run("plan", f"--format={format_}")

    assert "make apply" not in done.stdout
    assert f"make apply ACCEPT={city.digest}" in done.stderr
    if format_ == "json":
        assert done.stdout == (city.folder / ".cache/plan/review.json").read_text() + "\n"


def test_a_program_gets_one_object_where_nothing_can_be_planned(city: City) -> None:
    (city.folder / "terraform/terraform.tfvars").write_text("nme_prefix = 1\n")

    done = city.run("plan", "--format=json")

    assert done.returncode == 2
    assert json.loads(done.stdout)["undetermined"] == [
        "Nothing was planned. Fix these settings first:",
        "terraform/terraform.tfvars: there is no variable nme_prefix; the nearest is name_prefix",
    ]
    assert json.loads(done.stdout)["exit_code"] == 2


def test_nothing_to_change_is_said_and_not_applied(city: City) -> None:
    city.plans(NOTHING)

    planned, applied = city.run("plan"), city.run("apply")

    assert (planned.returncode, applied.returncode) == (0, 0)
    assert planned.stdout.endswith("\n\nNothing to apply.\n")
    assert applied.stdout.endswith("\n\nNothing to change, nothing was applied.\n")
    assert city.applied == []


def test_warnings_of_terraform_are_in_the_review_without_an_address(city: City) -> None:
    city.plans(HARMLESS)
    warning = {"severity": "warning", "summary": "Deprecated", "detail": "old\nx@example.com"}
    check = {"severity": "warning", "summary": "Check block assertion failed", "detail": "ours"}
    lines = [json.dumps({"diagnostic": d}) for d in (warning, check)]
    (city.fake / "says").write_text("\n".join(lines))

    done = city.run("plan")

    assert "\nAlso\n" in done.stdout
    assert "  Terraform warns: Deprecated: old\n" in done.stdout
    assert "ours" not in done.stdout
    assert "@" not in done.stdout


# What stands in the way of a plan.


@pytest.mark.parametrize("command", ["plan", "apply", "destroy"])
@pytest.mark.parametrize(
    ("without", "message"),
    [
        (
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            "Credentials: there are none; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY",
        ),
        (("AWS_REGION",), "Region: there is none; set AWS_REGION"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    city: City, command: str, without: tuple[str, ...], message: str
) -> None:
    city.plans(HARMLESS)
    nothing = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(city.fake)}
    env = {k: v for k, v in city.env.items() if k not in without} | nothing

    done = City(city.folder, city.fake, env).run(command)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")
    assert not (city.fake / "planned").exists()


# What an apply says.


def applies(city: City, *messages: Mapping[str, object]) -> None:
    (city.fake / "applies").write_text("\n".join(map(json.dumps, messages)))


def made(address: str, key: str, action: str = "create") -> Mapping[str, object]:
    kind, _, name = address.partition(".")
    resource = {"resource_type": kind, "resource_name": name, "resource_key": key}
    return {"type": "apply_complete", "hook": {"resource": resource, "action": action}}


SUBSCRIPTION = "aws_sns_topic_subscription"


def test_an_apply_says_who_is_invited_now(city: City) -> None:
    applies(
        city,
        made(f"{SUBSCRIPTION}.this", "email/Bo"),
        made(f"{SUBSCRIPTION}.this", "email/Ana"),
        made(f"{SUBSCRIPTION}.this", "email/Ana"),
        made(f"{SUBSCRIPTION}.this", "sms/Cy"),
        made(f"{SUBSCRIPTION}.this", "email/Di", "delete"),
        made(f"{SUBSCRIPTION}.operators", "1f0c"),
        {"type": "change_summary", "@message": "Apply complete! Resources: 5 added."},
    )
    digest = city.digest_of(HARMLESS)

    done = city.run("apply", f"--accept={digest}")

    assert done.stdout.endswith(
        "\n\nApply complete! Resources: 5 added.\n"
        "Invited by email, and to confirm within 48 hours: Ana and Bo; operators (1)\n"
        "Next: make subscriptions, which says who receives messages\n"
    )


def test_an_apply_that_fails_says_what_stays_and_where_to_look(city: City) -> None:
    words = (
        "creating SNS Topic Subscription: operation error SNS: Subscribe, https response error"
        " StatusCode: 400, RequestID: 1, InvalidParameter: canary@example.com"
    )
    address = 'module.alert_topic["a"].aws_sns_topic_subscription.this["email/Bo"]'
    error = {"severity": "error", "summary": words, "detail": "", "address": address}
    applies(
        city,
        made("aws_sns_topic.this", ""),
        made("aws_region.this", "", "read"),
        {"diagnostic": error},
    )
    digest = city.digest_of(HARMLESS)

    done = city.run("apply", f"--accept={digest}")

    assert done.returncode == 1
    assert done.stderr == (
        "error: creating SNS Topic Subscription: SNS Subscribe: AWS answered InvalidParameter,"
        f" status 400 ({address})\n"
        "1 change was made before that. It stays.\n"
        "Once this is fixed, run make apply again.\n"
        "All that Terraform said is in .cache/plan/apply.txt; it may hold addresses.\n"
    )


def test_a_plan_that_the_state_moved_away_from_is_stale(city: City) -> None:
    applies(city, {"diagnostic": {"severity": "error", "summary": "Saved plan is stale"}})

    done = city.run("apply", saved(city, HARMLESS), f"--accept={city.digest_of(HARMLESS)}")

    assert done.returncode == 1
    assert done.stderr == (
        "error: something changed since this plan was made; run `make plan` again\n"
        "All that Terraform said is in .cache/plan/apply.txt; it may hold addresses.\n"
    )


def test_ctrl_c_lets_terraform_end_what_it_is_doing(city: City) -> None:
    (city.fake / "slow").touch()
    digest = city.digest_of(HARMLESS)
    process = subprocess.Popen(
        [*city.command, "apply", f"--accept={digest}"],
        cwd=city.folder,
        env=city.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    while (city.fake / "slow").exists():
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Apply complete!" in output


# Taking everything down.


def test_destroy_takes_the_digest_though_nothing_is_risky(city: City) -> None:
    city.plans(HARMLESS)

    assert city.ask(type_("yes"), "destroy").returncode == 1
    assert city.run("destroy", stdin="yes\n").returncode == 1
    assert city.applied == []

    done = city.ask(type_what_is_asked_for, "destroy")
    assert done.returncode == 0
    assert f"\n\nTo destroy all this, type {city.digest}: {city.digest}\n" in done.stdout
    assert city.applied == [HARMLESS]
    assert (city.fake / "planned").read_text().splitlines()[-1].endswith(" -destroy")


def test_where_nothing_is_there_destroy_says_so(city: City) -> None:
    city.plans(json.dumps({**json.loads(NOTHING), "resource_changes": []}).encode())

    done = city.run("destroy")

    assert (done.returncode, done.stdout) == (0, "Nothing to destroy.\n")
    assert city.applied == []


def test_what_a_plan_leaves_behind_is_for_its_owner_alone(city: City) -> None:
    city.plans(HARMLESS)
    city.run("plan")
    folder = city.folder / ".cache/plan"

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}

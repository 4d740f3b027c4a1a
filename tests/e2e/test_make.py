"""What make says when something is not as it should be."""

import re
import shutil
from collections.abc import Mapping

import pytest

from tests.e2e.project import Project, new_project, without_data_dir


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, terraform_env: Mapping[str, str]) -> Project:
    return new_project(tmp_path_factory.mktemp("project"), without_data_dir(terraform_env))


def test_make_lists_every_target(project: Project) -> None:
    listed = re.findall("^  make ([a-z-]+)", project.run("make").stdout, re.MULTILINE)

    assert listed == (
        [
            "help",
            "demo",
            "plan",
            "review",
            "apply",
            "destroy",
            "doctor",
            "subscriptions",
            "check-backlog",
            "ledger",
            "send-test",
            "backtest",
            "board",
            "package",
            "test",
            "soak",
            "lint",
            "fmt",
            "bench",
            "lock",
        ]
    )


def test_a_review_of_an_option_is_an_error(project: Project) -> None:
    done = project.run("make review PLAN=--help")

    assert done.returncode == 2
    assert "--help: No such file or directory" in done.stdout


def test_a_check_before_the_first_apply_says_what_to_do(project: Project) -> None:
    done = project.run("make check-backlog REPORT=scripts/samples/2026-02.csv")

    assert done.returncode == 2
    said = "error: nothing is applied yet; run `make plan`, then `make apply`"
    assert [line for line in done.stderr.splitlines() if "error" in line] == [said]
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["MONTH", "DRY_RUN", "REPORT"])
def test_an_option_left_in_the_environment_is_not_taken_in_silence(
    project: Project, name: str
) -> None:
    done = project.run("make check-backlog", **{name: "1"})

    assert done.returncode == 2
    assert (
        f"{name} is set in the environment; write it after the command: make check-backlog {name}="
        in done.stderr
    )
    assert project.run("make help", **{name: "1"}).returncode == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("check-backlog DRYRUN=1", "there is no option DRYRUN; the nearest is DRY_RUN"),
        ("check-backlog dry_run=1", "there is no option dry_run; the nearest is DRY_RUN"),
        ("check-backlog REPROT=x", "there is no option REPROT; the nearest is REPORT"),
        ("check-backlog PYTHN=x", "there is no option PYTHN; the nearest is PYTHON"),
        (
            "check-backlog BACKLOG_RESEND=1",
            "there is no option BACKLOG_RESEND; the nearest is RESEND",
        ),
        ("DRYRUN=1", "there is no option DRYRUN; the nearest is DRY_RUN"),
        (
            "apply DRY_RUN=1",
            "make apply has no option DRY_RUN; its options are ACCEPT, PLAN, CONTACTS_BEFORE,"
            " REPORT, HISTORY",
        ),
        ("destroy PLAN=x", "make destroy has no option PLAN; its options are ACCEPT"),
        ("lint DRY_RUN=1", "make lint has no option DRY_RUN; it has none"),
        ("check-backlog RESEND=off", "RESEND takes 1 or nothing"),
        ("check-backlog RESEND='1 1'", "RESEND takes 1 or nothing"),
        ("check-backlog RESEND=11", "RESEND takes 1 or nothing"),
        ("check-backlog DRY_RUN=true", "DRY_RUN takes 1 or nothing"),
        ("subscriptions REINVITE=0", "REINVITE takes 1 or nothing"),
    ],
)
def test_a_mistyped_option_stops_make_before_anything_is_set_up(
    project: Project, given: str, message: str
) -> None:
    done = project.run(f"make {given} VENV=.other")

    assert done.returncode == 2
    assert re.fullmatch(rf"Makefile:\d+: \*\*\* {re.escape(message)}\.  Stop\.\n", done.stderr)
    assert not (project.folder / ".other").exists()


def test_a_mistyped_option_stops_make_where_there_is_no_python(project: Project) -> None:
    fakes = project.folder / "no python"
    fakes.mkdir()
    (fakes / "python3").write_text("#!/bin/sh\nexit 127\n")
    (fakes / "python3").chmod(0o755)

    done = project.run("make check-backlog DRYRUN=1", PATH=f"{fakes}:{project.env['PATH']}")

    assert done.returncode == 2
    assert "*** there is no option DRYRUN.  Stop." in done.stderr


@pytest.mark.parametrize(
    "given",
    [
        "check-backlog RESEND= DRY_RUN= REPORT=",
        "check-backlog RESEND=1 DRY_RUN=1 MONTH=2026-02",
        "plan AWS_PROFILE=city TF_VAR_ledger=false",
        "lint PYTHON=python3 SHELL=/bin/bash MAKEFLAGS=-s HTTPS_PROXY=http://127.0.0.1:3128",
        "plan apply PLAN=plan.json REPORT=report.csv",
    ],
)
def test_what_make_and_its_programs_know_is_no_mistake(project: Project, given: str) -> None:
    assert project.run(f"make --dry-run {given}").returncode == 0


def test_options_reach_the_programs_as_flags_where_they_are_given(project: Project) -> None:
    """Run by a Python that prints how it was called."""
    fake = project.folder / ".fake" / "bin" / "python"
    fake.parent.mkdir(parents=True)
    fake.write_text('#!/bin/sh\n[ "$4" = -json ] && echo config || printf \'<%s>\' "$@"\n')
    fake.chmod(0o755)

    def called(given: str) -> str:
        set_up = "-o .fake/.ready -o terraform/.terraform/.ready"
        return project.run(f"make {set_up} VENV=.fake {given}").stdout

    assert called("check-backlog") == "<-m><runner><--config><->"
    assert called("check-backlog REPORT='a b' MONTH=2026-02 FORMAT=json DRY_RUN=1 RESEND=1") == (
        "<-m><runner><--config><-><--report=a b><--month=2026-02><--format=json>"
        "<--dry-run><--resend>"
    )
    assert called("send-test TOPIC=water_critical") == (
        "<-m><scripts.send_test><--config><-><--topic=water_critical>"
    )
    assert called("subscriptions REINVITE=1 CONFIRM=LINK") == (
        "<-m><scripts.subscriptions><--reinvite><--confirm=LINK>"
    )
    assert called("review PLAN='p 1' CONTACTS_BEFORE=c REPORT=r HISTORY=h FORMAT=f ACCEPT=a") == (
        "<-m><scripts.review><--contacts-before=c><--report=r><--history=h><--format=f>"
        "<--accept=a><--><p 1>"
    )
    assert called("plan REPORT=-r FORMAT=json") == (
        "<-m><scripts.plan><plan><--report=-r><--format=json>"
    )
    assert called("apply") == "<-m><scripts.plan><apply>"
    assert called("apply PLAN=-auto-approve ACCEPT=a HISTORY=h") == (
        "<-m><scripts.plan><apply><--plan=-auto-approve><--accept=a><--history=h>"
    )
    assert called("destroy ACCEPT=a") == "<-m><scripts.plan><destroy><--accept=a>"
    assert called("board REPORTS='p q' FROM=f TO=t TARGET=2 OUTPUTS=o CITY='a b' FORMAT=json") == (
        "<-m><scripts.backtest><--board><.cache/board.html><--picture><.cache/board.png><--from=f>"
        "<--to=t><--target=2><--outputs=o><--city=a b><--format=json><--><p q>"
    )


def test_without_a_python_that_fits_make_says_which_is_needed(project: Project) -> None:
    names = ("python3", "python3.13", "python3.12", "python3.11", "python3.10")
    fakes = project.folder / "fakes"
    fakes.mkdir()
    for name in names:
        (fakes / name).write_text("#!/bin/sh\nexit 1\n")
        (fakes / name).chmod(0o755)

    done = project.run("make demo VENV=.other", PATH=f"{fakes}:{project.env['PATH']}")

    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: install Python 3.10 or newer, or name it: make PYTHON=...\n"
    )
    assert not (project.folder / ".other").exists()


def test_a_report_is_named_as_it_is_whatever_it_holds(project: Project) -> None:
    """Quotes and semicolons in a name are no commands, and none of them drops --dry-run."""
    name = "it's $$here; touch pwned.csv"
    sample = (project.folder / "scripts" / "samples" / "2026-02.csv").read_text()
    (project.folder / name).write_text(sample)
    project.apply()

    done = project.run('make check-backlog DRY_RUN=1 MONTH=2026-02 REPORT="$NAME"', NAME=name)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{name}: 2026-02, 11 rows\n")
    assert "3 would send" in done.stdout
    assert not (project.folder / "pwned.csv").exists()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        *(("review PLAN=plan.json", name) for name in ("PLAN", "CONTACTS_BEFORE", "FORMAT")),
        *(("review PLAN=plan.json", name) for name in ("REPORT", "ACCEPT", "HISTORY")),
        *(("apply PLAN=gone", name) for name in ("PLAN", "ACCEPT", "REPORT")),
        *(("check-backlog REPORT=gone.csv", name) for name in ("REPORT", "MONTH", "FORMAT")),
        *(("check-backlog REPORT=gone.csv", name) for name in ("RESEND", "DRY_RUN")),
        *(("board REPORTS=gone", name) for name in ("REPORTS", "FROM", "TO", "TARGET", "OUTPUTS")),
        ("send-test TOPIC=gone", "TOPIC"),
        ("subscriptions CONFIRM=gone", "CONFIRM"),
        ("subscriptions CONFIRM=gone", "REINVITE"),
    ],
)
def test_what_a_user_gives_is_never_run(project: Project, target: str, name: str) -> None:
    (project.folder / "plan.json").write_text("{}")
    given = "$(shell touch pwned)$$(touch pwned)`touch pwned`'\"; touch pwned #"

    done = project.run(f'make {target} {name}="$GIVEN"', GIVEN=given)

    assert done.returncode == 2
    assert not (project.folder / "pwned").exists()


def test_everything_is_taken_down_by_who_accepts_it(project: Project) -> None:
    project.apply()

    nobody = project.run("yes | make destroy")
    assert nobody.returncode != 0
    assert "Nothing was applied: nobody can be asked here." in nobody.stderr

    done = project.answer("make destroy")
    assert done.returncode == 0, done.stdout
    assert "Fiona Miller is unsubscribed from critical by email" in done.stdout
    assert re.search(
        r"^Apply complete! Resources: 0 added, 0 changed, \d+ destroyed\.$", done.stdout, re.M
    )
    assert "@" not in done.stdout
    assert project.run("make destroy").stdout == "Nothing to destroy.\n"


def test_a_saved_plan_is_applied_once(project: Project) -> None:
    """By real Terraform, which knows by its state that a plan is stale."""
    assert project.run("make plan").returncode == 0
    shutil.copy(project.folder / ".cache/plan/plan", project.folder / "saved")
    risky = project.run("make apply PLAN=saved")
    assert risky.returncode != 0
    assert (
        "nobody can be asked here. To apply this plan: make apply PLAN=saved ACCEPT="
        in risky.stderr
    )

    assert project.answer("make apply PLAN=saved").returncode == 0
    again = project.answer("make apply PLAN=saved")

    assert again.returncode != 0
    assert (
        "error: something changed since this plan was made; run `make plan` again" in again.stdout
    )

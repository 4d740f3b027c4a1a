"""Settings that Terraform would ignore, each said with what to write instead."""

import shutil
from pathlib import Path

import pytest

from runner.errors import ConfigError
from scripts.settings import apply_options, check_settings, read_hcl
from scripts.terraform import ROOT

DEPARTMENTS = (
    'departments = {{ water = {{ services = ["Water"], alerts = {{ critical = {{ {} }} }} }} }}'
)
GOOD = DEPARTMENTS.format('threshold = 100, protocols = ["email"]')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """terraform/ in a project that has nothing else."""
    made = tmp_path / "terraform"
    made.mkdir()
    shutil.copy(ROOT / "terraform" / "variables.tf", made)
    return made


def problems(folder: Path, env: dict[str, str] | None = None) -> list[str]:
    try:
        check_settings(folder, env or {})
    except ConfigError as error:
        first, *found = str(error).splitlines()
        assert first == "Nothing was planned. Fix these settings first:"
        return found
    return []


@pytest.mark.parametrize("name", ["multi-level", "two-topic"])
def test_the_examples_have_nothing_that_is_ignored(folder: Path, name: str) -> None:
    example = ROOT / "terraform" / "examples" / name / "departments.tfvars"
    shutil.copy(example, folder / "departments.auto.tfvars")

    assert problems(folder) == []


def test_what_terraform_reads_is_no_problem(folder: Path) -> None:
    (folder / "terraform.tfvars").write_text(
        """
        # a comment
        name_prefix = "x-" // another
        tags        = { anything = "goes", "in here" = "too" }
        github_actions = {
          repository = "owner/name"
          state_bucket = "b"
        }
        operator_emails = ["ops@example.com"]
        """
    )
    (folder / "a.auto.tfvars").write_text(GOOD)
    (folder / "b.auto.tfvars.json").write_text('{"remind": "never"}')
    (folder / "terraform.tfvars.example").write_text("anything = 1")
    env = {"TF_VAR_ledger": "false", "TF_CLI_ARGS_plan": "-lock=false -var=report_url=./r.csv"}

    assert problems(folder, env) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "terraform.tfvars",
            'nme_prefix = "x-"',
            "terraform/terraform.tfvars: there is no variable nme_prefix; the nearest is"
            " name_prefix",
        ),
        (
            "city.auto.tfvars",
            'Remind = "never"',
            "terraform/city.auto.tfvars: there is no variable Remind; the nearest is remind",
        ),
        (
            "terraform.tfvars.json",
            '{"ledgr": false}',
            "terraform/terraform.tfvars.json: there is no variable ledgr; the nearest is ledger",
        ),
        (
            "departments.auto.tfvars",
            DEPARTMENTS.format('treshold = 1, threshold = 100, protocols = ["email"]'),
            "terraform/departments.auto.tfvars: departments, water, alerts, critical: there is no"
            " treshold; the nearest is threshold",
        ),
        (
            "departments.auto.tfvars",
            DEPARTMENTS.format('threshold = 100, protocols = ["email"], protocol = "sms"'),
            "terraform/departments.auto.tfvars: departments, water, alerts, critical: there is no"
            " protocol; the nearest is protocols",
        ),
        (
            "departments.auto.tfvars",
            GOOD.replace("alerts", "service = [], alerts"),
            "terraform/departments.auto.tfvars: departments, water: there is no service; the"
            " nearest is services",
        ),
        (
            "departments.auto.tfvars.json",
            '{"departments": {"water": {"alert": {}}}}',
            "terraform/departments.auto.tfvars.json: departments, water: there is no alert; the"
            " nearest is alerts",
        ),
        (
            "terraform.tfvars",
            'github_actions = { repositry = "a/b", "canary@example.com" = 1 }',
            "terraform/terraform.tfvars: github_actions: there is no repositry; the nearest is"
            " repository\n"
            "terraform/terraform.tfvars: github_actions: there is no (a name that looks like an"
            " address); there are branch, environment, oidc_provider_arn, owner_id, repository,"
            " repository_id, state_bucket, state_key",
        ),
        (
            "departments.auto.tfvars",
            GOOD.replace("{ water =", "{ water = {}, water ="),
            "terraform/departments.auto.tfvars: departments, water is there twice; the last one"
            " alone would count: rename one",
        ),
        (
            "departments.auto.tfvars.json",
            '{"departments": {"water": {}, "water": {}}}',
            "terraform/departments.auto.tfvars.json: water is there twice; the last one alone"
            " would count: rename one",
        ),
        (
            "terraform.tfvars",
            "ledger = true\nremind = = 1",
            "terraform/terraform.tfvars line 2: can't be read; put text in double"
            " quotes, and close each bracket",
        ),
        ("x.auto.tfvars.json", "{", "terraform/x.auto.tfvars.json: is not JSON"),
        (
            "departments.tfvars",
            GOOD,
            "terraform/departments.tfvars is not read by Terraform; name it"
            " departments.auto.tfvars",
        ),
        (
            "settings.tfvars.json",
            "{}",
            "terraform/settings.tfvars.json is not read by Terraform; name it"
            " settings.auto.tfvars.json",
        ),
        (
            "Terraform.tfvars",
            "",
            "terraform/Terraform.tfvars is not read by Terraform; name it terraform.tfvars",
        ),
        (
            "terraform.tfvars.txt",
            "",
            "terraform/terraform.tfvars.txt is not read by Terraform; name it terraform.tfvars",
        ),
        (
            "departments.auto.tfvar",
            "",
            "terraform/departments.auto.tfvar is not read by Terraform; name it"
            " departments.auto.tfvars",
        ),
        ("../terraform.tfvars", "", "terraform.tfvars is not read here; move it to terraform/"),
    ],
)
def test_what_is_ignored_in_a_file_is_named(
    folder: Path, name: str, text: str, problem: str
) -> None:
    (folder / name).write_text(text + "\n")

    assert problems(folder) == problem.splitlines()


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"TF_VAR_leger": "x"}, "TF_VAR_leger: there is no variable leger; the nearest is ledger"),
        (
            {"TF_VAR_departments": GOOD.partition("= ")[2].replace("threshold", "treshold")},
            "TF_VAR_departments: departments, water, alerts, critical: there is no treshold; the"
            " nearest is threshold",
        ),
        (
            {"TF_CLI_ARGS_plan": "-lock=false -var-file=gone.tfvars"},
            "TF_CLI_ARGS_plan: gone.tfvars: No such file or directory",
        ),
        (
            {"TF_CLI_ARGS": "-var-file city.tfvars"},
            "TF_CLI_ARGS: city.tfvars: there is no variable remnd; the nearest is remind",
        ),
        (
            {"TF_CLI_ARGS_plan": "-var 'remid=never' -var-file=other.tfvars"},
            "TF_CLI_ARGS_plan: there is no variable remid; the nearest is remind",
        ),
        (
            {"TF_CLI_ARGS_plan": "-out=/tmp/elsewhere -var-file=other.tfvars"},
            "TF_CLI_ARGS_plan has -out; take it out: it may have -compact-warnings, -lock,"
            " -lock-timeout, -no-color, -parallelism, -refresh, -replace, -target, -var, -var-file",
        ),
    ],
)
def test_what_is_ignored_in_the_environment_is_named(
    folder: Path, env: dict[str, str], problem: str
) -> None:
    """With -var-file somebody chooses among files of their own; those beside it are theirs."""
    (folder / "city.tfvars").write_text('remnd = "never"\n')
    (folder / "other.tfvars").write_text("")
    if not any("-var-file" in value for value in env.values()):
        (folder / "city.tfvars").unlink()
        (folder / "other.tfvars").unlink()

    assert problems(folder, env) == [problem]


def test_a_variable_that_is_set_twice_is_named(folder: Path) -> None:
    """Terraform takes the last one, and a clerk who edits the other wonders."""
    (folder / "terraform.tfvars").write_text('remind = "never"\n')
    (folder / "departments.auto.tfvars").write_text(GOOD)
    (folder / "more.auto.tfvars").write_text(GOOD)

    assert problems(folder, {"TF_VAR_remind": "month"}) == [
        "remind is set in TF_VAR_remind and in terraform/terraform.tfvars; Terraform takes the"
        " last one alone: keep one of them",
        "departments is set in terraform/departments.auto.tfvars and in"
        " terraform/more.auto.tfvars; Terraform takes the last one alone: keep one of them",
    ]


def test_all_problems_come_at_once(folder: Path) -> None:
    (folder / "departments.tfvars").write_text(GOOD)
    (folder / "terraform.tfvars").write_text("nme = 1\nlegder = 2\n")

    assert len(problems(folder, {"TF_VAR_x": "1"})) == 4


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.tfvars").write_bytes(b'a = "\xe9"\n')

    with pytest.raises(ConfigError, match=r"gone\.tfvars: No such file or directory$"):
        read_hcl(tmp_path / "gone.tfvars")
    with pytest.raises(ConfigError, match=r"^x: is not UTF-8; save it as UTF-8$"):
        read_hcl(tmp_path / "x.tfvars", "x")


def test_options_for_after_the_review_come_from_both_variables() -> None:
    env = {
        "TF_CLI_ARGS": "-no-color -var-file=x.tfvars",
        "TF_CLI_ARGS_plan": "-lock=false",
        "TF_CLI_ARGS_apply": "--lock-timeout=5m",
    }

    assert apply_options(env) == ["-no-color", "-lock-timeout=5m"]

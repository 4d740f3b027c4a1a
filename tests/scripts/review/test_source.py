"""The source of a plan: what a plan does not say is known only if its configuration is."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.review.source import PINS, TERRAFORM, checksums, source_risks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    leave_out = shutil.ignore_patterns(".terraform", "*.tfstate*", "backend.tf")
    return Path(shutil.copytree(TERRAFORM, tmp_path / "terraform", ignore=leave_out))


def test_the_checksums_are_those_of_this_configuration() -> None:
    """After a change of terraform/: change made.py with it, then run `make lock`."""
    assert json.loads(PINS.read_text(encoding="utf-8")) == checksums(TERRAFORM)


def test_the_configuration_as_it_is_has_no_risk(folder: Path) -> None:
    (folder / "contacts.csv").write_text("anything\n")
    (folder / "terraform.tfvars").write_text('name_prefix = "x-"\n')

    assert list(source_risks(folder)) == []


REMOVED = """removed {
  from = module.alert_topic.terraform_data.destroy_before_create
  lifecycle { destroy = true }
  provisioner "local-exec" {
    when    = destroy
    command = "id"
  }
}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.tf", REMOVED),
        ("x.tf", 'ephemeral "aws_secretsmanager_random_password" "x" { password_length = 20 }\n'),
        ("schedule_override.tf", 'module "schedule" { configuration = "{}" }\n'),
        ("x.tf.json", "{}"),
        ("modules/alert_topic/x.tf", 'data "external" "x" { program = ["id"] }\n'),
        ("backend.tf", f'terraform {{\n  backend "s3" {{}}\n}}\n{REMOVED}'),
        ("backend.tf", 'terraform {\n  backend "s3" {}\n  required_version = ">= 1.0"\n}\n'),
        ("backend.tf", "no hcl {"),
    ],
)
def test_a_file_that_is_not_of_the_project_is_a_risk(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)

    (risk,) = source_risks(folder)

    assert risk.startswith(f"terraform/{name} is not of this project: this review does not know")


def test_a_file_that_says_where_the_state_is_alone_is_none(folder: Path) -> None:
    shutil.copy(folder / "backend.tf.example", folder / "backend.tf")

    assert list(source_risks(folder)) == []


def test_a_change_is_a_risk_and_another_change_is_another_one(folder: Path) -> None:
    file = folder / "modules" / "alert_topic" / "subscriptions.tf"
    text = file.read_text()
    said = []
    for other in ("_critical", "_other"):
        changed = f'replace(aws_sns_topic.this.arn, "_notice", "{other}")'
        file.write_text(text.replace("aws_sns_topic.this.arn", changed))
        said += source_risks(folder)

    start = "terraform/modules/alert_topic/subscriptions.tf is changed: this review does not know"
    assert [risk.startswith(start) for risk in said] == [True, True]
    assert said[0] != said[1]


def test_a_file_that_is_missing_is_a_risk(folder: Path) -> None:
    (folder / "sms.tf").unlink()

    assert list(source_risks(folder)) == [
        "terraform/sms.tf is missing: this review does not know what that leaves undone"
    ]


def test_a_files_name_that_is_an_address_is_not_repeated(folder: Path) -> None:
    (folder / "canary@example.com.tf").write_text("")

    (risk,) = source_risks(folder)

    assert risk.startswith("terraform/(a name that looks like an address) is not of this project")

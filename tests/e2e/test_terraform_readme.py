"""The table of settings in terraform/README.md has every variable, with its default."""

import re

from scripts.terraform import ROOT

TERRAFORM = ROOT / "terraform"
README = (TERRAFORM / "README.md").read_text(encoding="utf-8")
SETTINGS = README.partition("\n## Settings\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| `(\w+)` \| (.*?) \|", SETTINGS, re.MULTILINE)
VARIABLES = re.findall(
    r'^variable "(\w+)" \{\n(.*?)^\}',
    (TERRAFORM / "variables.tf").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


def test_each_variable_is_in_the_table_in_the_order_of_the_file() -> None:
    names = [name for name, _ in VARIABLES]

    assert [name for name, _ in ROWS] == names == sorted(names)


def test_the_table_has_the_defaults() -> None:
    found = {
        name: re.search(r"^  default +=\s(.*)$", body, re.MULTILINE) for name, body in VARIABLES
    }
    defaults = {name: f"`{line[1]}`" for name, line in found.items() if line and name != "tags"}

    assert {name: default for name, default in ROWS if default.startswith("`")} == defaults

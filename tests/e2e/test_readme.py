"""Every command in the README's console blocks, run in order in a copy of the project."""

import doctest
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.terraform import ROOT
from tests.e2e.project import new_project, without_data_dir

README = (ROOT / "README.md").read_text(encoding="utf-8")


def transcripts() -> list[tuple[str, str]]:
    """Return the console blocks as (command, expected output); ... stands for anything."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [
        (command, expected)
        for block in blocks
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


def gitlab() -> dict[str, Any]:
    """Return the README's example for GitLab."""
    (block,) = re.findall(r"^```yaml\n(review:.*?)^```$", README, re.MULTILINE | re.DOTALL)
    parsed: dict[str, Any] = yaml.safe_load(block)
    return parsed


def test_every_command_does_what_the_readme_says(
    tmp_path: Path, terraform_env: Mapping[str, str]
) -> None:
    env = {**without_data_dir(terraform_env), "TF_VAR_ledger": "true"}
    project = new_project(tmp_path, env)
    set_up = ""

    for command, expected in transcripts():
        done = project.run(command)
        set_up += "".join(re.findall("^setting up.*\n", done.stderr, re.MULTILINE))

        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        same = doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS)
        assert same, f"{command}\ngot:\n{done.stdout}\nexpected:\n{expected}"
    assert set_up == "setting up terraform/ with its provider\n", "set up once, not at each command"


def test_gitlabs_job_is_the_steps_that_a_test_runs() -> None:
    """See tests/e2e/test_workflows_steps.py."""
    assert list(gitlab()) == ["review"]
    assert gitlab()["review"]["variables"]["TF_CLI_ARGS_plan"] == "-lock=false"


def test_the_readme_has_no_shell_block_that_is_not_run() -> None:
    languages = set(re.findall(r"^```(\w+)$", README, re.MULTILINE))

    assert languages == {"console", "crontab", "csv", "hcl", "ini", "yaml"}
    assert len(transcripts()) == 12

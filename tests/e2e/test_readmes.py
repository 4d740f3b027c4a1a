"""Every command in the READMEs' console blocks, run in order in one copy of the project."""

import doctest
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from scripts.terraform import ROOT
from tests.e2e.project import Project, new_project, without_data_dir
from tests.scripts.test_workflows import load
from tests.support.terminal import type_

# In the order in which a newcomer reads them; the commands build on each other. The numbers are
# those of commands, so that none is overlooked.
READMES = {
    "README.md": 4,
    "terraform/README.md": 6,
    "runner/README.md": 2,
    "scripts/README.md": 7,
}
LANGUAGES = {"console", "crontab", "csv", "hcl", "yaml"}


def text_of(readme: str) -> str:
    return (ROOT / readme).read_text(encoding="utf-8")


def transcripts(readme: str) -> list[tuple[str, str]]:
    """Return the console blocks as (command, expected output); ... stands for anything."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text_of(readme), re.MULTILINE | re.DOTALL)
    return [
        (command, expected)
        for block in blocks
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


def gitlab() -> dict[str, Any]:
    """Return the example for GitLab."""
    (block,) = re.findall(
        r"^```yaml\n(review:.*?)^```$", text_of("terraform/README.md"), re.MULTILINE | re.DOTALL
    )
    parsed: dict[str, Any] = yaml.safe_load(block)
    return parsed


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, terraform_env: Mapping[str, str]) -> Project:
    folder = tmp_path_factory.mktemp("a path") / "with spaces"
    folder.mkdir()
    return new_project(folder, without_data_dir(terraform_env))


def run(project: Project, command: str, expected: str) -> subprocess.CompletedProcess[str]:
    """Run a command; one that asks gets the answer that the README shows behind the question."""
    answers = re.findall(r"^To .*, type .*: (\S+)$", expected, re.MULTILINE)
    return project.answer(command, type_(answers[0])) if answers else project.run(command)


@pytest.mark.parametrize("readme", READMES)
def test_every_command_does_what_the_readme_says(project: Project, readme: str) -> None:
    for command, expected in transcripts(readme):
        done = run(project, command, expected)

        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        same = doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS)
        assert same, f"{command}\ngot:\n{done.stdout}\nexpected:\n{expected}"
        assert "setting up .venv" not in done.stderr, command


@pytest.mark.parametrize("readme", READMES)
def test_no_shell_block_is_overlooked(readme: str) -> None:
    assert set(re.findall(r"^```(\w+)$", text_of(readme), re.MULTILINE)) <= LANGUAGES
    assert len(transcripts(readme)) == READMES[readme]


def test_the_top_readme_fits_on_three_screens() -> None:
    assert len(text_of("README.md").splitlines()) <= 160


def test_gitlabs_job_is_the_steps_that_a_test_runs() -> None:
    """See tests/e2e/test_workflows_steps.py."""
    assert list(gitlab()) == ["review"]
    assert gitlab()["review"]["variables"]["TF_CLI_ARGS_plan"] == "-lock=false"
    (rule,) = gitlab()["review"]["rules"]
    started = [path.replace("**/*", "**") for path in rule["changes"]]
    assert started == load("apply")["on"]["push"]["paths"]

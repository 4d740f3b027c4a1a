"""Every command in the README's console blocks, run in order in a copy of the project."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.terraform import ROOT, find_terraform

README = (ROOT / "README.md").read_text(encoding="utf-8")


def transcripts() -> list[tuple[str, str]]:
    """Return the console blocks as (command, expected output); ... stands for anything."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [
        (command, expected)
        for block in blocks
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


def copy_project(folder: Path) -> None:
    """Copy what git knows of, or would: no state, no set-up, nothing ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
            os.utime(folder / name, (0, 0))  # older than the .venv below: nothing to set up anew


def test_every_command_does_what_the_readme_says(tmp_path: Path, aws: Mapping[str, str]) -> None:
    copy_project(tmp_path)
    # The departments and contacts that the README shows, whatever this city's own are by now.
    example = tmp_path / "terraform" / "examples" / "multi-level" / "departments.tfvars"
    example.rename(tmp_path / "terraform" / "departments.auto.tfvars")
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    path = os.pathsep.join([str(Path(find_terraform()).parent), aws["PATH"]])
    env = {**aws, "PATH": path, "TF_CLI_ARGS": "-no-color", "TF_CLI_ARGS_apply": "-auto-approve"}
    env = {name: value for name, value in env.items() if not name.startswith(("MAKE", "MFLAGS"))}

    for command, expected in transcripts():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        same = doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS)
        assert same, f"{command}\ngot:\n{done.stdout}\nexpected:\n{expected}"


def test_the_readme_has_no_shell_block_that_is_not_run() -> None:
    languages = set(re.findall(r"^```(\w+)$", README, re.MULTILINE))

    assert languages == {"console", "crontab", "csv", "hcl"}
    assert len(transcripts()) == 7

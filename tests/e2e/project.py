"""A copy of the whole project with an AWS in memory, in which a user's commands are run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moto.backends import get_backend

from scripts.dev.sandbox import ACCOUNT, REGION, use_example
from scripts.terraform import ROOT, find_terraform
from tests.support.terminal import Answer, in_terminal, type_what_is_asked_for


@dataclass(frozen=True)
class Project:
    folder: Path
    env: Mapping[str, str]

    def run(self, command: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def answer(
        self, command: str, answer: Answer = type_what_is_asked_for, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a terminal, and type what its question asks for."""
        return in_terminal(command, self.folder, {**self.env, **env}, answer)

    def apply(self) -> None:
        """Apply as a person does who accepts everything."""
        done = self.answer("make apply")
        assert done.returncode == 0, done.stdout


def new_project(folder: Path, aws: Mapping[str, str]) -> Project:
    """Copy what git knows of, or would (no state, no set-up), beside an AWS that is emptied.

    Departments and contacts are those that the README shows, whatever this city's own are by now.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
        os.utime(folder / name, (0, 0))  # older than the .venv below: nothing to set up again
    for service in ("iam", "s3", "sns"):
        get_backend(service).reset()
    # Ready for texts, as the rest of the account is in scripts/dev/sandbox.py.
    get_backend("sns")[ACCOUNT][REGION].set_sms_attributes({"MonthlySpendLimit": "20"})
    use_example(folder / "terraform", "multi-level")
    (folder / ".venv").symlink_to(Path(sys.prefix))

    path = os.pathsep.join([str(Path(find_terraform()).parent), aws["PATH"]])
    env = {name: value for name, value in aws.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return Project(folder, {**env, "TF_CLI_ARGS": "-no-color", "PATH": path})


def without_data_dir(env: Mapping[str, str]) -> Mapping[str, str]:
    """Return a workspace's environment for a project, which has a set-up of its own."""
    return {name: value for name, value in env.items() if name != "TF_DATA_DIR"}

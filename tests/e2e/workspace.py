"""A throw-away copy of terraform/, run by real Terraform against moto."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moto.backends import get_backend

from runner.cli import main
from scripts.dev.sandbox import (
    ACCOUNT,
    REGION,
    Received,
    copy_terraform,
    deliveries,
    hasten,
    people,
)
from scripts.terraform import find_terraform, init


@dataclass(frozen=True)
class Result:
    """What one Terraform command said, and what it changed or would change, by address."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    @property
    def changes(self) -> dict[str, str]:
        """Address to action, of a command that ran with -json."""
        messages = [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]
        return {
            message["change"]["resource"]["addr"]: message["change"]["action"]
            for message in messages
            if message["type"] == "planned_change"
        }

    @property
    def error(self) -> str:
        """The text of the one error a command without -json ended in, from its first problem."""
        return self.stderr.partition("Fix these first:")[2].strip("\n│╵ ")


@dataclass(frozen=True)
class Workspace:
    folder: Path
    env: Mapping[str, str]

    def run(self, *arguments: str) -> Result:
        command = [find_terraform(), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def plan(self, *options: str) -> Result:
        """Plan for a machine to read, after the file contacts.csv of this workspace."""
        result = self.run("plan", "-json", "-input=false", "-lock=false", *options)
        assert result.returncode == 0, result.text
        return result

    def apply(self, *options: str) -> Result:
        result = self.run("apply", "-auto-approve", "-input=false", "-no-color", *options)
        assert result.returncode == 0, result.text
        return result

    def runner_config(self) -> str:
        return self.run("output", "-json", "runner_config").stdout

    def received(self, counts: Mapping[str, int]) -> list[Received]:
        """Run the runner over a report with these counts; return who received what.

        For a test with the fixture in_aws.
        """
        for topic in get_backend("sns")[ACCOUNT][REGION].topics.values():
            topic.sent_notifications.clear()
        self.write("config.json", self.runner_config())
        rows = "".join(f"{service},{count}\n" for service, count in counts.items())
        self.write("report.csv", "service_name,count\n" + rows)
        arguments = ["--config", str(self.folder / "config.json"), "--month", "2026-02"]
        assert main([*arguments, "--report", str(self.folder / "report.csv")]) == 0
        return deliveries(people(json.loads((self.folder / "terraform.tfstate").read_text())))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


def set_up_once(folder: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """Initialise one copy; return an environment in which every further copy is ready at once."""
    copy = copy_terraform(folder)
    init(copy, env)
    return {**hasten(copy, folder, env), "TF_DATA_DIR": str(copy / ".terraform")}

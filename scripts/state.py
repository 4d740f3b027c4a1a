"""Terraform's state -> what the commands beside it need to know. Whole, it holds every address.

`python -m scripts.state` prints the output runner_config, for the commands of the Makefile.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config import Config, parse_config
from runner.errors import ConfigError
from scripts.diagnostics import known
from scripts.terraform import ROOT, TerraformError, find_terraform

TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
NOTHING_APPLIED = "Terraform's state has no people in it; run `make apply` first"


@dataclass(frozen=True)
class Person:
    """One subscription as Terraform's state has it. endpoint: never shown."""

    topic_arn: str
    protocol: str
    name: str
    endpoint: str

    @property
    def topic(self) -> str:
        """Name of the topic."""
        return self.topic_arn.rpartition(":")[2]


@dataclass(frozen=True)
class State:
    """What was applied. resources: (type, name, values) of each that stands. people: sorted."""

    people: tuple[Person, ...]
    resources: tuple[tuple[str, str, Mapping[str, Any]], ...]
    config: Config | None

    def values(self, kind: str, name: str | None = None) -> list[Mapping[str, Any]]:
        """Return the attributes of the resources of a type."""
        return [v for type_, n, v in self.resources if type_ == kind and name in (None, n)]

    @property
    def logs_texts(self) -> list[str]:
        """Names of the log groups of texts' delivery; none where that is not logged."""
        names = [str(values.get("name")) for values in self.values("aws_cloudwatch_log_group")]
        return [name for name in names if name.startswith("sns/")]

    @property
    def without_address(self) -> list[tuple[str, str]]:
        """Department and name of each person in the contacts who is subscribed to nothing."""
        return [
            (person["department"], person["name"])
            for values in self.values("terraform_data", "receive_nothing")
            for person in values.get("input") or ()
        ]


def read_state(text: str) -> State:
    """Return what `terraform show -json` prints for a state; one without a resource is empty.

    Raises ConfigError for anything else, a plan among it.
    """
    try:
        content = json.loads(text)
        if "resource_changes" in content:
            raise ConfigError("that is a plan; give `terraform show -json` of the state")
        values = content.get("values") or {}
        found = [
            (str(r["type"]), str(r.get("name")), r.get("index"), r["values"])
            for r in _resources(values.get("root_module") or {})
            if "deposed_key" not in r
        ]
        people = [
            _person(str(i), v) for kind, _, i, v in found if kind == "aws_sns_topic_subscription"
        ]
        output = (values.get("outputs") or {}).get("runner_config")
        config = parse_config(json.dumps(output["value"]), "runner_config") if output else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ConfigError(NOTHING_APPLIED) from None
    people.sort(key=lambda p: (p.topic, p.protocol, p.name))
    return State(tuple(people), tuple((kind, name, v) for kind, name, _, v in found), config)


def load_state(source: str | None = None) -> State:
    """Read the state from a file, from standard input (-), or by asking Terraform.

    Raises ConfigError where it can't be read, TerraformError where there is no Terraform.
    """
    if source == "-":
        return read_state(sys.stdin.read())
    if source:
        try:
            return read_state(Path(source).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{source}: {getattr(error, 'strerror', 'not UTF-8')}") from None
    return read_state(_ask_terraform("show", "-json"))


def _ask_terraform(*arguments: str) -> str:
    """Return what Terraform prints. Raises ConfigError with what to do, not with its own words."""
    command = [find_terraform(), f"-chdir={ROOT / 'terraform'}", *arguments, "-no-color"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if re.search('Output "runner_config" not found|No outputs found', done.stderr):
        raise ConfigError("nothing is applied yet; run `make plan`, then `make apply`")
    if done.returncode:
        why = known(done.stderr) or "Terraform can't read its state; `make plan` says why"
        raise ConfigError(why)
    return done.stdout


def main() -> int:
    """Print what the runner needs to know."""
    try:
        print(_ask_terraform("output", "-json", "runner_config"), end="")
    except (ConfigError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _person(key: str, values: Mapping[str, Any]) -> Person:
    name = key.partition("/")[2] or f"operator {key}"  # whose key is a digest
    cells = [values["topic_arn"], values["protocol"], name, values["endpoint"]]
    if not all(isinstance(cell, str) for cell in cells) or not TOPIC_ARN.fullmatch(cells[0]):
        raise ValueError("not a subscription")
    return Person(*cells)


def _resources(module: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


if __name__ == "__main__":
    raise SystemExit(main())

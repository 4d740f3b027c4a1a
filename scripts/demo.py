"""The main job from end to end, on an AWS inside this process: `make demo`.

Real Terraform applies the example terraform/examples/multi-level in a throw-away folder, the real
runner reads a sample report, and moto's memory says who heard what. Nothing of the user's is
read or written: no state, no credentials, no contacts.
"""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.backends import get_backend
from moto.server import ThreadedMotoServer

from scripts.terraform import ROOT, TerraformError, find_terraform, init

REPORT = "scripts/sample_report.csv"
MONTH = "2026-02"
EXAMPLE = "-var-file=examples/multi-level/departments.tfvars"
# The AWS inside: moto's default account, and any region.
ACCOUNT, REGION = "123456789012", "us-east-1"


class DemoError(Exception):
    """A step failed; the message holds the step's own output."""


@dataclass(frozen=True)
class Heard:
    """One message that reached one person."""

    person: str
    channel: str
    topic: str
    text: str


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return 0, or 1 when a step failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed
    try:
        with local_aws() as env, tempfile.TemporaryDirectory(prefix="backlog-demo-") as folder:
            show(Path(folder), env)
    except (DemoError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def show(folder: Path, env: Mapping[str, str]) -> None:
    """Apply, check, list who heard what, apply again; print each step."""
    print("1. Terraform turns contacts.csv into topics and subscriptions (an AWS in memory)\n")
    workspace = copy_terraform(folder)
    init(workspace, env)
    apply = [find_terraform(), "apply", "-auto-approve", "-no-color", "-input=false", EXAMPLE]
    print(_indent(_lines(run(apply, workspace, env), "Apply complete")))

    print(f"\n2. The runner reads the report for {MONTH}\n")
    outputs = run([find_terraform(), "output", "-json"], workspace, env)
    check = [sys.executable, "-m", "runner", "--outputs", "-", "--report", REPORT, "--month", MONTH]
    print(_indent(run(check, ROOT, env, stdin=outputs)))

    print("\n3. Who heard what\n")
    state = json.loads((workspace / "terraform.tfstate").read_text())
    print(_indent(table(deliveries(people(state)))))

    print("\n4. Terraform again: nothing changed, so nobody is invited anew\n")
    print(_indent(_lines(run(apply, workspace, env), "No changes", "Apply complete")))
    print("\nNothing is left behind. Next: edit terraform/contacts.csv, then `make plan`.")


@contextmanager
def local_aws() -> Iterator[Mapping[str, str]]:
    """Serve AWS from memory on a free loopback port; yield the environment that leads there.

    The user's own AWS and Terraform settings are left out of it.
    """
    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    kept = ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
    env = {k: v for k, v in os.environ.items() if k in kept or not k.startswith(("AWS_", "TF_"))}
    host, port = server.get_host_and_port()
    env |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "NO_PROXY": "127.0.0.1",
        "CHECKPOINT_DISABLE": "1",
    }
    try:
        yield env
    finally:
        server.stop()


def copy_terraform(folder: Path) -> Path:
    """Copy the configuration into `folder`, without state, plans, backend or set-up."""
    leave_out = shutil.ignore_patterns(
        ".terraform",
        "*.tfstate*",
        "*.tfplan",
        "backend*",
        "*.auto.tfvars",
        "terraform.tfvars",
        "tests",
    )
    return Path(shutil.copytree(ROOT / "terraform", folder / "terraform", ignore=leave_out))


def run(
    command: Sequence[str], folder: Path, env: Mapping[str, str], stdin: str | None = None
) -> str:
    """Run a step and return its standard output; raises DemoError with all it said."""
    result = subprocess.run(
        command, cwd=folder, env=env, input=stdin, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise DemoError(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout


def people(state: Mapping[str, Any]) -> dict[str, str]:
    """Map subscription ARN to "<protocol>/<person>", as Terraform's state has it."""
    return {
        instance["attributes"]["arn"]: instance["index_key"]
        for resource in state["resources"]
        if resource["type"] == "aws_sns_topic_subscription"
        for instance in resource["instances"]
    }


def deliveries(people: Mapping[str, str]) -> list[Heard]:
    """Read from moto's memory what each subscription was sent."""
    backend = get_backend("sns")[ACCOUNT][REGION]
    heard = []
    for subscription in backend.subscriptions.values():
        protocol, _, person = people[subscription.arn].partition("/")
        for _, message, subject, *_ in subscription.topic.sent_notifications:
            text = json.loads(message)[protocol]
            shown = f"{subject} / {text}" if protocol == "email" else text
            heard.append(Heard(person, protocol, subscription.topic.name, shown))
    return sorted(heard, key=lambda h: (h.topic, h.person, h.channel))


def table(heard: Sequence[Heard]) -> str:
    """Lay out who heard what, one line each."""
    lines = [("PERSON", "CHANNEL", "TOPIC", "TEXT")]
    lines += [(h.person, h.channel, h.topic, h.text) for h in heard]
    a, b, c = (max(len(line[i]) for line in lines) for i in range(3))
    return "\n".join(f"{w:<{a}}  {x:<{b}}  {y:<{c}}  {z}" for w, x, y, z in lines)


def _lines(text: str, *starts: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith(starts))


def _indent(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    raise SystemExit(main())

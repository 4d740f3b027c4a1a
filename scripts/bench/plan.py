"""Plans from nothing, beside Terraform's own floor.

The floor: the same topics and subscriptions in the same modules, fed from a literal, without
contacts and without checks. 20 departments have two alerts each; every person receives both, one
by email and one by text.
"""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

from scripts.bench.measure import Figures, Job, Row, medians, scaled
from scripts.dev.sandbox import StepError, copy_terraform, local_aws
from scripts.terraform import ROOT, find_terraform, init

DEPARTMENTS = [f"department_{number:02}" for number in range(1, 21)]
LEVELS = {"critical": "email", "extreme": "sms"}
PEOPLE, TIMES = (100, 500, 2000), 1.2
PLAN = ("plan", "-input=false", "-no-color")

FLOOR = """
module "alert_topic" {
  source        = "./alert_topic"
  for_each      = local.topics
  kms_key_id    = "alias/aws/sns"
  name          = each.key
  sender_name   = null
  subscriptions = each.value
}
"""


def measure(folder: Path, rounds: int, scale: float) -> list[Row]:
    """Measure plans that create everything, in seconds."""
    rows = []
    with local_aws() as aws:
        env = {**aws, "TMPDIR": str(folder)}  # where the provider keeps its socket
        for people in (scaled(number, scale) for number in PEOPLE):
            ours, floor = copy_terraform(folder / str(people)), folder / str(people) / "floor"
            write_inputs(ours, people)
            write_floor(floor, people)
            for workspace in (ours, floor):
                init(workspace, env)
            command, read = [find_terraform(), *PLAN], partial(_read, people)
            jobs = [Job(f"{people} people, {w.name}", command, w, env, read) for w in (ours, floor)]
            a, b = (found["seconds"] for found in medians(jobs, rounds).values())
            rows.append(Row(f"plan, {2 * people:,} subscriptions; floor", "s", a, b))
            shutil.rmtree(folder / str(people))
    return [*rows[:-1], replace(rows[-1], times=TIMES)]  # the small ones are mostly start-up


def _read(people: int, output: str) -> Figures:
    planned = output.count('resource "aws_sns_topic_subscription" "this"')
    if planned != 2 * people:
        raise StepError(f"{planned} subscriptions planned, not {2 * people}:\n{output[-2000:]}")
    return {}


def write_inputs(workspace: Path, people: int) -> None:
    """Write departments and contacts into a copy of terraform/."""
    alerts = {
        level: {"threshold": 100, "protocols": [channel]} for level, channel in LEVELS.items()
    }
    departments = {name: {"services": [name], "alerts": alerts} for name in DEPARTMENTS}
    (workspace / "bench.auto.tfvars.json").write_text(json.dumps({"departments": departments}))
    rows = [f"Person {n:04},{_email(n)},{_phone(n)},{_department(n)}" for n in range(people)]
    (workspace / "contacts.csv").write_text(
        "\n".join(["Name,Email,Phone,Department", *rows, ""]), encoding="utf-8"
    )


def write_floor(workspace: Path, people: int) -> None:
    """Write a configuration that plans the same from a literal."""
    shutil.copytree(ROOT / "terraform/modules/alert_topic", workspace / "alert_topic")
    for name in ("versions.tf", ".terraform.lock.hcl"):
        shutil.copy(ROOT / "terraform" / name, workspace)
    (workspace / "floor.tf").write_text(FLOOR)
    topics: dict[str, dict[str, dict[str, str]]] = {
        f"{department}_{level}": {} for department in DEPARTMENTS for level in LEVELS
    }
    for n in range(people):
        for level, channel in LEVELS.items():
            subscription = {
                "protocol": channel,
                "endpoint": _email(n) if channel == "email" else _phone(n),
            }
            topics[f"{_department(n)}_{level}"][f"{channel}/Person {n:04}"] = subscription
    (workspace / "topics.tf.json").write_text(json.dumps({"locals": {"topics": topics}}))


def _department(n: int) -> str:
    return DEPARTMENTS[n % len(DEPARTMENTS)]


def _email(n: int) -> str:
    return f"person{n:04}@example.com"


def _phone(n: int) -> str:
    return f"+1555555{n:04}"

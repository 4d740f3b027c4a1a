"""Plans from nothing, create only, beside one flat for_each over all subscriptions.

20 departments with one alert by email each; every person has an email and a phone number, so
people and subscriptions are the same number.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from scripts.bench.measure import Job, Row, medians, write_contacts
from scripts.dev.sandbox import StepError, copy_terraform, local_aws
from scripts.terraform import ROOT, find_terraform, init

DEPARTMENTS = [f"department_{number:02}" for number in range(1, 21)]
TIMES_FASTER, AT_SUBSCRIPTIONS = 4, 4000
GROWTH = 2.3  # of the time, for twice the people

FLAT = """
variable "contacts_csv" { type = string }
variable "departments" { type = any }
locals {
  people = { for row in csvdecode(file(var.contacts_csv)) : "${row.Department}/${row.Name}" => row }
}
resource "aws_sns_topic" "this" {
  for_each = var.departments
  name     = "${each.key}_critical"
}
resource "aws_sns_topic_subscription" "this" {
  for_each  = local.people
  topic_arn = aws_sns_topic.this[each.value.Department].arn
  protocol  = "email"
  endpoint  = each.value.Email
}
"""


def measure(folder: Path, sizes: Sequence[int], rounds: int) -> list[Row]:
    """Measure plans with 1 and with `sizes` subscriptions; figures are seconds."""
    sizes = [1, *(size for size in sizes if size > 1)]
    with local_aws() as aws:
        env = {**aws, "TMPDIR": str(folder)}  # where the provider keeps its socket
        ours, flat = copy_terraform(folder), _flat(folder / "flat")
        for workspace in (ours, flat):
            write_inputs(workspace, sizes)
            init(workspace, env)
        found = medians([_job(w, size, rounds, env) for size in sizes for w in (ours, flat)])
    seconds = [
        {size: found[f"plan of {size}, {workspace.name}"]["seconds"] for size in sizes}
        for workspace in (ours, flat)
    ]
    return [*_faster(*seconds), *_growth(*seconds)]


def _flat(workspace: Path) -> Path:
    workspace.mkdir()
    for name in ("versions.tf", ".terraform.lock.hcl"):
        shutil.copy(ROOT / "terraform" / name, workspace)
    (workspace / "flat.tf").write_text(FLAT)
    return workspace


def write_inputs(workspace: Path, sizes: Sequence[int]) -> None:
    """Write the departments, and a contacts file people-N.csv for each number of people."""
    alerts = {"critical": {"threshold": 100, "protocols": ["email"]}}
    departments = {name: {"services": [name], "alerts": alerts} for name in DEPARTMENTS}
    variables = json.dumps({"departments": departments})
    (workspace / "bench.auto.tfvars.json").write_text(variables)
    for size in sizes:
        write_contacts(workspace / f"people-{size}.csv", size, DEPARTMENTS)


def _job(workspace: Path, size: int, rounds: int, env: Mapping[str, str]) -> Job:
    def read(output: str) -> Mapping[str, float]:
        planned = output.count('resource "aws_sns_topic_subscription" "this"')
        if planned != size:
            raise StepError(f"{planned} subscriptions planned, not {size}:\n{output[-2000:]}")
        return {}

    contacts = f"-var=contacts_csv=people-{size}.csv"
    command = [find_terraform(), "plan", "-input=false", "-no-color", contacts]
    return Job(f"plan of {size}, {workspace.name}", rounds, command, workspace, env, read)


def _faster(ours: Mapping[int, float], flat: Mapping[int, float]) -> list[Row]:
    rows = []
    for size in ours:
        what = f"plan, {size:,} subscriptions; flat" if size > 1 else "plan, start-up (1); flat"
        aim = TIMES_FASTER if size == AT_SUBSCRIPTIONS else None
        faster = flat[size] / ours[size]
        rows.append(Row(what, "s", ours[size], flat[size], faster, at_least=aim))
    return rows


def _growth(ours: Mapping[int, float], flat: Mapping[int, float]) -> list[Row]:
    rows = []
    for half, size in ((a, b) for a, b in pairwise(ours) if a > 1 and b == 2 * a):
        what = f"plan, time from {half:,} to {size:,}"
        whole, beside = (times[size] / times[half] for times in (ours, flat))
        rows.append(Row(f"{what}; flat", "x", whole, beside, whole, at_most=GROWTH))
        rest, beside = ((t[size] - t[1]) / (t[half] - t[1]) for t in (ours, flat))
        rows.append(Row(f"{what}, less start-up; flat", "x", rest, beside, rest))
    return rows

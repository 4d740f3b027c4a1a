"""Reviews of real plans, compared whole with tests/goldens/*.md.

To write them again after a change of wording: BACKLOG_WRITE_GOLDENS=1, then read the difference.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import boto3
import pytest

from scripts import subscriptions
from scripts.review.__main__ import main
from tests.e2e.workspace import Workspace

GOLDENS = Path(__file__).parent.parent / "goldens"
HEADER = "Name,Email,Phone,Department,Channels"
PEOPLE = [
    "Ana Ruiz,ana@example.com,+15555550101,water,",
    "Bo Lindqvist,bo@example.com,+15555550102,water,",
    "Cem Aydin,cem@example.com,+15555550103,water,",
    "Dee Okafor,dee@example.com,+15555550104,water,",
    "Eli Stone,eli@example.com,+15555550105,water,email",
    "Tom Becker,tom@example.com,+15555550106,trash,",
]
WATER = """
  water = {
    services = ["Water"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["sms"] }
    }
  }
"""
TRASH = """
  trash = {
    services = ["Illegal Dumping"]
    alerts   = { notifications = { threshold = 30, protocols = ["email", "sms"] } }
  }
"""


@dataclass(frozen=True)
class Edit:
    """What differs from the city that was applied, and how its plan is made and reviewed."""

    people: list[str] = field(default_factory=lambda: PEOPLE)
    departments: str = WATER + TRASH
    options: tuple[str, ...] = ()
    code: int = 0


def without(*names: str) -> list[str]:
    return [row for row in PEOPLE if not row.startswith(names)]


EDITS = {
    "no_changes": Edit(),
    "add": Edit([*PEOPLE, "Fay Wood,fay@example.com,+15555550107,trash,"]),
    "remove": Edit(without("Bo")),
    "remove_many": Edit(without("Ana", "Bo", "Cem", "Dee"), code=1),
    "remove_the_last": Edit(without("Tom"), code=1),
    "correct_a_phone": Edit([PEOPLE[0].replace("0101", "0199"), *PEOPLE[1:]]),
    "correct_an_email": Edit([PEOPLE[0].replace("ana@", "ana.ruiz@"), *PEOPLE[1:]]),
    "move": Edit([PEOPLE[0].replace("water", "trash"), *PEOPLE[1:]]),
    "channel": Edit([*PEOPLE[:5], PEOPLE[5] + "sms"]),
    "threshold_raised": Edit(departments=WATER.replace("100", "150") + TRASH, code=1),
    "threshold_lowered": Edit(departments=WATER.replace("300", "110") + TRASH),
    "text_changed": Edit(
        departments=WATER.replace("= 100,", '= 100, subject = "Now",') + TRASH,
    ),
    "department_added": Edit(
        [*PEOPLE, "Fay Wood,fay@example.com,,parks,"],
        WATER + TRASH + TRASH.replace("trash", "parks").replace("Illegal Dumping", "Trees"),
        code=1,
    ),
    "department_removed": Edit(PEOPLE[:5], WATER, code=1),
    "topic_renamed": Edit(options=("-var=name_prefix=city-",), code=1),
    "destroy": Edit(options=("-destroy",), code=1),
    "target": Edit(without("Bo"), options=("-target=module.alert_topic",), code=2),
    "no_subscriber_left": Edit(
        departments=WATER + TRASH.replace('"sms"', "").replace('"email", ', ""), code=1
    ),
}
REPORT = "service_name,count\nWater,120\nIllegal Dumping,30\n"


def write(workspace: Workspace, edit: Edit) -> None:
    workspace.write("contacts.csv", "\n".join([HEADER, *edit.people]) + "\n")
    workspace.write("city.auto.tfvars", f"departments = {{{edit.departments}}}\n")


def plan(workspace: Workspace, *options: str) -> None:
    """Write plan.json beside the configuration, as `make plan` does."""
    made = workspace.run("plan", "-input=false", "-lock=false", "-out=plan", "-no-color", *options)
    shown = workspace.run("show", "-json", "plan")
    assert (workspace.folder / "plan").exists(), made.text
    workspace.write("plan.json", shown.stdout)


@pytest.fixture(scope="module")
def created(new_workspace: Callable[[], Workspace]) -> Workspace:
    """The first plan of a city, and that city applied."""
    workspace = new_workspace()
    write(workspace, Edit())
    plan(workspace)
    workspace.run("apply", "plan")
    return workspace


@pytest.fixture(scope="module")
def planned(
    created: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Workspace]:
    """Every edit planned in a copy of its own, two at a time."""

    def plan_one(item: tuple[str, Edit]) -> tuple[str, Workspace]:
        name, edit = item
        folder = tmp_path_factory.mktemp(name) / "terraform"
        copy = replace(created, folder=Path(shutil.copytree(created.folder, folder)))
        write(copy, edit)
        plan(copy, *edit.options)
        return name, copy

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(plan_one, EDITS.items()))


def check_golden(name: str, got: str) -> None:
    golden = GOLDENS / f"{name}.md"
    got = re.sub(r"\b[0-9a-f]{16}\b", "DIGEST", got)
    if os.environ.get("BACKLOG_WRITE_GOLDENS"):
        golden.write_text(got, encoding="utf-8")
    assert got == golden.read_text(encoding="utf-8"), f"{golden}\n{got}"


def review(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, str]:
    code = main([str(workspace.folder / "plan.json"), "--format", "markdown", *options])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_reviewed(
    name: str,
    planned: Mapping[str, Workspace],
    created: Workspace,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workspace = planned[name]
    workspace.write("report.csv", REPORT)
    created.write("contacts-before.csv", "\n".join([HEADER, *PEOPLE]) + "\n")
    options = [
        *("--report", str(workspace.folder / "report.csv")),
        *("--contacts-before", str(created.folder / "contacts-before.csv")),
        *("--contacts-after", str(workspace.folder / "contacts.csv")),
    ]

    code, got = review(workspace, capsys, *options)

    check_golden(name, got)
    assert code == EDITS[name].code


def test_the_first_plan_is_reviewed(created: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    code, got = review(created, capsys)

    check_golden("create", got)
    assert code == 0


def test_a_plan_that_ended_in_an_error_is_undetermined(
    created: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = replace(created, folder=Path(shutil.copytree(created.folder, tmp_path / "terraform")))
    write(copy, Edit(["Ana Ruiz,not an address,,water,", *PEOPLE[1:]]))
    plan(copy)

    code, got = review(copy, capsys)

    check_golden("errored", got)
    assert code == 2


def test_whoever_unsubscribed_is_named_and_the_invitation_is_a_risk(
    planned: Mapping[str, Workspace],
    created: Workspace,
    tmp_path: Path,
    in_aws: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After the other plans: this one changes what is at AWS."""
    copy = replace(created, folder=Path(shutil.copytree(created.folder, tmp_path / "terraform")))
    sns = boto3.client("sns")
    (arn,) = (
        s["SubscriptionArn"]
        for s in sns.list_subscriptions()["Subscriptions"]
        if s["Endpoint"] == "bo@example.com"
    )
    sns.unsubscribe(SubscriptionArn=arn)
    plan(copy)
    contacts = str(copy.folder / "contacts.csv")

    code, got = review(copy, capsys, "--contacts-before", contacts, "--contacts-after", contacts)

    check_golden("unsubscribed", got)
    assert code == 1
    copy.write("state.json", copy.run("show", "-json").stdout)
    assert subscriptions.main(["--state", str(copy.folder / "state.json")]) == 1
    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if "unsubscribed or expired" in line)
    assert line.split()[2:4] == ["Bo", "Lindqvist"]
    assert "10 of 11 subscriptions receive messages" in lines


def test_no_review_holds_an_address(planned: Mapping[str, Workspace]) -> None:
    for golden in GOLDENS.glob("*.md"):
        text = golden.read_text(encoding="utf-8")
        assert "example" not in text, golden
        assert "55501" not in text, golden
    assert json.loads((planned["add"].folder / "plan.json").read_text())["complete"] is True

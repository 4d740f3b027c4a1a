"""The real plan that tests of the review start from, and whether it is still what is planned.

To write it again after a change of the configuration: BACKLOG_WRITE_GOLDENS=1.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.dev.sandbox import copy_terraform
from tests.e2e.workspace import Workspace
from tests.support.cut import CITY, NO_CODE, PEOPLE, cut, lines
from tests.support.plans import REAL

PATH = Path(__file__).parent.parent / "support" / "real_plan.json"
LATER = {"before", "outputs_before"}  # with the ids of one apply


def planned(workspace: Workspace) -> dict[str, Any]:
    made = workspace.run("plan", "-input=false", "-lock=false", "-out=plan", "-no-color")
    assert made.returncode == 0, made.text
    return cut(json.loads(workspace.run("show", "-json", "plan").stdout))


def test_the_plan_that_the_tests_start_from_is_what_is_planned(
    terraform_env: Mapping[str, str], tmp_path: Path
) -> None:
    workspace = Workspace(copy_terraform(tmp_path), terraform_env)
    workspace.write("contacts.csv", PEOPLE)
    workspace.write("city.auto.tfvars", CITY)
    (workspace.folder / "runner.zip").write_bytes(NO_CODE)
    real = planned(workspace)
    if os.environ.get("BACKLOG_WRITE_GOLDENS"):
        assert workspace.run("apply", "plan").returncode == 0
        after = planned(workspace)
        real |= {"before": after["resource_changes"], "outputs_before": after["output_changes"]}
        server = terraform_env["AWS_ENDPOINT_URL"]
        PATH.write_text(lines(real).replace(server, "https://sqs.example.com"), encoding="utf-8")

    assert real.keys() >= REAL.keys() - LATER
    for name in REAL.keys() - LATER:
        assert real[name] == REAL[name], name

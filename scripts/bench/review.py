"""The review of a large plan, beside `terraform show -json` of the same plan."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.bench.measure import Job, Row, medians, with_bytecode
from scripts.bench.plan import write_inputs
from scripts.bench.report import CHILD
from scripts.dev.sandbox import StepError, copy_terraform, local_aws, run
from scripts.terraform import ROOT, find_terraform, init

SHARE_OF_TIME, TIMES_THE_SIZE = 0.25, 6
REVIEW = CHILD.format(
    imports="import contextlib, io; from scripts.review.__main__ import main",
    call="""
with contextlib.redirect_stdout(io.StringIO()) as out:
    main([sys.argv[1], "--format", "markdown"])
rows = int(out.getvalue().split(" start to hear")[0].rpartition("- ")[2])
""",
)


def measure(folder: Path, subscriptions: int, rounds: int) -> list[Row]:
    """Measure the review of a plan that makes `subscriptions`: seconds, and peak memory (MB)."""
    with local_aws() as aws:
        env = {**aws, "TMPDIR": str(folder)}
        workspace = copy_terraform(folder / "review")
        write_inputs(workspace, [subscriptions])
        init(workspace, env)
        plan = [
            find_terraform(),
            "plan",
            "-input=false",
            "-out=plan",
            f"-var=contacts_csv=people-{subscriptions}.csv",
        ]
        run(plan, workspace, env)
        shown = [find_terraform(), "show", "-json", "plan"]
        body = run(shown, workspace, env)
        (workspace / "plan.json").write_text(body, encoding="utf-8")
        python = with_bytecode(os.environ, folder)
        review = [sys.executable, "-c", REVIEW, str(workspace / "plan.json")]

        def read(output: str) -> Mapping[str, float]:
            figures: dict[str, float] = json.loads(output)
            if figures.pop("rows") != subscriptions:
                raise StepError(f"not everybody was reviewed: {output}")
            return figures

        def nothing(_: str) -> Mapping[str, float]:
            return {}

        jobs = [
            Job("review", rounds, review, ROOT, python, read),
            Job("show", rounds, shown, workspace, env, nothing),
        ]
        found = medians(jobs)
    ours, beside, size = found["review"], found["show"]["seconds"], len(body.encode()) / 1e6
    what = f"review, {subscriptions:,} subscriptions"
    return [
        Row(
            f"{what}; terraform show -json",
            "s",
            ours["seconds"],
            beside,
            ours["seconds"] / beside,
            at_most=SHARE_OF_TIME,
        ),
        Row(
            f"{what}, peak memory; the JSON",
            "MB",
            ours["MB"],
            size,
            ours["MB"] / size,
            at_most=TIMES_THE_SIZE,
        ),
    ]

"""The review of a large plan, beside `terraform show -json` of the same plan."""

import os
from pathlib import Path

from scripts.bench.measure import Job, Row, call_of, expecting, medians, scaled, with_bytecode
from scripts.bench.plan import PLAN, write_inputs
from scripts.dev.sandbox import copy_terraform, local_aws, run
from scripts.terraform import ROOT, find_terraform, init

PEOPLE, TIMES, TIMES_THE_SIZE = 5000, 0.25, 6
IMPORTS = "import contextlib, io; from scripts.review.__main__ import main"
REVIEW = """
with contextlib.redirect_stdout(io.StringIO()) as out:
    main([sys.argv[1], "--format", "json"])
rows = len(json.loads(out.getvalue())["people"])
"""


def measure(folder: Path, rounds: int, scale: float) -> list[Row]:
    """Measure the review of a plan that subscribes everybody: its time, and its peak memory."""
    people = scaled(PEOPLE, scale)
    with local_aws() as aws:
        env = {**aws, "TMPDIR": str(folder)}  # where the provider keeps its socket
        workspace = copy_terraform(folder)
        write_inputs(workspace, people)
        init(workspace, env)
        run([find_terraform(), *PLAN, "-out=plan"], workspace, env)
        show = [find_terraform(), "show", "-json", "plan"]
        plan = folder / "plan.json"
        plan.write_text(run(show, workspace, env), encoding="utf-8")
        review, read = call_of(IMPORTS, REVIEW, plan), expecting("rows", people)
        jobs = [
            Job("review", review, ROOT, with_bytecode(os.environ, folder), read),
            Job("show", show, workspace, env),
        ]
        found = medians(jobs, rounds)
    ours, show_seconds = found["review"], found["show"]["seconds"]
    what, size = f"review, {2 * people:,} subscriptions", plan.stat().st_size / 1e6
    return [
        Row(f"{what}; terraform show -json", "s", ours["seconds"], show_seconds, times=TIMES),
        Row(f"{what}, peak memory; the JSON", "MB", ours["MB"], size, times=TIMES_THE_SIZE),
    ]

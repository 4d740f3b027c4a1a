"""The scheduled check's cold start, from its package, beside importing pandas and boto3 alone."""

import os
import sys
import zipfile
from pathlib import Path

from scripts.bench.measure import Job, Row, medians
from scripts.dev.package import PYTHON, find_python
from scripts.dev.sandbox import run
from scripts.terraform import ROOT

TIMES = 1.2
IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); import "


def measure(folder: Path, rounds: int, _: float) -> list[Row]:
    """Measure whole processes; nothing where the function's Python isn't there.

    As on Lambda: fresh processes, no bytecode in the package and none kept, no other packages.
    """
    python = find_python()
    if not python:
        print(f"schedule: not measured, there is no python{PYTHON}", file=sys.stderr)
        return []
    package, task = folder / "runner.zip", folder / "task"
    run([sys.executable, "-m", "scripts.dev.package", "--output", str(package)], ROOT, os.environ)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(task)
    jobs = [
        Job(name, [python, "-BIS", "-c", IMPORT + name, str(task)], folder, {})
        for name in ("runner.handler", "pandas, boto3")
    ]
    ours, beside = (found["seconds"] for found in medians(jobs, rounds).values())
    what = "schedule, cold start of the handler; pandas and boto3 alone"
    return [Row(what, "s", ours, beside, times=TIMES)]
